"""The second step of a log-in: who gave the right password gives a code within ten minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import UserId
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.second_factor import CodeOutcome, check_code
from crm_core.staff import LinkPurpose, OpenedSession, issue_link, open_session, token_hash

STEP_VALID = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SecondStep:
    token: str
    code: str
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class StepResult:
    """`outcome` is None when the step is over: unknown, too late, or its person disabled meanwhile."""

    outcome: CodeOutcome | None
    session: OpenedSession | None = None


async def begin_second_step(session: AsyncSession, now: datetime, user_id: UserId) -> str:
    """The token that stands for the right password. A newer one ends it, and so does a new password."""
    return await issue_link(session, now, LinkPurpose.SECOND_STEP, valid_for=STEP_VALID, user_id=user_id)


async def finish_log_in(session: AsyncSession, now: datetime, step: SecondStep, key: bytes) -> StepResult:
    """Commit whatever comes back: refused tries are counted."""
    user = await _user_of(session, now, step.token)
    if user is None:
        return StepResult(None)
    outcome = await check_code(session, now, UserId(user.id), step.code, key)
    if not outcome.is_right:
        await record(session, now, [Event(EventKind.LOGIN_REFUSED, SYSTEM)])
        return StepResult(outcome)
    await session.execute(delete(models.OneTimeLink).where(models.OneTimeLink.token_hash == token_hash(step.token)))
    return StepResult(outcome, await open_session(session, now, user, step.user_agent))


async def _user_of(session: AsyncSession, now: datetime, token: str) -> models.User | None:
    link = models.OneTimeLink
    statement = select(models.User).join(link, link.user_id == models.User.id).where(
        link.token_hash == token_hash(token), link.purpose == LinkPurpose.SECOND_STEP, link.expires_at > now,
        models.User.disabled_at.is_(None),
    )  # fmt: skip
    return await session.scalar(statement.with_for_update())
