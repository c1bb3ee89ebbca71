"""Rosters and earlier contacts from CSV files: every line that cannot be used is told, and then nothing is taken."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from fastapi import Request

from crm_core.erp.csv_reading import Sheet, UnreadableFile, read_sheet
from crm_core.errors import TooLarge
from crm_core.planning import SLOT_S, SLOTS, Slots
from crm_core.rosters import LONGEST, Person, Shift
from desk.words import Words

MOST_BYTES = 4_000_000
MOST_TOLD = 50
MOST_CONTACTS = 1_000_000
FORMATS = (
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M",
)
Row = TypeVar("Row")
Lines = list[tuple[int, Shift]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line, what is wrong with it (`planning.file.…`), and what is put into the sentence."""

    line: int
    key: str
    value: str = ""

    def said(self, words: Words) -> str:
        return words("planning.file.line", line=self.line, what=words(f"planning.file.{self.key}", value=self.value))


class WrongFile(Exception):
    """Nothing of it was taken."""

    def __init__(self, problems: Sequence[Wrong]) -> None:
        super().__init__("The file has mistakes.")
        self.problems = tuple(problems)


class _WrongCell(ValueError):
    def __init__(self, key: str, value: str) -> None:
        super().__init__(key)
        self.key, self.value = key, value


async def read_body(request: Request) -> bytes:
    """Raises TooLarge."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise TooLarge("The file is too large: 4 MB are the limit.")
    return bytes(content)


def roster_in(content: bytes, people: Sequence[Person], queues: Mapping[str, str], zone: ZoneInfo) -> Lines:
    """By line. Columns: person (name or e-mail), start, end, and if there is one queues. Raises WrongFile."""
    sheet = _sheet(content, ("person", "start", "end"))

    def parse(cells: Mapping[str, str]) -> Shift:
        starts, ends = _moment(cells["start"], zone), _moment(cells["end"], zone)
        if not timedelta(0) < ends - starts <= LONGEST:
            raise _WrongCell("impossible", f"{cells['start']} – {cells['end']}")
        return Shift(_person(cells["person"], people), starts, ends, _queues(cells.get("queues", ""), queues))

    rows = _each(sheet, parse)
    _refuse_overlaps(rows)
    return rows


def _refuse_overlaps(rows: Sequence[tuple[int, Shift]]) -> None:
    by_person: defaultdict[int, list[tuple[int, Shift]]] = defaultdict(list)
    found = []
    for line, shift in rows:
        others = by_person[shift.user_id]
        found += [Wrong(line, "overlaps", str(other)) for other, known in others if known.overlaps(shift)][:1]
        others.append((line, shift))
    if found:
        raise WrongFile(found)


def arrivals_in(content: bytes, today: date) -> dict[date, Slots]:
    """Columns: DateTime by the company's clock, and Calls; slots of half an hour or shorter. Raises WrongFile."""
    sheet = _sheet(content, ("datetime", "calls"))
    days: defaultdict[date, list[float]] = defaultdict(lambda: [0.0] * SLOTS)
    for _, (at, calls) in _each(sheet, lambda cells: _counted(cells, today)):
        days[at.date()][(at.hour * 3600 + at.minute * 60) // SLOT_S] += calls
    return {on: tuple(counts) for on, counts in days.items()}


def _counted(cells: Mapping[str, str], today: date) -> tuple[datetime, float]:
    at = _clock(cells["datetime"])
    if at.date() >= today:
        raise _WrongCell("not_past", cells["datetime"])
    try:
        calls = float(cells["calls"].replace(",", "."))
    except ValueError as error:
        raise _WrongCell("no_number", cells["calls"]) from error
    if not 0 <= calls <= MOST_CONTACTS:
        raise _WrongCell("no_number", cells["calls"])
    return at, calls


def _sheet(content: bytes, needed: Sequence[str]) -> Sheet:
    try:
        sheet = read_sheet(content)
    except UnreadableFile as error:
        raise WrongFile([Wrong(error.line, "unreadable")]) from error
    missing = [name for name in needed if name not in sheet.headings]
    if missing:
        raise WrongFile([Wrong(1, "columns", ", ".join(missing))])
    if not sheet.rows:
        raise WrongFile([Wrong(1, "empty")])
    return sheet


def _each(sheet: Sheet, parse: Callable[[Mapping[str, str]], Row]) -> list[tuple[int, Row]]:
    """All rows, or all that is wrong with them."""
    rows, problems = list[tuple[int, Row]](), list[Wrong]()
    for line, cells in sheet.rows:
        try:
            rows.append((line, parse(_named(sheet, cells))))
        except _WrongCell as error:
            problems.append(Wrong(line, error.key, error.value[:60]))
    if problems:
        raise WrongFile(problems)
    return rows


def _named(sheet: Sheet, cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(sheet.headings):
        raise _WrongCell("cells", str(len(sheet.headings)))
    return dict(zip(sheet.headings, cells, strict=True))


def _person(written: str, people: Sequence[Person]) -> int:
    """By e-mail address, or by a name that only one has."""
    wanted = written.casefold()
    found = [each.id for each in people if each.email.casefold() == wanted]
    found = found or [each.id for each in people if each.name.casefold() == wanted]
    if len(found) != 1:
        raise _WrongCell("ambiguous" if found else "nobody", written)
    return found[0]


def _queues(written: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """Keys or names, with spaces, | or / between keys."""
    by_name = {name.casefold(): key for key, name in known.items()} | {key: key for key in known}
    whole = by_name.get(written.casefold())
    if whole is not None:
        return (whole,)
    found = []
    for part in written.replace("|", " ").replace("/", " ").split():
        if part.casefold() not in by_name:
            raise _WrongCell("no_queue", part)
        found.append(by_name[part.casefold()])
    return tuple(dict.fromkeys(found))


def _moment(written: str, zone: ZoneInfo) -> datetime:
    return _clock(written).replace(tzinfo=zone)


def _clock(written: str) -> datetime:
    for form in FORMATS:
        try:
            return datetime.strptime(written, form)  # noqa: DTZ007 - the wall clock of the company
        except ValueError:
            continue
    raise _WrongCell("no_time", written)
