"""The life of a campaign: written, scheduled, drawn by lot in one transaction, run, halted, ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Viewer, require_role
from crm_core.audience import Asked, Candidate, Terms, candidates
from crm_core.campaign_texts import check_texts
from crm_core.campaign_values import (
    MOST_NAME_CHARACTERS,
    Arm,
    ArmText,
    BadPlan,
    CampaignState,
    ConversionKind,
    Criteria,
    MemberState,
    Plan,
    Reason,
    check_arms,
)
from crm_core.consents import call_off
from crm_core.contracts import JsonObject
from crm_core.errors import IllegalTransition, NotFound
from crm_core.events import SYSTEM, Actor, Event, EventKind, record
from crm_core.lots import arm_of
from crm_core.models_campaigns import Campaign, CampaignArm, CampaignMember

BATCH = 1_000
CHANGES: Mapping[str, tuple[frozenset[CampaignState], CampaignState, EventKind]] = {
    "pause": (frozenset({CampaignState.RUNNING}), CampaignState.PAUSED, EventKind.CAMPAIGN_PAUSED),
    "resume": (frozenset({CampaignState.PAUSED}), CampaignState.RUNNING, EventKind.CAMPAIGN_RESUMED),
    "stop": (
        frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED}),
        CampaignState.STOPPED, EventKind.CAMPAIGN_STOPPED,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredCampaign:
    id: int
    state: CampaignState
    plan: Plan
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


async def save_plan(
    session: AsyncSession, now: datetime, viewer: Viewer, plan: Plan, campaign_id: int | None = None
) -> int:
    """A new draft, or another version of one. Raises Forbidden, BadPlan, IllegalTransition once it is scheduled."""
    require_role(viewer, Action.CAMPAIGN)
    _check(plan)
    values = {
        "name": plan.name.strip(), "criteria": plan.criteria.as_json(), "inbox_ids": list(plan.inbox_ids),
        "conversion": plan.conversion.value, "conversion_days": plan.conversion_days, "send_days": plan.send_days,
        "cost": plan.cost, "starts_at": plan.starts_at,
    }  # fmt: skip
    if campaign_id is None:
        row = insert(Campaign).values(**values, created_by=viewer.user_id, created_at=now).returning(Campaign.id)
        campaign_id = int(await session.scalar(row) or 0)
    else:
        found = await _locked(session, campaign_id)
        _require_state(found, frozenset({CampaignState.DRAFT}))
        await session.execute(update(Campaign).where(Campaign.id == campaign_id).values(**values))
        await session.execute(delete(CampaignArm).where(CampaignArm.campaign_id == campaign_id))
    await session.execute(insert(CampaignArm), [_arm_row(campaign_id, arm) for arm in plan.arms])
    return campaign_id


def _check(plan: Plan) -> None:
    if not 0 < len(plan.name.strip()) <= MOST_NAME_CHARACTERS:
        raise BadPlan("name", f"A campaign has a name of at most {MOST_NAME_CHARACTERS} characters.")
    if not plan.inbox_ids:
        raise BadPlan("channels", "Choose at least one channel.")
    if not (1 <= plan.conversion_days <= 365 and 1 <= plan.send_days <= 90):  # noqa: PLR2004 - days
        raise BadPlan("days", "Orders are counted for 1 to 365 days, and messages go out for 1 to 90.")
    check_arms(plan.arms)


def _arm_row(campaign_id: int, arm: Arm) -> dict[str, object]:
    texts = {} if arm.is_hold_out else {
        language: {"text": written.text, "subject": written.subject} for language, written in arm.texts.items()
    }  # fmt: skip
    return {
        "campaign_id": campaign_id, "key": arm.key, "share": arm.share, "is_hold_out": arm.is_hold_out, "texts": texts,
    }  # fmt: skip


async def read_campaign(session: AsyncSession, campaign_id: int) -> StoredCampaign:
    """Raises NotFound."""
    row = await session.get(Campaign, campaign_id, populate_existing=True)
    if row is None:
        raise NotFound("There is no such campaign.")
    return _stored(row, await arms_of(session, campaign_id))


async def list_campaigns(session: AsyncSession, viewer: Viewer) -> list[StoredCampaign]:
    """Newest first. Raises Forbidden."""
    require_role(viewer, Action.CAMPAIGN)
    rows = (await session.scalars(select(Campaign).order_by(Campaign.id.desc()).limit(200))).all()
    return [_stored(row, await arms_of(session, row.id)) for row in rows]


def _stored(row: Campaign, arms: tuple[Arm, ...]) -> StoredCampaign:
    plan = Plan(
        row.name, Criteria.from_json(row.criteria), tuple(row.inbox_ids), arms, ConversionKind(row.conversion),
        row.conversion_days, row.send_days, row.cost, row.starts_at,
    )  # fmt: skip
    return StoredCampaign(row.id, CampaignState(row.state), plan, row.created_at, row.started_at, row.ended_at)


async def arms_of(session: AsyncSession, campaign_id: int) -> tuple[Arm, ...]:
    """In the order they were written, which is that of the lot."""
    rows = await session.scalars(
        select(CampaignArm).where(CampaignArm.campaign_id == campaign_id).order_by(CampaignArm.id)
    )
    return tuple(Arm(row.key, row.share, _texts(row.texts), row.is_hold_out, row.id) for row in rows)


def _texts(stored: JsonObject) -> dict[str, ArmText]:
    return {
        language: ArmText(str(written.get("text", "")), str(written.get("subject", "")))
        for language, written in stored.items()
        if isinstance(written, dict)
    }


async def schedule(session: AsyncSession, now: datetime, viewer: Viewer, terms: Terms, campaign_id: int) -> None:
    """Release a draft: from `starts_at` on the lot is drawn and messages go out. Raises BadPlan for missing texts."""
    require_role(viewer, Action.CAMPAIGN)
    row = await _locked(session, campaign_id)
    _require_state(row, frozenset({CampaignState.DRAFT}))
    for arm in await arms_of(session, campaign_id):
        check_texts(arm, terms.languages)
    row.state, row.starts_at = CampaignState.SCHEDULED.value, max(row.starts_at or now, now)
    await session.flush()
    await _tell(session, now, Actor.agent(viewer.user_id), (EventKind.CAMPAIGN_SCHEDULED, campaign_id))


async def change_state(session: AsyncSession, now: datetime, viewer: Viewer, campaign_id: int, verb: str) -> None:
    """`pause`, `resume` or `stop`, at once. Raises Forbidden, NotFound, IllegalTransition."""
    require_role(viewer, Action.CAMPAIGN)
    if verb not in CHANGES:
        raise NotFound("There is no such thing to do with a campaign.")
    before, after, kind = CHANGES[verb]
    row = await _locked(session, campaign_id)
    _require_state(row, before)
    row.state = after.value
    if after is CampaignState.STOPPED:
        row.ended_at = now
    await session.flush()
    await _tell(session, now, Actor.agent(viewer.user_id), (kind, campaign_id))
    if after is CampaignState.STOPPED:
        await call_off(session, now, CampaignMember.campaign_id == campaign_id, Reason.STOPPED)


async def draw(session: AsyncSession, now: datetime, terms: Terms, campaign_id: int) -> int:
    """The lot of everybody, with an event each, in the transaction that starts the campaign: nothing was sent before.

    The number drawn; 0 when it is not scheduled (any more).
    """
    row = await _locked(session, campaign_id)
    if row.state != CampaignState.SCHEDULED:
        return 0
    arms = await arms_of(session, campaign_id)
    asked = Asked(Criteria.from_json(row.criteria), row.inbox_ids, campaign_id)
    found = [one for one in await candidates(session, now, terms, asked) if one.way is not None]
    for start in range(0, len(found), BATCH):
        await _log_lots(session, now, campaign_id, arms, found[start : start + BATCH])
    row.state, row.started_at = CampaignState.RUNNING.value, now
    await session.flush()
    await _tell(session, now, SYSTEM, (EventKind.CAMPAIGN_STARTED, campaign_id))
    return len(found)


async def _log_lots(
    session: AsyncSession, now: datetime, campaign_id: int, arms: Sequence[Arm], found: Sequence[Candidate]
) -> None:
    drawn = [(one, arm_of(campaign_id, one.contact_id, arms)) for one in found]
    rows = [{"campaign_id": campaign_id, **_lot_row(now, one, arm)} for one, arm in drawn]
    await session.execute(insert(CampaignMember), rows)
    await record(session, now, [_assigned(campaign_id, one.contact_id, arm) for one, arm in drawn])


def _lot_row(now: datetime, one: Candidate, arm: Arm) -> dict[str, object]:
    assert one.way is not None  # noqa: S101 - only they are drawn
    return {
        "arm_id": arm.id, "contact_id": one.contact_id, "customer_ref": one.customer_ref, "language": one.language,
        "traits": one.traits(now.date()), "assigned_at": now, "due_at": now, "inbox_id": one.way.inbox_id,
        "state": (MemberState.HELD_OUT if arm.is_hold_out else MemberState.WAITING).value,
    }  # fmt: skip


def _assigned(campaign_id: int, contact_id: int, arm: Arm) -> Event:
    detail: JsonObject = {"campaign_id": campaign_id, "arm": arm.key, "is_hold_out": arm.is_hold_out}
    return Event(EventKind.CAMPAIGN_ASSIGNED, SYSTEM, None, contact_id, detail)


async def due_campaigns(session: AsyncSession, now: datetime) -> list[int]:
    """Scheduled, and their time has come."""
    due = select(Campaign.id).where(Campaign.state == CampaignState.SCHEDULED, Campaign.starts_at <= now)
    return list((await session.scalars(due.order_by(Campaign.id))).all())


async def finish_campaigns(session: AsyncSession, now: datetime) -> None:
    """Whose last message is out, or whose time for sending is over."""
    waiting = select(CampaignMember.id).where(
        CampaignMember.campaign_id == Campaign.id, CampaignMember.state == MemberState.WAITING
    )
    over = (
        update(Campaign)
        .where(Campaign.state == CampaignState.RUNNING, ~waiting.exists())
        .values(state=CampaignState.DONE.value, ended_at=now)
        .returning(Campaign.id)
        .execution_options(synchronize_session=False)
    )
    for campaign_id in (await session.scalars(over)).all():
        await _tell(session, now, SYSTEM, (EventKind.CAMPAIGN_DONE, campaign_id))


async def _tell(session: AsyncSession, now: datetime, actor: Actor, what: tuple[EventKind, int]) -> None:
    kind, campaign_id = what
    await record(session, now, [Event(kind, actor, None, None, {"campaign_id": campaign_id})])


async def _locked(session: AsyncSession, campaign_id: int) -> Campaign:
    row = await session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such campaign.")
    return row


def _require_state(row: Campaign, before: frozenset[CampaignState]) -> None:
    if row.state not in before:
        raise IllegalTransition(f"A campaign that is {row.state} cannot be changed like this.")
