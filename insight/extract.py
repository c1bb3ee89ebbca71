"""From the event table to the warehouse: what is new, conversation by conversation, in batches that may be interrupted.

A run first notes the horizon: every transaction before it is over, so whatever such a one wrote can be read. The next
run reads all that was written at the horizon or later. What is read twice changes nothing, since a conversation is
always made anew from all of its events.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import adbc_driver_postgresql.dbapi
from adbc_driver_manager.dbapi import Connection

from crm_core.errors import Conflict
from insight import extract_sql as sql
from insight.dimensions import Calendars, copy_dimensions
from insight.rollups import by_whole_days, rollup_statement
from insight.warehouse import Manifest, Run, Warehouse, connect, naive_utc, selected, staged
from insight.warehouse_tables import STORIES, TABLES

_ROLLUP = rollup_statement({
    "segment": "all_fact_segment", "run": "all_fact_run", "conversation_fact": "all_fact_conversation",
})  # fmt: skip
BATCH = 60_000  # conversations


@dataclass(frozen=True, slots=True)
class Progress:
    """Conversations: so many done of so many."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Source:
    """A database to read, and what the company's calendars say."""

    url: str
    calendars: Calendars
    batch: int = BATCH


Tell = Callable[[Progress], None]


def extract(source: Source, warehouse: Warehouse, now: datetime, tell: Tell, *, full: bool = False) -> Manifest:
    """Bring the warehouse up to date, or finish what an earlier run left undone. Raises Conflict beside another one."""
    with _reading(source.url) as reader:
        manifest = _begin(reader, warehouse.manifest(), now, full=full)
        warehouse.swap(manifest)
        warehouse.sweep()
        run = manifest.run
        assert run is not None  # noqa: S101 - we just began it
        ids = reader.numbers(sql.touched(run.since))
        left = [each for each in ids if each > run.done]
        tell(Progress(len(ids) - len(left), len(ids)))
        for batch in _batches(left, source.batch):
            manifest = _Batch(reader, warehouse, manifest).carry_out(batch)
            tell(Progress(ids.index(batch[-1]) + 1, len(ids)))
        return _end(reader, warehouse, manifest, source.calendars)


def _begin(reader: "Reader", manifest: Manifest, now: datetime, *, full: bool) -> Manifest:
    horizon, cluster = reader.row(sql.HORIZON)
    if full or manifest.cluster != cluster:  # another database: transaction ids mean nothing
        manifest = Manifest(cluster=str(cluster))
    if manifest.run is not None:
        return manifest
    return replace(manifest, run=Run(int(str(horizon)), manifest.cursor, now.isoformat()))


def _end(reader: "Reader", warehouse: Warehouse, manifest: Manifest, calendars: Calendars) -> Manifest:
    run = manifest.run
    assert run is not None  # noqa: S101 - it is ending
    manifest = _presence(reader, warehouse, manifest)
    manifest = copy_dimensions(reader, warehouse, manifest, calendars)
    manifest = replace(manifest, cursor=run.horizon, extracted_at=run.began_at, run=None)
    warehouse.swap(manifest)
    return manifest


def _presence(reader: "Reader", warehouse: Warehouse, manifest: Manifest) -> Manifest:
    """All of it anew: a few rows an agent and day."""
    reader.load("presence", sql.PRESENCE)
    name = "fact_presence_interval"
    files = staged(reader.duckdb, warehouse, name, "select *, cast(started_at as date) as day from presence")
    return manifest.with_parts(name, {**{day: [] for day in manifest.tables.get(name, {})}, **files})


