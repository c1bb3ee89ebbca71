"""The worker: claims due jobs in batches and carries each out; any number of workers may run."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from crm_core import jobs
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.jobs import ClaimedJob, Failure, JobKind
from crm_core.signals import Signal, Topic

log = structlog.get_logger(__name__)

BATCH = 16
LEASE_S = 30.0
RENEW_EVERY_S, MOST_HELD_S = LEASE_S / 3, 600.0
POLL_S = 1.0
DATABASE_PAUSE_S = 0.5

JobHandler = Callable[[ClaimedJob], Awaitable[None]]


class JobFailedError(Exception):
    """Raised by a handler that knows why; anything else it raises is retried as well."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


class Worker:
    """A handler finishes its job itself, in the transaction that writes the job's result."""

    def __init__(self, sessions: Sessions, handlers: Mapping[JobKind, JobHandler], name: str) -> None:
        self._sessions, self._handlers, self.name = sessions, handlers, name
        self._wake = asyncio.Event()
        self._stopping = False
        self._held: dict[int, tuple[ClaimedJob, float]] = {}  # since when, by the monotonic clock

    async def on_signal(self, signal: Signal) -> None:
        if signal.topic in (Topic.JOB, Topic.RESYNC):
            self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is held is done."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        renewing = asyncio.create_task(self._renew())
        try:
            await self._work()
        finally:
            renewing.cancel()

    async def _renew(self) -> None:
        """A job that takes long on a busy machine is not begun a second time; one that hangs is, in the end."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            since = time.monotonic() - MOST_HELD_S
            held = [job for job, began_at in self._held.values() if began_at > since]
            if not held:
                continue
            try:
                async with unit_of_work(self._sessions) as session:
                    await jobs.renew(session, utc_now(), held, LEASE_S)
            except (SQLAlchemyError, OSError) as error:
                log.warning("worker.not_renewed", error=type(error).__name__)

    async def _work(self) -> None:
        running: set[asyncio.Task[None]] = set()
        while not self._stopping:
            claimed = await self._claim(BATCH - len(running))
            running |= {asyncio.create_task(self._carry_out(job), name=f"{job.kind}-{job.id}") for job in claimed}
            await self._pause(running, busy=len(claimed) == BATCH)
            running = {task for task in running if not task.done()}
        if running:
            await asyncio.wait(running)
        async with unit_of_work(self._sessions) as session:
            await jobs.release(session, utc_now(), worker=self.name)

    async def _claim(self, limit: int) -> list[ClaimedJob]:
        if limit <= 0:
            return []
        self._wake.clear()
        try:
            async with unit_of_work(self._sessions) as session:
                return await jobs.claim(session, utc_now(), worker=self.name, limit=limit, lease_s=LEASE_S)
        except (SQLAlchemyError, OSError) as error:
            log.warning("worker.database_lost", error=type(error).__name__)
            await asyncio.sleep(DATABASE_PAUSE_S)
            return []

    async def _pause(self, running: set[asyncio.Task[None]], *, busy: bool) -> None:
        """Until something becomes due, a place becomes free, or the poll interval passed."""
        if busy and len(running) < BATCH:
            return
        woken = asyncio.create_task(self._wake.wait())
        waiting: set[asyncio.Task[None] | asyncio.Task[bool]] = {woken}
        if len(running) >= BATCH:
            waiting |= running
        await asyncio.wait(waiting, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()

    async def _carry_out(self, job: ClaimedJob) -> None:
        self._held[job.id] = (job, time.monotonic())
        try:
            await self._handlers[job.kind](job)
        except JobFailedError as error:
            await self._put_off(job, error.failure)
        except Exception as error:  # noqa: BLE001 - outermost: one bad job must not stop the others
            log.warning("job.failed", job_id=job.id, kind=job.kind.value, error=type(error).__name__)
            await self._put_off(job, Failure(type(error).__name__))
        finally:
            self._held.pop(job.id, None)

    async def _put_off(self, job: ClaimedJob, failure: Failure) -> None:
        try:
            async with unit_of_work(self._sessions) as session:
                now = utc_now()
                if await jobs.fail(session, now, job, failure):
                    log.error("job.buried", job_id=job.id, kind=job.kind.value, code=failure.code)
                    detail = {"job_id": job.id, "kind": job.kind.value, "code": failure.code}
                    event = Event(EventKind.JOB_BURIED, SYSTEM, job.conversation_id, None, {**detail})
                    await record(session, now, [event])
        except (SQLAlchemyError, OSError) as error:
            log.warning("job.not_put_off", job_id=job.id, error=type(error).__name__)
