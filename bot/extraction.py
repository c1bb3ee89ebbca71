"""Reading the ERPs for the warehouse: by night as jobs that end before their lease does, or from the command line."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from zoneinfo import ZoneInfo

import structlog

from bot.erps import open_connectors
from bot.worker import JobFailedError
from config.business import Business
from config.settings import Settings
from crm_core import jobs
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.erp.extract import Extractable
from crm_core.erp.extraction import Progress, Run, Source, extract_pages, is_due
from crm_core.errors import ErpError
from crm_core.jobs import ClaimedJob, Failure, JobKind, NewJob

log = structlog.get_logger(__name__)

PLAN_EVERY_S = 600.0
FIRST_HOUR, LAST_HOUR = 1, 5  # by the company's clock
LONGEST_JOB_S = 12.0


@dataclass(frozen=True, slots=True)
class Sources:
    """The ERPs that can be read whole, and the names of those that cannot."""

    readable: tuple[Source, ...]
    unreadable: tuple[str, ...]


@asynccontextmanager
async def open_sources(settings: Settings, business: Business, readers: Sessions) -> AsyncIterator[Sources]:
    """Connections of their own: the policy for waiting customers does not fit long reading."""
    connectors = open_connectors(settings, business, readers)
    several = len(connectors) > 1
    try:
        yield Sources(
            tuple(Source(name, erp.extract(), several) for name, erp in connectors if isinstance(erp, Extractable)),
            tuple(name for name, erp in connectors if not isinstance(erp, Extractable)),
        )
    finally:
        for _, erp in connectors:
            await erp.aclose()


async def extract_now(
    sessions: Sessions, sources: Sources, tell: Callable[[Progress], None], *, full: bool = False
) -> None:
    """To the end, going on where the last run was stopped. Raises ErpError."""
    await extract_pages(Run(sessions, utc_now, utc_now(), full), sources.readable, tell)


@dataclass(frozen=True, slots=True)
class Nightly:
    """What the worker does by night; any number of workers may run."""

    sessions: Sessions
    sources: Sources
    zone: ZoneInfo
    longest_job_s: float = LONGEST_JOB_S

    async def plan(self, now: datetime) -> None:
        """One job a night, while anything is left to read."""
        local = now.astimezone(self.zone)
        if not FIRST_HOUR <= local.hour < LAST_HOUR:
            return
        began_at = local.replace(hour=FIRST_HOUR, minute=0, second=0, microsecond=0)
        names = [source.name for source in self.sources.readable]
        async with unit_of_work(self.sessions) as session:
            if await is_due(session, names, began_at):
                await jobs.enqueue(session, now, _job(began_at))

    async def carry_out(self, job: ClaimedJob) -> None:
        """The `erp_extract` job: some pages, then another job for the rest."""
        began_at = datetime.fromisoformat(str(job.payload["began_at"]))
        until = monotonic() + self.longest_job_s
        run = Run(self.sessions, utc_now, began_at)
        try:
            is_done = await extract_pages(run, self.sources.readable, _log, go_on=lambda: monotonic() < until)
        except ErpError as error:
            raise JobFailedError(Failure(error.code, error.retryable)) from error
        async with unit_of_work(self.sessions) as session:
            await jobs.finish(session, [job])
            if not is_done:
                await jobs.enqueue(session, utc_now(), _job(began_at))


def _job(began_at: datetime) -> NewJob:
    payload = {"began_at": began_at.isoformat()}
    return NewJob(JobKind.ERP_EXTRACT, payload={**payload}, dedupe_key=f"{began_at:%Y-%m-%d}")


def _log(progress: Progress) -> None:
    if progress.is_finished:
        log.info("erp.extracted", source=progress.source, kind=progress.kind.value, items=progress.items)
