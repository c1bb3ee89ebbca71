"""Turns run inside the serving process, right after their message was committed."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog

from config.settings import TurnSettings
from crm_core import jobs
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.intake import InlineClaim
from crm_core.jobs import ClaimedJob

log = structlog.get_logger(__name__)

CALM = 2  # messages being stored at once: above it a turn in between would keep their senders waiting
RunTurn = Callable[[ClaimedJob], Awaitable[None]]


class InlineTurns:
    """At most `inline_limit` at once, and none while many arrive: the rest is left to the workers.

    So a burst uses every core, and an acknowledgement never waits for an answer to somebody else.
    The job was born under our lease. If this process dies, the lease runs out and a worker answers.
    """

    def __init__(
        self,
        sessions: Sessions,
        run: RunTurn,
        settings: TurnSettings,
        worker: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions, self._run, self._settings, self._clock = sessions, run, settings, clock
        self.worker = worker
        self._came = deque[float](maxlen=settings.inline_rate)
        self._tasks: set[asyncio.Task[None]] = set()
        self._claims = self._arriving = 0

    @contextmanager
    def arrival(self) -> Iterator[InlineClaim | None]:
        """While a message is stored: a place to run its turn in, to be used by `start` or given back by `forgo`.

        None when all are taken.
        """
        self._arriving += 1
        claim = None if self._is_brisk() else self._claim()
        try:
            yield claim
        except BaseException:
            if claim is not None:
                self.forgo()
            raise
        finally:
            self._arriving -= 1

    def _is_brisk(self) -> bool:
        now = self._clock()
        was = self._came[0] if len(self._came) == self._came.maxlen else now - 1
        self._came.append(now)
        return now - was < 1

    def _claim(self) -> InlineClaim | None:
        if self._claims >= self._settings.inline_limit or self._arriving > CALM:
            return None
        self._claims += 1
        return InlineClaim(self.worker, self._settings.lease_s)

    def forgo(self) -> None:
        self._claims -= 1

    def start(self, job: ClaimedJob) -> None:
        task = asyncio.create_task(self._guarded(job), name=f"turn-{job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._claims -= 1

    async def _guarded(self, job: ClaimedJob) -> None:
        try:
            await self._run(job)
        except Exception as error:  # noqa: BLE001 - outermost: the job stays and a worker tries again
            log.warning("turn.failed_inline", job_id=job.id, error=type(error).__name__)
            await self._give_back(job)

    async def _give_back(self, job: ClaimedJob) -> None:
        try:
            async with unit_of_work(self._sessions) as session:
                await jobs.fail(session, utc_now(), job, jobs.Failure("inline_turn_failed"))
        except Exception as error:  # noqa: BLE001 - the lease runs out by itself
            log.warning("turn.not_given_back", job_id=job.id, error=type(error).__name__)

    async def stop(self, patience_s: float) -> None:
        """Finish what runs, for at most `patience_s`; the rest goes back to the workers at once."""
        deadline = time.monotonic() + patience_s
        while self._tasks and time.monotonic() < deadline:
            await asyncio.wait(self._tasks, timeout=max(0.0, deadline - time.monotonic()))
        async with unit_of_work(self._sessions) as session:
            await jobs.release(session, utc_now(), worker=self.worker)
