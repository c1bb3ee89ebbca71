"""The roster as a table of people and days, the form of one shift, and one's own days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from crm_core.planning import Week
from crm_core.rosters import Person, Shift
from desk.planning_views import short_day, tenths
from desk.reader import Reader
from desk.views import Option

Told = tuple[Reader, Mapping[str, str]]  # who reads, and what the queues are called


@dataclass(frozen=True, slots=True)
class RosterState:
    """Whether the week was published, in words; the tone is a colour beside them."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Chip:
    id: int
    time: str
    queues: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: int
    name: str
    hours: str
    days: tuple[tuple[date, tuple[Chip, ...]], ...]


@dataclass(frozen=True, slots=True)
class RosterTable:
    days: tuple[str, ...]
    rows: tuple[PersonRow, ...]


@dataclass(frozen=True, slots=True)
class ShiftForm:
    """Of a new shift when `id` is 0."""

    id: int
    people: tuple[Option, ...]
    days: tuple[Option, ...]
    start: str
    end: str
    queues: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class OwnDay:
    day: str
    chips: tuple[Chip, ...]


def roster_table(draft: Sequence[Shift], staff: Sequence[Person], week: Week, told: Told) -> RosterTable:
    """Everybody who could be on it, by name."""
    rows = tuple(_row(person, [each for each in draft if each.user_id == person.id], week, told) for person in staff)
    return RosterTable(tuple(short_day(day, told[0].words) for day in week.days), rows)


def _row(person: Person, shifts: Sequence[Shift], week: Week, told: Told) -> PersonRow:
    reader, names = told
    hours = sum((each.ends_at - each.starts_at).total_seconds() for each in shifts) / 3600
    days = tuple(
        (day, tuple(_chip(each, week, names) for each in shifts if each.starts_at.astimezone(week.zone).date() == day))
        for day in week.days
    )
    return PersonRow(person.id, person.name, tenths(hours, reader.words) if hours else "", days)


def _chip(shift: Shift, week: Week, names: Mapping[str, str]) -> Chip:
    return Chip(shift.id, _times(shift, week), ", ".join(names.get(key, key) for key in shift.queues))


def _times(shift: Shift, week: Week) -> str:
    start, end = (each.astimezone(week.zone) for each in (shift.starts_at, shift.ends_at))
    return f"{start:%H:%M} – {end:%H:%M}"


def shift_form(
    week: Week, chosen: tuple[Shift | None, Mapping[str, str]], staff: Sequence[Person], told: Told
) -> ShiftForm:
    """With what was sent, else with the shift that is chosen, else with an ordinary day."""
    (shift, fields), (reader, names) = chosen, told
    start, end = ("09:00", "17:00") if shift is None else _times(shift, week).split(" – ")
    user = fields.get("person", str(shift.user_id) if shift else "")
    on = fields.get("day", str((shift.starts_at.astimezone(week.zone) if shift else week.since).date()))
    held = {key for key in names if fields.get(f"queue_{key}")} if fields else set(shift.queues if shift else ())
    return ShiftForm(
        shift.id if shift else 0, tuple(Option(str(each.id), each.name, str(each.id) == user) for each in staff),
        tuple(Option(str(day), short_day(day, reader.words), str(day) == on) for day in week.days),
        fields.get("start", start), fields.get("end", end),
        tuple(Option(key, name, key in held) for key, name in names.items()),
    )  # fmt: skip


def own_days(shifts: Sequence[Shift], reader: Reader, names: Mapping[str, str]) -> tuple[OwnDay, ...]:
    """By the reader's own clock."""
    week = Week(reader.now.date(), reader.clock.zone)
    days: dict[date, list[Chip]] = {}
    for each in shifts:
        days.setdefault(each.starts_at.astimezone(week.zone).date(), []).append(_chip(each, week, names))
    return tuple(OwnDay(short_day(day, reader.words), tuple(chips)) for day, chips in days.items())
