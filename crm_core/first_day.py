"""The first day of a new colleague: what they have done by now, read from what they really did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Viewer
from crm_core.audit import AuditAction
from crm_core.errors import NotFound
from crm_core.events import Actor, EventKind
from crm_core.models_oversight import AuditEntry, QualityReview
from crm_core.models_practice import FirstDayStep, PracticeAssignment, PracticeEntry, PracticeRun
from crm_core.models_settings import SetupStep
from crm_core.states import AgentState, PracticeState, Role

CLOSED = "closed"
SHOWN_FOR = timedelta(days=30)  # so long the inbox shows the card, and so far back one looks
STEPS: Mapping[Role, tuple[str, ...]] = {
    Role.AGENT: ("set_state", "shortcuts", "lesson", "accept", "find_order", "macro", "pass_on"),
    Role.LEAD: ("set_state", "accept", "macro", "pass_on", "wallboard", "report", "assign"),
    Role.SUPERVISOR: ("wallboard", "whisper", "review", "report", "assign"),
    Role.ADMIN: ("company", "people", "queue", "channel", "erp", "backup"),
}
BY_HAND = frozenset({"shortcuts", "find_order", "wallboard", "report", "backup"})  # leave no trace
_EVENTS: Mapping[str, tuple[EventKind, ...]] = {
    "set_state": (EventKind.AGENT_STATE_CHANGED,), "accept": (EventKind.ASSIGNED,),
    "pass_on": (EventKind.TRANSFERRED, EventKind.ESCALATED), "whisper": (EventKind.WHISPERED,),
}  # fmt: skip
_CHANGES: Mapping[str, tuple[AuditAction, str]] = {
    "company": (AuditAction.CONFIGURATION_CHANGED, "settings:company"),
    "queue": (AuditAction.CONFIGURATION_CHANGED, "settings:queues"), "people": (AuditAction.PERSON_CHANGED, "user:"),
}  # fmt: skip
_PRACTICE = frozenset({"lesson", "macro"})


@dataclass(frozen=True, slots=True)
class FirstDay:
    """`is_shown`: the inbox still has its card."""

    steps: tuple[str, ...]
    done: frozenset[str]
    is_closed: bool
    is_shown: bool

    @property
    def following(self) -> str:
        return next((step for step in self.steps if step not in self.done), "")


async def first_day(session: AsyncSession, now: datetime, viewer: Viewer) -> FirstDay:
    """What was found done is noted, so that it is not looked for again."""
    steps = STEPS[viewer.role]
    noted = await _noted(session, viewer)
    missing = [step for step in steps if step not in noted and step not in BY_HAND]
    since = max(await _joined(session, viewer), now - SHOWN_FOR)
    found = await _found(session, viewer, missing, since)
    for step in found:
        await tick(session, now, viewer, step)
    done = (noted | found) & set(steps)
    is_new, is_closed = since > now - SHOWN_FOR, CLOSED in noted
    return FirstDay(steps, done, is_closed, is_new and not is_closed and len(done) < len(steps))


async def tick(session: AsyncSession, now: datetime, viewer: Viewer, step: str) -> None:
    """Once is enough. Raises NotFound for what is on nobody's list."""
    if step != CLOSED and step not in STEPS[viewer.role]:
        raise NotFound("There is no such step.")
    row = insert(FirstDayStep).values(user_id=viewer.user_id, step=step, at=now)
    await session.execute(row.on_conflict_do_nothing())


async def _noted(session: AsyncSession, viewer: Viewer) -> frozenset[str]:
    step = FirstDayStep
    return frozenset(await session.scalars(select(step.step).where(step.user_id == viewer.user_id)))


async def _joined(session: AsyncSession, viewer: Viewer) -> datetime:
    user = models.User
    return (await session.scalars(select(user.created_at).where(user.id == viewer.user_id))).one()


async def _found(session: AsyncSession, viewer: Viewer, steps: list[str], since: datetime) -> frozenset[str]:
    """All in one question."""
    if not steps:
        return frozenset()
    tests = [_test(viewer, step, since).label(step) for step in steps]
    row = (await session.execute(select(*tests))).one()
    return frozenset(step for step, holds in zip(steps, row, strict=True) if holds)


def _test(viewer: Viewer, step: str, since: datetime) -> ColumnElement[bool]:
    if step in _EVENTS:
        return _happened(viewer, step, since)
    if step in _CHANGES:
        return _changed(viewer, step, since)
    return exists(_practised(viewer, step) if step in _PRACTICE else _looked_after(viewer, step))


def _practised(viewer: Viewer, step: str) -> Select[int]:
    run, entry = PracticeRun, PracticeEntry
    own = select(run.id).where(run.user_id == viewer.user_id)
    if step == "lesson":
        return own.where(run.state == PracticeState.FINISHED)
    return own.join(entry, entry.run_id == run.id).where(entry.macro.is_not(None))


def _looked_after(viewer: Viewer, step: str) -> Select[int]:
    if step == "review":
        return select(QualityReview.id).where(QualityReview.reviewer_id == viewer.user_id)
    if step == "assign":
        return select(PracticeAssignment.id).where(PracticeAssignment.assigned_by == viewer.user_id)
    own = (SetupStep.step == step, SetupStep.user_id == viewer.user_id, SetupStep.skipped.is_(False))
    return select(SetupStep.user_id).where(*own)  # a channel or an ERP was tried in the first set-up


def _happened(viewer: Viewer, step: str, since: datetime) -> ColumnElement[bool]:
    """At the real desk; what can be done in practice counts there too."""
    event, actor = models.Event, Actor.agent(viewer.user_id).name
    is_own = (event.kind.in_(_EVENTS[step]), event.actor == actor, event.at >= since)
    found = select(event.id).where(*is_own)
    if step == "set_state":  # logging in makes available; only a break was chosen
        found = found.where(event.data["state"].as_string() == AgentState.AWAY)
    happened: ColumnElement[bool] = exists(found)
    if step != "accept":
        return happened
    accepted = select(PracticeRun.id).where(PracticeRun.user_id == viewer.user_id, PracticeRun.accepted_at.is_not(None))
    return happened | exists(accepted)


def _changed(viewer: Viewer, step: str, since: datetime) -> ColumnElement[bool]:
    action, about = _CHANGES[step]
    entry, actor = AuditEntry, Actor.agent(viewer.user_id).name
    is_own = (entry.actor == actor, entry.action == action, entry.at >= since)
    return exists(select(entry.id).where(*is_own, entry.object.startswith(about)))
