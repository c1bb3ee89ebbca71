"""Rows of a file as records of the tables; each row is good by itself or reported by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from crm_core.erp.csv_cells import Cell, CellError
from crm_core.erp.csv_kinds import Column, Kind, KindName, kind_of
from crm_core.erp.csv_reading import Problem, Sheet, UnreadableFile, read_sheet

Value = Cell | dict[str, Cell] | None
Key = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One good row: the table's columns, and where it stood."""

    line: int
    key: Key
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file holds."""

    file: str
    kind: Kind
    records: tuple[Record, ...]
    problems: tuple[Problem, ...]


def parse_file(path: Path) -> Parsed | Problem:
    """A Problem when nothing of it can be used."""
    try:
        return parse_content(path.name, path.read_bytes())
    except OSError as error:
        return Problem(path.name, 1, f"cannot be read ({error.strerror}); check the path and the permissions")


def parse_content(file: str, content: bytes) -> Parsed | Problem:
    try:
        sheet = read_sheet(content)
        kind = _kind(file, sheet.headings)
    except UnreadableFile as error:
        return Problem(file, error.line, error.sentence)
    return _Reader(file, kind, sheet).parsed()


def _kind(file: str, headings: tuple[str, ...]) -> Kind:
    kind = kind_of(Path(file).stem, headings)
    if kind is None:
        names = ", ".join(KindName)
        raise UnreadableFile(1, f"it is not clear what this file holds; put one of {names} into its name")
    missing = sorted(kind.required - set(headings))
    if missing:
        raise UnreadableFile(
            1, f"a file of {kind.name} needs the column {' and '.join(missing)}; add it to the first line"
        )
    twice = next((heading for heading in headings if headings.count(heading) > 1), None)
    if twice is not None:
        raise UnreadableFile(1, f"the column “{twice}” stands twice; leave one of them out")
    return kind


class _Reader:
    """Reads the rows of one sheet, and keeps the problems."""

    def __init__(self, file: str, kind: Kind, sheet: Sheet) -> None:
        self._file, self._kind, self._sheet = file, kind, sheet
        self._columns = [kind.column(heading) for heading in sheet.headings]
        self._lines_of_keys: dict[Key, int] = {}
        self._positions: dict[Value, int] = {}

    def parsed(self) -> Parsed:
        problems = [self._unknown(heading) for heading, column in self._headed() if column is None]
        records: list[Record] = []
        for line, cells in self._sheet.rows:
            try:
                records.append(self._record(line, cells))
            except CellError as error:
                problems.append(Problem(self._file, line, str(error)))
        return Parsed(self._file, self._kind, tuple(records), tuple(problems))

    def _headed(self) -> list[tuple[str, Column | None]]:
        return list(zip(self._sheet.headings, self._columns, strict=True))

    def _unknown(self, heading: str) -> Problem:
        sentence = f"the column “{heading}” is not known and was left out; see docs/erp/csv.md for the columns"
        return Problem(self._file, 1, sentence, is_remark=True)

    def _record(self, line: int, cells: tuple[str, ...]) -> Record:
        if len(cells) != len(self._columns):
            raise CellError(
                f"{len(cells)} cells under {len(self._columns)} headings; put a text with a separator in it into quotes"
            )
        values: dict[str, Value] = {}
        for column, text in zip(self._columns, cells, strict=True):
            if column is not None:
                _put(values, column, text)
        if self._kind.name is KindName.LINES and values.get("position") is None:
            values["position"] = self._next_position(values["order_number"])
        key = cast("Key", tuple(values[name] for name in self._kind.key))
        first_line = self._lines_of_keys.setdefault(key, line)
        if first_line != line:
            said = " / ".join(map(str, key))
            raise CellError(f"{said} stands in line {first_line} already; leave one of the two out")
        return Record(line, key, values)

    def _next_position(self, order: Value) -> int:
        self._positions[order] = self._positions.get(order, 0) + 1
        return self._positions[order]


def _put(values: dict[str, Value], column: Column, text: str) -> None:
    if column.required and not text:
        raise CellError(f"{column.name} is empty; every row needs it")
    try:
        cell = column.parse(text) if text else None
    except CellError as error:
        raise CellError(f"{column.name}: {error}") from error
    name, _, part = column.field.partition(".")
    if not part:
        values[name] = cell
        return
    whole = cast("dict[str, Cell]", values.setdefault(name, {}))
    if cell is not None:
        whole[part] = cell
