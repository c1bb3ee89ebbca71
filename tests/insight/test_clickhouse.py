"""The next size up: what the papers promise of the layout, asked of DuckDB, and of ClickHouse where it is installed."""

import re
from pathlib import Path

import pytest

from config.settings import ROOT
from crm_core.db import Sessions
from insight.warehouse import Manifest, Warehouse
from insight.warehouse_tables import TABLES, clickhouse_ddl
from tests.support.simulated_day import write_events
from tests.support.warehouse import fill, later_day


def promised_statement() -> str:
    """The one that stands in the papers."""
    return re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "warehouse.md").read_text(), re.DOTALL)[0]


@pytest.fixture
async def folder(sessions: Sessions, database_url: str, tmp_path: Path) -> Path:
    for number in range(3):
        await write_events(sessions, later_day(number).told)
    fill(database_url, tmp_path)
    return tmp_path


def in_duckdb(folder: Path) -> list[tuple[str, float, float, float]]:
    with Warehouse(folder).open() as warehouse:
        rows = warehouse.execute(promised_statement()).fetchall()
    return [(str(day), float(offered), float(soon), float(asa_s)) for day, offered, soon, asa_s in rows]


async def test_the_statement_of_the_papers_runs_in_duckdb(folder: Path) -> None:
    days = in_duckdb(folder)
    assert [day for day, *_ in days] == ["2026-11-23", "2026-11-24", "2026-11-25"]
    assert all(offered >= soon >= 0 <= asa_s for _, offered, soon, asa_s in days)
    assert sum(soon for _, _, soon, _ in days) > 0


async def test_clickhouse_reads_the_same_files_and_says_the_same(folder: Path, tmp_path: Path) -> None:
    session = pytest.importorskip("chdb.session").Session(str(tmp_path / "clickhouse"))
    manifest: Manifest = Warehouse(folder).manifest()
    session.query("create database w; use w")
    for name, table in TABLES.items():
        session.query(clickhouse_ddl(name))
        columns = ", ".join(table.columns)
        for file in manifest.files(name):
            session.query(f"insert into {name} select {columns} from file('{folder / file}', Parquet)")
    told = str(session.query(promised_statement(), "TabSeparated")).strip().splitlines()
    found = [(day, *map(float, numbers)) for day, *numbers in (line.split("\t") for line in told)]
    session.close()
    for (day, *numbers), (twin, *others) in zip(found, in_duckdb(folder), strict=True):
        assert (day, numbers) == (twin, pytest.approx(others))
    assert len(found) == 3
