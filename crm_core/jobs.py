"""What must still happen: written with its cause, claimed under a lease, retried with back-off, buried at the end."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import RowMapping, case, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import ConversationId, JsonObject
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.signals import Signal, Topic, publish
from crm_core.states import JobState

MOST_ATTEMPTS = 8
WORKER_DIED = "worker_died"
BACK_OFF_FIRST_S, BACK_OFF_MOST_S = 2.0, 900.0
RETRY_AFTER_MOST_S = 86_400.0


class JobKind(StrEnum):
    TURN = "turn"
    SEND = "send"
    MAIL = "mail"  # a letter outside any conversation: a code, a transcript
    TRANSCRIPT = "transcript"  # compose a letter of the conversation
    SURVEY = "survey"
    ERP_RETURN = "erp_return"
    ERP_EXTRACT = "erp_extract"
    FAX = "fax"  # pages to draw and read before they are a message
    FETCH = "fetch"  # a file that still lies with a channel's provider
    CLOSE_IDLE = "close_idle"
    SLA = "sla"  # a promise is nearly or wholly due
    OFFER = "offer"  # an offer's time is over, or who declined may be asked again
    RELEASE = "release"  # a reply can no longer be taken back
    WAKE = "wake"  # a snoozed conversation comes back
    PAUSE_RECORDING = "pause_recording"  # a card number is about to be said to an agent
    TELL_WAIT = "tell_wait"  # somebody in line wrote: tell them their place
    PRESENCE = "presence"  # is a visitor in line still there?
    TELL = "tell"  # a sentence of the bot, by its key


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to write. `lease_s` with `worker` claims it for the writer at birth (the inline turn)."""

    kind: JobKind
    conversation_id: ConversationId | None = None
    payload: JsonObject = field(default_factory=dict)
    delay_s: float = 0.0
    dedupe_key: str | None = None
    worker: str | None = None
    lease_s: float = 0.0


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job under our lease. `attempts` counts this one; it also fences off an expired claim."""

    id: int
    kind: JobKind
    conversation_id: ConversationId | None
    payload: JsonObject
    attempts: int
    created_at: datetime


async def enqueue(session: AsyncSession, now: datetime, job: NewJob) -> ClaimedJob | None:
    """Write the job and wake a worker. None when its dedupe key is taken, or when it is left to the workers."""
    claimed = job.worker is not None
    statement = (
        insert(models.Job)
        .values(
            kind=job.kind.value, conversation_id=job.conversation_id, payload=job.payload, created_at=now,
            run_at=now + timedelta(seconds=job.lease_s if claimed else job.delay_s),
            claimed_by=job.worker, attempts=int(claimed), dedupe_key=job.dedupe_key,
        )
        .on_conflict_do_nothing()
        .returning(models.Job.id)
    )  # fmt: skip
    job_id = await session.scalar(statement)
    if job_id is None:
        return None
    if claimed:
        return ClaimedJob(job_id, job.kind, job.conversation_id, job.payload, 1, now)
    if job.delay_s <= 0:
        await publish(session, Signal(Topic.JOB, job_id, job.kind.value))
    return None


async def claim(session: AsyncSession, now: datetime, *, worker: str, limit: int, lease_s: float) -> list[ClaimedJob]:
    """Up to `limit` due jobs, oldest first; nobody else gets them until the lease of `lease_s` runs out.

    A job whose last attempt ended without a word (it may have killed its worker) is buried instead.
    """
    # a CTE runs once; a sub-query that locks may be run again for every row and then exceeds its limit
    due = (
        select(models.Job.id)
        .where(models.Job.state == JobState.READY, models.Job.run_at <= now)
        .order_by(models.Job.run_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    used_up = models.Job.attempts >= MOST_ATTEMPTS
    statement = (
        update(models.Job)
        .where(models.Job.id.in_(select(due.c.id)))
        .values(
            run_at=now + timedelta(seconds=lease_s), claimed_by=worker, attempts=models.Job.attempts + 1,
            state=case((used_up, JobState.BURIED.value), else_=JobState.READY.value),
            last_error=case((used_up, WORKER_DIED), else_=models.Job.last_error),
        )
        .returning(*models.Job.__table__.columns)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    rows = sorted((await session.execute(statement)).mappings(), key=lambda row: int(row["id"]))
    await record(session, now, [_burial(row) for row in rows if row["state"] == JobState.BURIED])
    return [_claimed(row) for row in rows if row["state"] == JobState.READY]


def _burial(row: RowMapping) -> Event:
    detail: JsonObject = {"job_id": row["id"], "kind": row["kind"], "code": WORKER_DIED}
    return Event(EventKind.JOB_BURIED, SYSTEM, row["conversation_id"], None, detail)


def _claimed(row: RowMapping) -> ClaimedJob:
    return ClaimedJob(
        row["id"],
        JobKind(row["kind"]),
        row["conversation_id"],
        row["payload"],
        row["attempts"],
        row["created_at"],
    )


async def finish(session: AsyncSession, jobs: Sequence[ClaimedJob]) -> None:
    """Remove done jobs; one whose lease ran out and which somebody else holds now is left alone."""
    for job in jobs:
        await session.execute(
            delete(models.Job)
            .where(models.Job.id == job.id, models.Job.attempts == job.attempts)
            .execution_options(synchronize_session=False)
        )


def back_off_s(attempts: int) -> float:
    """Exponential with full jitter in its upper half (AWS Architecture Blog, “Exponential Backoff and Jitter”)."""
    ceiling: float = min(BACK_OFF_FIRST_S * 2.0 ** (attempts - 1), BACK_OFF_MOST_S)
    return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job did not succeed: a code, never text of people. `retry_after_s` is the provider's own wish."""

    code: str
    retryable: bool = True
    retry_after_s: float | None = None


