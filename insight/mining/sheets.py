"""CSV files for the mining functions: every row that cannot be used is told by its line, with what to do."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

from crm_core.erp.csv_cells import CellError, amount, day, yes_or_no
from crm_core.erp.csv_reading import Problem, Sheet, UnreadableFile, read_sheet
from crm_core.errors import InvalidInput, TooLarge
from insight.mining.rows import Campaign, ItemWeek, Lifetime, Outcomes, Sale, Traits

MOST_BYTES = 256 * 2**20
MOST_NAME = 120
MOSTLY = 0.95  # of a column's cells are numbers: then it is one of numbers, and the others are slips
IDS = ("id", "customer", "customer_id", "customerid")
Row = TypeVar("Row")
Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Read(Generic[Row]):
    """What could be used, and what could not."""

    rows: Row
    problems: tuple[Problem, ...]


class _Taken:
    """Rows of one sheet, the bad ones noted."""

    def __init__(self, path: Path, needed: Sequence[str] = ()) -> None:
        self._file, self.problems = path.name, list[Problem]()
        sheet = _sheet(path)
        missing = [name for name in needed if name not in sheet.headings]
        twice = [name for name, times in Counter(sheet.headings).items() if times > 1]
        if missing or twice:
            said = f"lacks the columns {', '.join(missing)}" if missing else f"has the column {twice[0]} twice"
            raise InvalidInput(f"{path.name} {said}. It has: {', '.join(sheet.headings)}.")
        self.headings = sheet.headings
        self.lines: list[tuple[int, Cells]] = []
        for line, cells in sheet.rows:
            if len(cells) == len(sheet.headings):
                self.lines.append((line, dict(zip(sheet.headings, cells, strict=True))))
            else:
                self.say(
                    line, f"{len(cells)} cells, but {len(sheet.headings)} headings; quote texts that hold the comma"
                )

    def say(self, line: int, sentence: str, *, is_remark: bool = False) -> None:
        self.problems.append(Problem(self._file, line, sentence, is_remark))

    def each(self, parse: Callable[[Cells], Row]) -> list[tuple[int, Row]]:
        found = []
        for line, cells in self.lines:
            try:
                found.append((line, parse(cells)))
            except CellError as error:
                self.say(line, str(error))
        return found

    def told(self) -> tuple[Problem, ...]:
        return tuple(sorted(self.problems, key=lambda problem: problem.line))


def _sheet(path: Path) -> Sheet:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TooLarge(f"{path.name} is larger than {MOST_BYTES // 2**20} MB: part it by years.")
        return read_sheet(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    except UnreadableFile as error:
        raise InvalidInput(f"{path.name}:{error.line}: {error.sentence}.") from error


def read_sales(path: Path, today: date) -> Read[list[Sale]]:
    """Columns: customer, date, amount; if there are, quantity, item and order. A line of an order twice is one."""
    taken, seen, found = _Taken(path, ("customer", "date", "amount")), dict[Sale, int](), list[Sale]()
    for line, sale in taken.each(lambda cells: _sale(cells, today)):
        before = seen.setdefault(sale, line)
        if before != line:
            said = f"the same as line {before}"
            taken.say(line, f"{said}; it is left out" if sale.order else f"{said}; both are counted", is_remark=True)
        if before == line or not sale.order:
            found.append(sale)
    return Read(found, taken.told())


def _sale(cells: Cells, today: date) -> Sale:
    return Sale(
        name_in(cells["customer"]), past_day(cells["date"], today), _number(cells, "amount"),
        _number(cells, "quantity", "1"), _optional_name(cells.get("item")),
        _optional_name(cells.get("order")),
    )  # fmt: skip


def read_item_weeks(path: Path, *, planned: bool = False) -> Read[list[ItemWeek]]:
    """Columns: item, week (a number), units, price; if there are, promotion and control_…; a plan needs no units."""
    taken = _Taken(path, ("item", "week", "price") if planned else ("item", "week", "units", "price"))
    controls = [name for name in taken.headings if name.startswith("control_")]
    seen, found = dict[tuple[str, int], int](), list[ItemWeek]()
    for line, row in taken.each(lambda cells: _item_week(cells, controls)):
        before = seen.setdefault((row.item, row.week), line)
        if before == line:
            found.append(row)
        else:
            taken.say(line, f"the item and week of line {before} again; it is left out")
    return Read(found, taken.told())


def _item_week(cells: Cells, controls: Sequence[str]) -> ItemWeek:
    promotion = _number(cells, "promotion", "0")
    if not 0 <= promotion <= 1:
        raise CellError("promotion is not between 0 and 1; write 1 for a promoted week, 0 for another")
    return ItemWeek(
        name_in(cells["item"]), _whole(cells["week"]), _positive(cells, "units", "0"), _positive(cells, "price"),
        promotion, tuple(_number(cells, name) for name in controls),
    )  # fmt: skip


def read_lifetimes(path: Path, today: date) -> Read[list[Lifetime]]:
    """Columns: started, ended (empty for who is still there)."""
    taken = _Taken(path, ("started", "ended"))
    return Read([lifetime for _, lifetime in taken.each(lambda cells: _lifetime(cells, today))], taken.told())


def _lifetime(cells: Cells, today: date) -> Lifetime:
    started = past_day(cells["started"], today)
    ended = past_day(cells["ended"], today) if cells["ended"] else None
    if ended is not None and ended < started:
        raise CellError("it ended before it started; exchange the dates or correct one")
    return Lifetime(started, ended)


def read_outcomes(path: Path, outcome: str) -> Read[Outcomes]:
    """A column for the person, one for the outcome (yes or no), and any others as traits: numbers or words."""
    traits, flags, problems = _people(path, (outcome,))
    return Read(Outcomes(traits, flags[outcome]), problems)


def read_campaign(path: Path, treated: str, outcome: str) -> Read[Campaign]:
    """As outcomes, with a column that says who was written to."""
    traits, flags, problems = _people(path, (treated, outcome))
    return Read(Campaign(traits, flags[treated], flags[outcome]), problems)


def _people(path: Path, flags: Sequence[str]) -> tuple[Traits, dict[str, list[bool]], tuple[Problem, ...]]:
    taken = _Taken(path, flags)
    key = next((name for name in IDS if name in taken.headings), None)
    if key is None:
        raise InvalidInput(f"{path.name} lacks a column that names the people: call it id.")
    others = [name for name in taken.headings if name not in {key, *flags}]
    numbers = [name for name in others if _is_numeric(taken.lines, name)]
    words = [name for name in others if name not in numbers]
    seen, people = dict[str, int](), list[_Person]()
    for line, person in taken.each(lambda cells: _person(cells, key, (flags, numbers, words))):
        before = seen.setdefault(person.id, line)
        if before == line:
            people.append(person)
        else:
            taken.say(line, f"the person of line {before} again; it is left out")
    traits = Traits(
        [person.id for person in people],
        {name: [person.numbers[place] for person in people] for place, name in enumerate(numbers)},
        {name: [person.words[place] for person in people] for place, name in enumerate(words)},
    )
    return traits, {name: [person.flags[place] for person in people] for place, name in enumerate(flags)}, taken.told()


@dataclass(frozen=True, slots=True)
class _Person:
    id: str
    flags: tuple[bool, ...]
    numbers: tuple[float, ...]
    words: tuple[str, ...]


def _person(cells: Cells, key: str, names: tuple[Sequence[str], Sequence[str], Sequence[str]]) -> _Person:
    flags, numbers, words = names
    return _Person(
        name_in(cells[key]), tuple(yes_or_no(cells[name]) for name in flags),
        tuple(_number(cells, name) for name in numbers), tuple(cells[name][:MOST_NAME] for name in words),
    )  # fmt: skip


def _is_numeric(lines: Sequence[tuple[int, Cells]], name: str) -> bool:
    filled = [cells[name] for _, cells in lines if cells[name]]
    return bool(filled) and sum(map(_is_number, filled)) >= MOSTLY * len(filled)


def _is_number(text: str) -> bool:
    try:
        amount(text)
    except CellError:
        return False
    return True


def name_in(text: str) -> str:
    """An id. Raises CellError for none, for control characters and for a text too long to be one."""
    if not text or not text.isprintable() or len(text) > MOST_NAME:
        raise CellError(
            f"“{''.join(filter(str.isprintable, text[:30]))}” is no id; write 1 to {MOST_NAME} plain characters"
        )
    return text


def _optional_name(text: str | None) -> str:
    return name_in(text) if text else ""


def past_day(text: str, today: date) -> date:
    found = day(text)
    if found > today:
        raise CellError(f"{found} is in the future; correct the date")
    return found


def _number(cells: Cells, name: str, otherwise: str = "") -> float:
    try:
        return float(amount(cells.get(name) or otherwise))
    except CellError as error:
        raise CellError(f"{name}: {error}") from error


def _positive(cells: Cells, name: str, otherwise: str = "") -> float:
    value = _number(cells, name, otherwise)
    if value < 0:
        raise CellError(f"{name}: “{cells[name]}” is negative; write 0 or more")
    return value


def _whole(text: str) -> int:
    value = amount(text)
    if value != int(value) or abs(value) > 10_000_000:  # noqa: PLR2004 - beyond any calendar
        raise CellError(f"“{text}” is not the number of a week; write 1, 2, 3 …")
    return int(value)
