"""The night's extraction: once, by one, and tried again when it failed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from bot.warehousing import NightlyWarehouse
from insight.extract_sql import LOCK
from insight.warehouse import Warehouse
from tests.support.warehouse import source

NIGHT = datetime(2026, 11, 24, 2, 10, tzinfo=UTC)  # ten past three in Madrid


def nightly(url: str, folder: Path) -> NightlyWarehouse:
    return NightlyWarehouse(source(url), Warehouse(folder), ZoneInfo("Europe/Madrid"))


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
    away = replace(night, source=source("postgresql://nobody@localhost:1/nothing"))
    assert not await away.extract_if_due(NIGHT)
    assert await night.extract_if_due(NIGHT)
