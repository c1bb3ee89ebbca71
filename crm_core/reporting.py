"""What is asked of the reports and what they say: the values that pass between the edges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Dimension(StrEnum):
    """By what figures are broken down, and what they can be narrowed to."""

    QUEUE = "queue"
    CHANNEL = "channel"
    LANGUAGE = "language"
    INTENT = "intent"
    AGENT = "agent"


class Unit(StrEnum):
    SHARE = "share"
    SECONDS = "seconds"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` until before `until`."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def earlier(self, by: timedelta) -> "Period":
        return Period(self.since - by, self.until - by)


@dataclass(frozen=True, slots=True)
class Question:
    """`before` is what the period is compared with, `only` narrows to one value of a dimension.

    `within_s` is the T of the service level; `as_of` is now.
    """

    period: Period
    before: Period
    as_of: datetime
    zone: str
    only: Mapping[Dimension, str] = field(default_factory=dict)
    within_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with what it rests on. `low` and `high` are its 95 % interval; `pending` is still undecided."""

    key: str
    unit: Unit
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    pending: int = 0


Figures = Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Slot:
    """One stretch of time in a chart; local wall time of the reader as epoch seconds."""

    at_s: float
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """`groups` holds the figures of every value of every dimension; `choices` what can be filtered for."""

    now: Figures
    before: Figures
    slots: tuple[Slot, ...]
    groups: Mapping[Dimension, Mapping[str, Figures]]
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LineNow:
    """One line at this moment: who waits, for how long the first of them, and how many are past their promise."""

    waiting: int = 0
    oldest_s: float | None = None
    late: int = 0


@dataclass(frozen=True, slots=True)
class Wallboard:
    """`agents`: how many are in each state; `in_conversation` of those available hold something."""

    lines: Mapping[str, LineNow]
    agents: Mapping[str, int]
    in_conversation: int
    today: Report