async def fail(session: AsyncSession, now: datetime, job: ClaimedJob, failure: Failure) -> bool:
    """Put the job off, or bury it when it may not or need not be tried again. True when buried.

    A job whose lease ran out and which somebody else holds now is left alone.
    """
    buried = not failure.retryable or job.attempts >= MOST_ATTEMPTS
    delay_s = min(failure.retry_after_s or back_off_s(job.attempts), RETRY_AFTER_MOST_S)
    values = {"last_error": failure.code, "claimed_by": None}
    extra = {"state": JobState.BURIED.value} if buried else {"run_at": now + timedelta(seconds=delay_s)}
    statement = (
        update(models.Job)
        .where(models.Job.id == job.id, models.Job.attempts == job.attempts)
        .values(**values, **extra)
        .returning(models.Job.id)
        .execution_options(synchronize_session=False)
    )
    return await session.scalar(statement) is not None and buried


async def renew(session: AsyncSession, now: datetime, held: Collection[ClaimedJob], lease_s: float) -> None:
    """Whoever carries them out is slow, not dead: nobody else gets them for another `lease_s`."""
    ours = tuple_(models.Job.id, models.Job.attempts).in_([(job.id, job.attempts) for job in held])
    await session.execute(
        update(models.Job)
        .where(ours, models.Job.state == JobState.READY, models.Job.claimed_by.is_not(None))
        .values(run_at=now + timedelta(seconds=lease_s))
        .execution_options(synchronize_session=False)
    )


async def release(session: AsyncSession, now: datetime, *, worker: str) -> int:
    """Give back everything `worker` still holds, for a graceful stop. The number given back."""
    statement = (
        update(models.Job)
        .where(models.Job.claimed_by == worker, models.Job.state == JobState.READY)
        .values(run_at=now, claimed_by=None)
        .returning(models.Job.id)
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(statement)).all())


async def exhume(session: AsyncSession, now: datetime, job_id: int) -> None:
    """Try a buried job once more from the start."""
    await session.execute(
        update(models.Job)
        .where(models.Job.id == job_id, models.Job.state == JobState.BURIED)
        .values(state=JobState.READY.value, run_at=now, attempts=0)
        .execution_options(synchronize_session=False)
    )
    await publish(session, Signal(Topic.JOB, job_id))


@dataclass(frozen=True, slots=True)
class Backlog:
    """`oldest_s` is how long the job that waits longest has been due, in seconds."""

    due: int
    buried: int
    oldest_s: float


async def backlog(session: AsyncSession, now: datetime) -> Backlog:
    job = models.Job
    ready = (job.state == JobState.READY) & (job.run_at <= now)
    statement = select(
        func.count().filter(ready),
        func.count().filter(job.state == JobState.BURIED),
        func.min(job.run_at).filter(ready),
    )
    due, buried, oldest = (await session.execute(statement)).one()
    return Backlog(due, buried, (now - oldest).total_seconds() if oldest else 0.0)
