"""The night's extraction: once, by one, and tried again when it failed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from bot.warehousing import NightlyWarehouse
from crm_core.db import Sessions
from insight.extract import Source
from insight.extract_sql import LOCK
from insight.warehouse import Warehouse
from tests.support.simulated_day import write_events
from tests.support.warehouse import OFFICE, later_day, source

NIGHT = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)  # ten past three in Madrid


def nightly(url: str, folder: Path) -> NightlyWarehouse:
    return NightlyWarehouse(lambda: source(url), Warehouse(folder), ZoneInfo("Europe/Madrid"))


async def test_it_is_done_once_a_night(database_url: str, tmp_path: Path) -> None:
    night = nightly(database_url, tmp_path)
    done = [
        await night.extract_if_due(NIGHT + timedelta(minutes=minutes))
        for minutes in (-20, 0, 10, 24 * 60, 24 * 60 + 10)
    ]
    assert done == [False, True, False, True, False]


async def test_while_another_extracts_it_waits(database_url: str, tmp_path: Path) -> None:
    night = nightly(database_url, tmp_path)
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute(LOCK)
        assert not await night.extract_if_due(NIGHT)
    assert await night.extract_if_due(NIGHT)


async def test_a_database_that_is_away_is_tried_again(database_url: str, tmp_path: Path) -> None:
    night = nightly(database_url, tmp_path)
    away = replace(night, source=lambda: source("postgresql://nobody@localhost:1/nothing"))
    assert not await away.extract_if_due(NIGHT)
    assert await night.extract_if_due(NIGHT)


async def test_hours_that_were_set_by_day_hold_by_night(sessions: Sessions, database_url: str, tmp_path: Path) -> None:
    await write_events(sessions, later_day(0).told)
    calendars = {"office": OFFICE}
    night = replace(nightly(database_url, tmp_path), source=lambda: Source(database_url, dict(calendars)))
    await night.extract_if_due(NIGHT)
    calendars["evening"] = OFFICE
    await night.extract_if_due(NIGHT + timedelta(days=1))
    with Warehouse(tmp_path).open() as warehouse:
        rows = warehouse.execute("select distinct calendar from dim_slot order by 1").fetchall()
    assert rows == [("evening",), ("office",)]
