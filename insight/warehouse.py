"""The folder of the warehouse: Parquet files that never change, and a manifest that says which of them count.

A new version of a table's day is a new file; the manifest is swapped in one step, so whoever reads sees the old state
or the new one. What no manifest names is left over from a crash and is swept away.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

import duckdb

from crm_core.errors import SetupRequired
from insight.warehouse_tables import TABLES, typed_nothing

MANIFEST, STAGING, VIEWS = "manifest.json", "staging", "views.sql"
THE_ONE = "all"  # the part of a table that is a single file
LAYOUT = 1  # counts up when a table changes, so that an old folder is filled anew
_TRIES = 5
Parts = Mapping[str, Sequence[str]]  # part (a day, or THE_ONE) to its files, relative to the folder


@dataclass(frozen=True, slots=True)
class Run:
    """An extraction under way. `since` and `horizon` are transaction ids; `done` is the last finished conversation."""

    horizon: int
    since: int | None
    began_at: str
    done: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """`cursor`: whatever was written by this transaction or a later one is still to be read."""

    layout: int = LAYOUT
    cluster: str = ""
    cursor: int | None = None
    extracted_at: str | None = None
    run: Run | None = None
    marks: Mapping[str, str] = field(default_factory=dict)  # what copies of other tables were made from
    tables: Mapping[str, Parts] = field(default_factory=dict)

    def files(self, table: str, parts: Sequence[str] | None = None) -> list[str]:
        known = self.tables.get(table, {})
        return [name for part in sorted(known) if parts is None or part in parts for name in known[part]]

    def named(self) -> set[str]:
        """Every file that counts."""
        return {name for parts in self.tables.values() for files in parts.values() for name in files}

    def with_parts(self, table: str, changed: Parts) -> "Manifest":
        """With these parts instead of what they were; a part without files is gone."""
        parts = {part: files for part, files in {**self.tables.get(table, {}), **changed}.items() if files}
        return replace(self, tables={**self.tables, table: parts})

    def as_json(self) -> str:
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return json.dumps({**told, "run": asdict(self.run) if self.run else None}, indent=1)

    @property
    def as_of(self) -> datetime | None:
        return datetime.fromisoformat(self.extracted_at) if self.extracted_at else None


class Warehouse:
    """One folder. Any number may read; one writes (the extraction holds a lock of the database)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifest(self) -> Manifest:
        path = self.folder / MANIFEST
        if not path.exists():
            return Manifest()
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.get("layout") != LAYOUT:
            return Manifest()
        run = Run(**told["run"]) if told["run"] else None
        return Manifest(**{**told, "run": run})

    def swap(self, manifest: Manifest) -> None:
        """From now on this manifest counts; what it no longer names is removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        before = self.manifest().named()
        self._replace(VIEWS, views_sql(manifest, self.folder.resolve()))
        self._replace(MANIFEST, manifest.as_json())
        for name in before - manifest.named():
            (self.folder / name).unlink(missing_ok=True)

    def _replace(self, name: str, content: str) -> None:
        fresh = self.folder / f"{name}.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / name)

    def sweep(self) -> None:
        """Remove what a run that was killed left behind; only who writes may."""
        named = self.manifest().named()
        for path in self.folder.rglob("*.parquet"):
            if path.relative_to(self.folder).as_posix() not in named:
                path.unlink(missing_ok=True)

    def adopt(self, table: str, staged: Path) -> dict[str, list[str]]:
        """Move what was staged to its place, on disk for good; the files by part."""
        found: dict[str, list[str]] = {}
        version = uuid4().hex[:12]
        for number, path in enumerate(sorted(staged.rglob("*.parquet"))):
            part = path.parent.name.partition("=")[2] or THE_ONE
            place = Path(table) / (f"day={part}" if part != THE_ONE else "") / f"{version}-{number}.parquet"
            (self.folder / place).parent.mkdir(parents=True, exist_ok=True)
            _to_disk(path)
            path.replace(self.folder / place)
            found.setdefault(part, []).append(place.as_posix())
        return found

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection in memory with a view for each table. Raises SetupRequired while nothing was extracted."""
        if self.manifest().extracted_at is None:
            raise SetupRequired("The warehouse is empty: run `python -m bot insight extract` first.")
        connection = connect()
        try:
            self._show(connection)
            yield connection
        finally:
            connection.close()

    def _show(self, connection: duckdb.DuckDBPyConnection) -> None:
        """A swap may remove a file between our look at the manifest and at the file: then look again."""
        for attempt in range(_TRIES):
            try:
                show(connection, self.manifest(), self.folder)
            except duckdb.IOException:
                if attempt == _TRIES - 1:
                    raise
            else:
                return


def connect() -> duckdb.DuckDBPyConnection:
    """In memory, all times in UTC; the footers of Parquet files are kept, since files never change."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'; set enable_progress_bar = false; set parquet_metadata_cache = true")
    return connection


def show(connection: duckdb.DuckDBPyConnection, manifest: Manifest, folder: Path) -> None:
    for name in TABLES:
        connection.execute(f"create or replace view {name} as {selected(manifest, name, folder)}")


def selected(manifest: Manifest, name: str, folder: Path, parts: Sequence[str] | None = None) -> str:
    """A select of the table as the manifest has it, `day` beside the columns of what is parted by day."""
    files = manifest.files(name, parts)
    if not files:
        return typed_nothing(TABLES[name])
    place = folder.as_posix()
    listed = ", ".join(f"'{place}/{file}'" for file in files)
    hive = ", hive_partitioning = true, hive_types = {'day': date}" if TABLES[name].day else ""
    return f"select * from read_parquet([{listed}]{hive})"


def staged(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, name: str, statement: str
) -> dict[str, list[str]]:
    """The rows of a statement as files of a table, in their place though no manifest names them yet."""
    place: Path = warehouse.folder / STAGING / name
    rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    parted = "partition_by (day), " if TABLES[name].day else ""
    target = place if parted else place / "all.parquet"
    connection.execute(f"copy ({statement}) to '{target}' (format parquet, {parted}compression zstd)")
    return warehouse.adopt(name, place)


def views_sql(manifest: Manifest, folder: Path) -> str:
    """For `duckdb -init views.sql` and any other tool that speaks DuckDB."""
    return "".join(f"create or replace view {name} as {selected(manifest, name, folder)};\n" for name in TABLES)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def naive_utc(moment: datetime) -> datetime:
    """As the files hold it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
