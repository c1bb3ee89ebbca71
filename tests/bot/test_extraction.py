"""The nightly reading as jobs: one a night, in pieces shorter than a lease, and as a command."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from bot.cli_erp import erp
from bot.extraction import Nightly, Sources
from bot.worker import JobFailedError
from crm_core import jobs, models
from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.erp.extract import Extract, Page, Since
from crm_core.erp.extraction import Source
from crm_core.erp.port import Order
from crm_core.erp.sql import SqlErp
from crm_core.erp.star_tables import FactSaleLine
from crm_core.errors import ErpUnavailable
from crm_core.jobs import ClaimedJob, JobKind
from tests.support.erp_golden import fill_golden

NIGHT = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # half past two in Madrid


def nightly(sessions: Sessions, extract: Extract | None = None) -> Nightly:
    source = Source("embedded", extract or SqlErp(sessions).extract())
    return Nightly(sessions, Sources((source,), ()), ZoneInfo("Europe/Madrid"))


async def the_job(sessions: Sessions) -> ClaimedJob | None:
    async with unit_of_work(sessions) as session:
        claimed = await jobs.claim(session, utc_now(), worker="test", limit=1, lease_s=30)
    return claimed[0] if claimed else None


async def lines_read(sessions: Sessions) -> int:
    async with sessions() as session:
        return await session.scalar(select(func.count()).select_from(FactSaleLine)) or 0


async def test_one_job_a_night_reads_everything(sessions: Sessions) -> None:
    await fill_golden(sessions)
    chore = nightly(sessions)
    await chore.plan(NIGHT)
    await chore.plan(NIGHT)
    job = await the_job(sessions)
    assert job is not None
    assert job.kind is JobKind.ERP_EXTRACT
    await chore.carry_out(job)
    assert await lines_read(sessions) == 8
    await chore.plan(NIGHT)
    assert await the_job(sessions) is None


async def test_nothing_is_read_by_day(sessions: Sessions) -> None:
    await nightly(sessions).plan(NIGHT.replace(hour=12))
    assert await the_job(sessions) is None


async def test_a_job_out_of_time_leaves_the_rest_to_another(
    sessions: Sessions,
) -> None:
    await fill_golden(sessions)
    chore = nightly(sessions)
    await chore.plan(NIGHT)
    job = await the_job(sessions)
    assert job is not None
    await replace(chore, longest_job_s=0.0).carry_out(job)
    assert await lines_read(sessions) == 0
    rest = await the_job(sessions)
    assert rest is not None
    await chore.carry_out(rest)
    assert await lines_read(sessions) == 8


async def test_an_erp_that_is_down_is_tried_again(sessions: Sessions) -> None:
    class Down:
        async def customers(self, since: Since) -> Page[Order]:
            raise ErpUnavailable("down")

        orders = products = customers

    chore = nightly(sessions, Down())  # type: ignore[arg-type]
    await chore.plan(NIGHT)
    job = await the_job(sessions)
    assert job is not None
    with pytest.raises(JobFailedError) as failed:
        await chore.carry_out(job)
    assert (failed.value.failure.code, failed.value.failure.retryable) == ("erp_unavailable", True)
    async with sessions() as session:
        assert (await session.scalars(select(models.Job.kind))).all() == [JobKind.ERP_EXTRACT]


async def test_the_command_tells_its_progress(
    sessions: Sessions, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_golden(sessions)
    monkeypatch.setenv("SWITCHBOARD_DATABASE_URL", database_url)
    result = await asyncio.to_thread(CliRunner().invoke, erp, ["extract"])
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.output.splitlines()] == [
        ["embedded", "customers", "2", "done"], ["embedded", "products", "2", "done"],
        ["embedded", "orders", "6", "done"],
    ]  # fmt: skip
