"""Values of planning that pass between the edges: what is expected, who is needed and there, and what-if."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

SLOT_S = 1800
SLOTS = 48  # half hours of a day, by the company's clock
DAYS = 7
Slots = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from `first` on, in the company's time zone."""

    first: date
    zone: ZoneInfo

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=each) for each in range(DAYS))

    @property
    def since(self) -> datetime:
        return midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        return midnight(self.first + timedelta(days=DAYS), self.zone)


def midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(), zone)


def monday_of(on: date) -> date:
    return on - timedelta(days=on.weekday())


@dataclass(frozen=True, slots=True)
class Assumptions:
    """How people behave and what is promised. `measured` names those that come from the last weeks' events."""

    handle_s: float = 240.0
    patience_s: float = 300.0
    share: float = 0.8
    within_s: float = 20.0
    shrinkage: float = 0.0
    measured: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ExpectedDay:
    """Contacts of each half hour, with the band between the tenth and the ninetieth percentile."""

    on: date
    expected: Slots
    low: Slots
    high: Slots


@dataclass(frozen=True, slots=True)
class Tried:
    """Error as a share of all contacts, a week ahead, on `days` held out; and that of the week before."""

    wape: float
    naive: float
    days: int
    within_band: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """`days` of a forecast, by queue `shares` of all contacts, and how it was tried."""

    days: tuple[ExpectedDay, ...]
    tried: Tried
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayNeed:
    """People at their desks that the goal takes in each half hour, and on the roster with breaks and illness."""

    at_desk: tuple[int, ...]
    on_roster: tuple[int, ...]


class Spread(StrEnum):
    """Who may serve what: everybody everything, each two queues in a chain, or each one queue."""

    ALL = "all"
    TWO = "two"
    ONE = "one"


@dataclass(frozen=True, slots=True)
class Situation:
    """A day as it may be: `people` at their desks in each half hour; `contained` is the share the bot takes off."""

    expected: Slots
    people: tuple[int, ...]
    handle_s: float
    patience_s: float
    within_s: float
    contained: float = 0.0
    spread: Spread = Spread.ALL
    callbacks: float = 0.0
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayOutcome:
    """Shares of those who reach the line; `half` is half of the 95 % interval of each figure, by its name."""

    contacts: float
    agent_hours: float
    service_level: float
    asa_s: float
    abandoned: float
    occupancy: float
    callbacks: float = 0.0
    half: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of the simulated days are done."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Compared:
    """The same people met as it is, and as it may be."""

    base: DayOutcome
    then: DayOutcome


@dataclass(frozen=True, slots=True)
class WeekAccuracy:
    """Of the forecasts made each night: error as a share of all contacts, beside the week before."""

    monday: date
    days: int
    contacts: float
    wape: float
    naive: float


def covered(spans: Sequence[tuple[datetime, datetime]], on: date, zone: ZoneInfo) -> Slots:
    """How many of these spans reach into each half hour of the day, by the part of it that they cover."""
    start = datetime.combine(on, time())
    counts = [0.0] * SLOTS
    for began, ended in spans:
        begin_s, end_s = (
            (each.astimezone(zone).replace(tzinfo=None) - start).total_seconds() for each in (began, ended)
        )
        for slot in range(max(0, int(begin_s // SLOT_S)), min(SLOTS, int(-(-end_s // SLOT_S)))):
            counts[slot] += (min(end_s, (slot + 1) * SLOT_S) - max(begin_s, slot * SLOT_S)) / SLOT_S
    return tuple(counts)
