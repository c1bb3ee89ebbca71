"""Who contacts us and when: days of counts, read or made up, and what a forecast would have said the evening before."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from math import log
from pathlib import Path
from random import Random

from crm_core.errors import InvalidInput
from insight.roster import HOUR_S, Hour

REFERENCE = "reference"  # the peaky day of docs/routing.md
REFERENCE_PER_HOUR = tuple(900 * part for part in (0.6, 0.8, 1.3, 1.4, 1.2, 0.9, 1.0, 1.3, 1.1, 0.7, 0.5, 0.4))
LIKE_DAYS = 4  # of the same weekday make a profile
LATEST_DAYS = 5  # say how busy it is of late


@dataclass(frozen=True, slots=True)
class Day:
    """Contacts per slot of `slot_s` from `opens_at` on: counted, or expected where they are not whole."""

    opens_at: datetime
    slot_s: int
    counts: tuple[float, ...]

    @property
    def date(self) -> date:
        return self.opens_at.date()

    @property
    def length_s(self) -> int:
        return self.slot_s * len(self.counts)

    def hours(self) -> tuple[Hour, ...]:
        """Expected contacts of each hour; what is left after the last whole one is a shorter hour."""
        slots = max(1, round(HOUR_S / self.slot_s))
        parts = (self.counts[start : start + slots] for start in range(0, len(self.counts), slots))
        return tuple(Hour(sum(part), len(part) * self.slot_s / HOUR_S) for part in parts)


def reference_day() -> Day:
    """10,080 expected contacts in twelve hours: at 240 s each 56 erlangs on average, 84 at the peak."""
    return Day(datetime(2026, 11, 23, 8, tzinfo=UTC), 3600, REFERENCE_PER_HOUR)


def read_days(path: Path) -> tuple[Day, ...]:
    """A CSV file with the columns DateTime (ISO 8601) and Calls, equally spaced within a day. Raises InvalidInput."""
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [_row(row) for row in csv.DictReader(lines)]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: name a CSV file with the columns DateTime and Calls.") from error
    except (KeyError, ValueError, TypeError) as error:
        raise InvalidInput(f"{path} needs the columns DateTime (2026-11-23T08:05:00Z) and Calls (a number).") from error
    days = tuple(_day(list(rows_of_day)) for _, rows_of_day in groupby(rows, key=lambda row: row[0].date()))
    if not days:
        raise InvalidInput(f"{path} holds no line.")
    return days


def _row(row: dict[str, str]) -> tuple[datetime, float]:
    calls = float(row["Calls"])
    if calls < 0:
        raise ValueError(calls)
    at = datetime.fromisoformat(row["DateTime"])
    return (at if at.tzinfo else at.replace(tzinfo=UTC)), calls


def _day(rows: Sequence[tuple[datetime, float]]) -> Day:
    slot_s = int((rows[1][0] - rows[0][0]).total_seconds()) if len(rows) > 1 else 3600
    if slot_s <= 0:
        raise InvalidInput(f"The lines of {rows[0][0].date()} are not in order.")
    return Day(rows[0][0], slot_s, tuple(count for _, count in rows))


def expected_day(history: Sequence[Day], day: Day) -> Day:
    """What could be known the evening before: the profile of the latest like weekdays, at the level of the last days.

    Plain on purpose: the simulation asks what shaping a roster is worth, not how good a forecast can be.
    """
    alike = [past for past in history if past.date.weekday() == day.date.weekday() and _fits(past, day)][-LIKE_DAYS:]
    if not alike:
        raise InvalidInput(f"There is no earlier day like {day.date} to forecast it from.")
    mean = [sum(counts) / len(alike) for counts in zip(*(past.counts for past in alike), strict=True)]
    return Day(day.opens_at, day.slot_s, tuple(_level(history) * count for count in mean))


def _fits(past: Day, day: Day) -> bool:
    return (past.slot_s, len(past.counts)) == (day.slot_s, len(day.counts))


def _level(history: Sequence[Day]) -> float:
    """How the last days stand to the weekdays like them before."""
    latest, usual = 0.0, 0.0
    for index in range(max(0, len(history) - LATEST_DAYS), len(history)):
        day = history[index]
        alike = [past for past in history[:index] if past.date.weekday() == day.date.weekday()][-LIKE_DAYS:]
        if alike:
            latest += sum(day.counts)
            usual += sum(sum(past.counts) for past in alike) / len(alike)
    return latest / usual if usual else 1.0


def arrival_times_s(day: Day, random: Random, *, counted: bool) -> Iterator[float]:
    """Seconds since the opening, in order: as many as were counted, or a Poisson number around what is expected."""
    for slot, count in enumerate(day.counts):
        number = round(count) if counted else poisson(random, count)
        for offset in sorted(random.random() for _ in range(number)):
            yield (slot + offset) * day.slot_s


def poisson(random: Random, mean: float) -> int:
    """By waiting times, which never underflow."""
    number, left = 0, mean
    while (left := left + log(1.0 - random.random())) > 0:
        number += 1
    return number
