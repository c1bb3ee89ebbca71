"""Holidays from an iCalendar file (RFC 5545), as days on which nobody is here."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from dateutil.rrule import rrulestr
from icalendar import Calendar, Component

from config.documents import DocumentError, read_text

YEARS_BACK, YEARS_AHEAD = 2, 5
ONE_DAY = timedelta(days=1)


def read_holidays(path: Path, today: date) -> list[date]:
    """Every day of every event, repeated ones from two years back to five ahead. Raises DocumentError."""
    text = read_text(path)
    try:
        events = Calendar.from_ical(text).walk("VEVENT")
        days = {day for event in events for day in _days_of(event, today)}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        problem = "not an iCalendar file; export the calendar of holidays again as .ics"
        raise DocumentError(path, 1, problem) from error
    return sorted(days)


def _days_of(event: Component, today: date) -> Iterator[date]:
    start = _day(event.decoded("DTSTART"))
    end = _day(event.decoded("DTEND")) if "DTEND" in event else start + ONE_DAY
    length = max((end - start).days, 1)
    for first in _starts(event, start, today):
        yield from (first + number * ONE_DAY for number in range(length))


def _starts(event: Component, start: date, today: date) -> Iterator[date]:
    if "RRULE" not in event:
        yield start
        return
    rule = rrulestr(_text(event.decoded("RRULE").to_ical()), dtstart=datetime(start.year, start.month, start.day))  # noqa: DTZ001 - whole days have no zone
    first, last = (
        today.replace(year=today.year - YEARS_BACK, day=1),
        today.replace(year=today.year + YEARS_AHEAD, day=1),
    )
    midnight = datetime.min.time()
    for found in rule.between(datetime.combine(first, midnight), datetime.combine(last, midnight), inc=True):
        yield found.date()


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _text(content: bytes | str) -> str:
    return content.decode() if isinstance(content, bytes) else content