def _batches(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


class Reader:
    """PostgreSQL on one side, DuckDB on the other; rows pass between them as Arrow, untouched by Python."""

    def __init__(self, source: Connection) -> None:
        self._source = source
        self.duckdb = connect()

    def load(self, name: str, statement: str, made: str = "select * from incoming") -> None:
        """A table of what the statement brings; `made` says how, while it comes."""
        with self._source.cursor() as cursor:
            cursor.execute(statement)
            self.duckdb.register("incoming", cursor.fetch_arrow())
            self.duckdb.execute(f"create or replace temp table {name} as {made}")
            self.duckdb.unregister("incoming")

    def row(self, statement: str) -> tuple[object, ...]:
        self.load("one_row", statement)
        (found,) = self.duckdb.execute("select * from one_row").fetchall()
        return tuple(found)

    def numbers(self, statement: str) -> list[int]:
        self.load("numbers", statement)
        return [int(each) for (each,) in self.duckdb.execute("select id from numbers order by id").fetchall()]


@contextmanager
def _reading(url: str) -> Iterator[Reader]:
    with adbc_driver_postgresql.dbapi.connect(url, autocommit=True) as source:
        reader = Reader(source)
        try:
            (is_ours,) = reader.row(sql.LOCK)
            if not is_ours:
                raise Conflict("Another extraction is under way: wait until it is done.")
            yield reader
        finally:
            reader.duckdb.close()


class _Batch:
    """Some conversations: their facts anew, the days these fall on written again, the manifest swapped."""

    def __init__(self, reader: Reader, warehouse: Warehouse, manifest: Manifest) -> None:
        self._reader, self._warehouse, self._manifest = reader, warehouse, manifest
        self._duckdb = reader.duckdb

    def carry_out(self, ids: Sequence[int]) -> Manifest:
        self._read(ids)
        for name, statement in sql.FACTS.items():
            day = STORIES[name].day
            self._duckdb.execute(
                f"create or replace temp table new_{name} as select *, cast({day} as date) as day from ({statement})"
            )
        manifest = self._manifest
        days = self._days()
        for name in STORIES:
            self._merge(name, days)
            manifest = manifest.with_parts(name, self._written(name, days, f"select * from all_{name}"))
        self._roll_up()
        manifest = manifest.with_parts("rollup", self._written("rollup", days, "select * from rolled_up"))
        months = sorted({f"{day[:7]}-01" for day in days})
        by_day = by_whole_days(self._warehouse, manifest, months)
        manifest = manifest.with_parts("rollup_day", self._written("rollup_day", months, by_day))
        run = manifest.run
        assert run is not None  # noqa: S101 - a batch belongs to a run
        manifest = replace(manifest, run=replace(run, done=ids[-1]))
        self._warehouse.swap(manifest)
        return manifest

    def _read(self, ids: Sequence[int]) -> None:
        self._duckdb.execute("create or replace temp table batch as select unnest($ids) as id", {"ids": list(ids)})
        self._reader.load("told", sql.told(ids), sql.TYPED)
        self._reader.load("known", sql.known(ids))
        (bounds,) = self._duckdb.execute(sql.CLOSED_BETWEEN).fetchall()
        self._reader.load("entered", sql.entered(bounds))
        self._duckdb.execute(sql.STORY)
        self._duckdb.execute(sql.DIMENSION)

    def _days(self) -> list[str]:
        """Those of the new facts, and those of the facts that these conversations had before."""
        found: set[str] = set()
        for name in STORIES:
            was = selected(self._manifest, name, self._warehouse.folder)
            rows = self._duckdb.execute(
                f"select distinct cast(day as varchar) from new_{name} union "
                f"select distinct cast(day as varchar) from ({was}) where conversation_id in (select id from batch)"
            ).fetchall()
            found.update(day for (day,) in rows)
        return sorted(found)

    def _merge(self, name: str, days: Sequence[str]) -> None:
        columns = ", ".join([*TABLES[name].columns, "day"])
        was = selected(self._manifest, name, self._warehouse.folder, days)
        self._duckdb.execute(
            f"create or replace temp view all_{name} as select {columns} from ({was}) "
            f"where conversation_id not in (select id from batch) union all select {columns} from new_{name}"
        )

    def _roll_up(self) -> None:
        """As of the beginning of the run: who waited then still waits in these figures."""
        run = self._manifest.run
        assert run is not None  # noqa: S101 - a batch belongs to a run
        bounds = {"since": datetime.min, "until": datetime.max}  # noqa: DTZ901 - as the files: UTC without a zone
        as_of = naive_utc(datetime.fromisoformat(run.began_at))
        self._duckdb.execute(f"create or replace temp table rolled_up as {_ROLLUP}", {**bounds, "as_of": as_of})

    def _written(self, name: str, days: Sequence[str], statement: str) -> dict[str, list[str]]:
        return {**{day: [] for day in days}, **staged(self._duckdb, self._warehouse, name, statement)}
