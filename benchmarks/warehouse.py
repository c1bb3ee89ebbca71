"""The warehouse: figures of 5 million interactions, the view of one day, and extracting 10,000 and 1 million events.

The interactions are drawn straight into Parquet: a year of 15-minute slots, four channels, five queues, the rollups
made by the code of the extraction. The events are simulated days, copied and shifted until there are enough.
`load`: the 1-minute load average while it was measured; above the number of cores all figures are too high.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median

import duckdb
import psycopg

from benchmarks.report import tell
from crm_core.db import open_engine, open_sessions
from crm_core.reporting import Period, Question
from insight.extract import Source, extract
from insight.history import read_parts, read_states
from insight.rollups import by_whole_days, rollup_statement
from insight.warehouse import Manifest, Warehouse, connect, naive_utc, staged
from insight.warehouse_tables import TABLES, typed_nothing
from tests.support.postgres import migrated_database, running_postgres
from tests.support.simulated_day import simulated_day, write_events

SEED, DAYS, ROUNDS = 5, 365, 7
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF = FIRST + timedelta(days=2 * DAYS)
ABOUT = """
    (['service', 'returns', 'billing', 'sales', 'repairs'])[1 + number % 5] as queue,
    (['phone', 'email', 'webchat', 'telegram'])[1 + number // 5 % 4] as channel,
    (['en', 'ru', 'es'])[1 + number // 7 % 3] as language, 'intent_' || number // 11 % 15 as intent,
    cast(1 + number // 13 % 50 as varchar) as agent
"""
DRAWN = f"""
create or replace temp table drawn as
select number, {ABOUT},
       timestamp '2026-01-01' + to_seconds(cast(number * {DAYS * 86_400} / $many as bigint)) as came_at,
       -ln(1 - random()) * 45 as wait_s, -ln(1 - random()) * 240 as handle_s, random() as fate
from range($first, $last) t(number)
"""
MADE = {
    "fact_segment": """
        select number as conversation_id, 1 as number, number as contact_id, queue, channel, language, intent,
               case when fate > 0.08 then agent end as agent, came_at as queued_at,
               case when fate > 0.08 then came_at + to_microseconds(cast(wait_s * 1e6 as bigint)) end as answered_at,
               case when fate <= 0.08 then came_at + to_microseconds(cast(wait_s * 1e6 as bigint)) end as left_at,
               came_at + to_microseconds(cast((wait_s + handle_s) * 1e6 as bigint)) as ended_at, 'closed' as ended_how,
               1 as offers, 0 as declines, 30 as p50_s, 70 as p80_s from drawn""",
    "fact_run": """
        select number as conversation_id, queue, channel, language, intent, agent, came_at as began_at,
               true as is_first, came_at + to_microseconds(cast(wait_s * 1e6 as bigint)) as replied_at from drawn""",
    "fact_conversation": """
        select number as conversation_id, number as contact_id, queue, channel, language, intent, agent,
               came_at as opened_at,
               came_at + to_microseconds(cast((wait_s + handle_s) * 1e6 as bigint)) as closed_at,
               closed_at as first_solved_at, closed_at as last_solved_at, 0 as reopens, false as is_open,
               true as is_human, true as has_bot, fate > 0.5 as is_surveyed,
               case when fate > 0.7 then 1 + number % 5 end as score from drawn""",
}


def drawn_warehouse(folder: Path, many: int) -> Warehouse:
    """A month at a time, so that memory does not grow with the year."""
    warehouse, manifest = Warehouse(folder), Manifest(extracted_at=AS_OF.isoformat(), cluster="drawn")
    connection = connect()
    connection.execute(f"select setseed({SEED / 100})").fetchall()
    months = [many * month // 12 for month in range(13)]
    for first, last in pairwise(months):
        connection.execute(DRAWN, {"many": many, "first": first, "last": last})
        manifest = _month(connection, warehouse, manifest)
    for month in sorted({f"{day[:7]}-01" for day in manifest.tables["rollup"]}):
        by_day = staged(connection, warehouse, "rollup_day", by_whole_days(warehouse, manifest, [month]))
        manifest = manifest.with_parts("rollup_day", by_day)
    warehouse.swap(manifest)
    return warehouse


def _month(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, manifest: Manifest) -> Manifest:
    for name, statement in MADE.items():
        connection.execute(f"create or replace temp table all_{name} as {typed_nothing(TABLES[name])}")
        connection.execute(f"insert into all_{name} by name {statement}")
        connection.execute(f"update all_{name} set day = cast({TABLES[name].day} as date)")
        manifest = _added(manifest, name, staged(connection, warehouse, name, f"select * from all_{name}"))
    bounds = {"since": naive_utc(FIRST), "until": naive_utc(AS_OF), "as_of": naive_utc(AS_OF)}
    tables = {"segment": "all_fact_segment", "run": "all_fact_run", "conversation_fact": "all_fact_conversation"}
    connection.execute(f"create or replace temp table rolled as {rollup_statement(tables)}", bounds)
    return _added(manifest, "rollup", staged(connection, warehouse, "rollup", "select * from rolled"))


def _added(manifest: Manifest, name: str, files: dict[str, list[str]]) -> Manifest:
    """A day on which a month of the drawing ends and the next one begins has files of both."""
    known = manifest.tables.get(name, {})
    return manifest.with_parts(name, {day: [*known.get(day, []), *found] for day, found in files.items()})


def seconds_of(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return median(taken)


def asked(period: Period) -> Question:
    return Question(period, period.earlier(timedelta(weeks=1)), AS_OF, "UTC")


def measure_history(folder: Path, many: int) -> dict[str, object]:
    year = Period(FIRST, FIRST + timedelta(days=DAYS))
    day = Period(FIRST + timedelta(days=200), FIRST + timedelta(days=201))
    with drawn_warehouse(folder, many).open() as warehouse:
        offered = read_states(warehouse, asked(year), year)["offered"]
        assert offered == many, offered
        return {
            "kpi_5m_s": round(seconds_of(lambda: read_states(warehouse, asked(year), year)), 3),
            "day_view_ms": round(
                1000 * seconds_of(lambda: read_parts(warehouse, asked(day), ("queue", "channel", "slot"))), 1
            ),
        }


MULTIPLY = """
insert into event (at, conversation_id, contact_id, kind, actor, data)
select at + make_interval(days => g), conversation_id + g * 10000, contact_id + g * 10000, kind, actor, data
from event, generate_series(1, %(times)s) g order by g, id limit %(missing)s
"""


def fill_events(url: str, wanted: int) -> None:
    async def write() -> int:
        engine = open_engine(url, pool_size=1)
        told = simulated_day(SEED, contacts=900, agents=14).told
        await write_events(open_sessions(engine), told)
        await engine.dispose()
        return len(told)

    written = asyncio.run(write())
    with psycopg.connect(url, autocommit=True) as connection:
        missing = wanted - written
        connection.execute(MULTIPLY, {"times": missing // written + 1, "missing": missing})
        connection.execute("vacuum analyze event")


def measure_extraction(folder: Path, events: int, fresh: int) -> dict[str, object]:
    with running_postgres(folder, fast=False) as server:
        url = migrated_database(server, "warehouse")
        fill_events(url, events)
        source, warehouse = Source(url, {}, 200_000), Warehouse(folder / "warehouse")

        def run() -> None:
            extract(source, warehouse, AS_OF, lambda _: None)

        whole_s = seconds_of(run, 1)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("insert into event (at, conversation_id, contact_id, kind, actor, data)"
                               " select at + interval '400 days', conversation_id + 100000000, contact_id + 100000000,"
                               " kind, actor, data from event order by id limit %s", [fresh])  # fmt: skip
        return {"extract_10k_s": round(seconds_of(run, 1), 2), "extract_1m_s": round(whole_s, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    quick = parser.parse_args().quick
    many, events, fresh = (500_000, 100_000, 1_000) if quick else (5_000_000, 1_000_000, 10_000)
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        folder.chmod(0o711)
        figures = measure_history(folder / "history", many) | {"load": round(os.getloadavg()[0], 1)}
        figures |= measure_extraction(folder / "extraction", events, fresh) | {"load": round(os.getloadavg()[0], 1)}
    tell(figures, n=many, seed=SEED)


if __name__ == "__main__":
    main()
