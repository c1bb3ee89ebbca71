"""Tables of the warehouse as files for other tools; in a CSV file nothing can turn into a formula."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import copyfileobj

import duckdb

from crm_core.errors import InvalidInput
from insight.warehouse_tables import TABLES, TEXT

BYTE_ORDER_MARK = "\ufeff".encode()  # else Excel takes Cyrillic for Latin 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """A table, for some days if it has days; `risky`: what makes a spreadsheet compute a cell when it begins so."""

    table: str
    first: date | None = None
    last: date | None = None
    risky: Sequence[str] = ()


def export(warehouse: duckdb.DuckDBPyConnection, wanted: Wanted, target: Path) -> int:
    """Write the file; how many rows it has. Its ending says what it is: .csv or .parquet. Raises InvalidInput."""
    if target.suffix not in (".csv", ".parquet"):
        raise InvalidInput("Name a file that ends in .csv or .parquet.")
    if not target.parent.is_dir():
        raise InvalidInput(f"There is no folder {target.parent}.")
    fresh = target.with_name(f".{target.name}.new")
    statement = selection(wanted, is_text=target.suffix == ".csv")
    options = "format csv, header true" if target.suffix == ".csv" else "format parquet, compression zstd"
    bounds = {name: day for name, day in (("first", wanted.first), ("last", wanted.last)) if f"${name}" in statement}
    ((count,),) = warehouse.execute(f"copy ({statement}) to '{_quoted(fresh)}' ({options})", bounds).fetchall()
    if target.suffix == ".csv":
        _mark(fresh)
    os.replace(fresh, target)  # noqa: PTH105 - in one step, over what was there
    return int(count)


def selection(wanted: Wanted, *, is_text: bool) -> str:
    table = TABLES[wanted.table]
    columns = ", ".join(
        _harmless(name, wanted.risky) if is_text and kind == TEXT else f'"{name}"'
        for name, kind in table.columns.items()
    )
    days = [
        f"day {sign} ${name}" for sign, name, day in ((">=", "first", wanted.first), ("<=", "last", wanted.last)) if day
    ]
    where = f" where {' and '.join(days)}" if days and table.day else ""
    return f"select {columns} from {wanted.table}{where}"


def _harmless(name: str, risky: Sequence[str]) -> str:
    """With an apostrophe before what a spreadsheet would compute."""
    codes = ", ".join(f"chr({ord(sign)})" for sign in risky)
    return f'case when left("{name}", 1) in ({codes}) then \'\'\'\' || "{name}" else "{name}" end as "{name}"'


def _mark(path: Path) -> None:
    marked = path.with_suffix(".marked")
    with path.open("rb") as plain, marked.open("wb") as file:
        file.write(BYTE_ORDER_MARK)
        copyfileobj(plain, file)
    marked.replace(path)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
