"""Jobs that were given up: shown to who supervises, tried again or let go."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, require_role
from crm_core.contracts import JsonObject
from crm_core.errors import Conflict
from crm_core.events import Actor, Event, EventKind, record
from crm_core.jobs import exhume
from crm_core.states import JobState

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class BuriedJob:
    """`code` is what it failed with last."""

    id: int
    kind: str
    conversation_id: int | None
    code: str | None
    attempts: int
    created_at: datetime


async def buried_jobs(session: AsyncSession, reach: Reach) -> list[BuriedJob]:
    """The oldest first. Raises Forbidden for who does not supervise."""
    require_role(reach.viewer, Action.SUPERVISE)
    job = models.Job
    statement = (
        select(job.id, job.kind, job.conversation_id, job.last_error, job.attempts, job.created_at)
        .where(job.state == JobState.BURIED)
        .order_by(job.id)
        .limit(MOST_SHOWN)
    )
    return [BuriedJob(*row) for row in await session.execute(statement)]


async def try_again(session: AsyncSession, now: datetime, reach: Reach, job_id: int) -> None:
    """From the start. Raises Conflict when somebody was faster."""
    buried = await _buried(session, reach, job_id)
    await exhume(session, now, job_id)
    await _record(session, now, reach, (buried, "tried_again"))


async def let_go(session: AsyncSession, now: datetime, reach: Reach, job_id: int) -> None:
    """Remove it; the event keeps that it was. Raises Conflict when somebody was faster."""
    buried = await _buried(session, reach, job_id)
    await session.execute(
        delete(models.Job).where(models.Job.id == job_id).execution_options(synchronize_session=False)
    )
    await _record(session, now, reach, (buried, "let_go"))


async def _buried(session: AsyncSession, reach: Reach, job_id: int) -> models.Job:
    require_role(reach.viewer, Action.SUPERVISE)
    statement = select(models.Job).where(models.Job.id == job_id, models.Job.state == JobState.BURIED)
    job = (await session.scalars(statement.with_for_update())).one_or_none()
    if job is None:
        raise Conflict("This job is not waiting for a decision (any more).")
    return job


async def _record(session: AsyncSession, now: datetime, reach: Reach, settled: tuple[models.Job, str]) -> None:
    job, how = settled
    detail: JsonObject = {"job_id": job.id, "kind": job.kind, "how": how}
    actor = Actor.agent(reach.viewer.user_id)
    await record(session, now, [Event(EventKind.JOB_SETTLED, actor, job.conversation_id, None, detail)])
