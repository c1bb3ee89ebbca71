"""What a reader asks of the reports, from the address of the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from crm_core.reporting import Dimension, Period, Question
from desk.reader import Reader

WEEK = timedelta(days=7)
LONGEST = timedelta(days=366)
LIMITS_S = (20, 60, 120, 300, 3600)
MOST_VALUE_CHARACTERS = 80
Choice = TypeVar("Choice", bound=StrEnum)


class Span(StrEnum):
    """The periods one can choose; `CUSTOM` has two dates of its own."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"
    MONTH = "month"
    CUSTOM = "custom"


DAYS = {Span.WEEK: 7, Span.MONTH: 28}


@dataclass(frozen=True, slots=True)
class Asked:
    """The question, and how it was asked; the dates are the first and the last day, both inclusive."""

    question: Question
    span: Span
    first: date
    last: date
    by: Dimension


def read_asked(query: Mapping[str, str], reader: Reader) -> Asked:
    """What makes no sense is passed over, so that an old link still shows something."""
    zone, now = reader.clock.zone, reader.now
    span = _one_of(Span, query.get("period"), Span.WEEK)
    first, last = _days(span, query, now.astimezone(zone).date())
    period = Period(_midnight(first, zone), min(_midnight(last + timedelta(days=1), zone), now))
    if period.until <= period.since:
        period = Period(period.since, period.since + timedelta(days=1))
    within = query.get("within", "")
    within_s = int(within) if within in {str(limit) for limit in LIMITS_S} else LIMITS_S[0]
    question = Question(period, _before(period, last - first), now, zone.key, _only(query), float(within_s))
    return Asked(question, span, first, last, _one_of(Dimension, query.get("by"), Dimension.QUEUE))


def _one_of(kind: type[Choice], given: str | None, otherwise: Choice) -> Choice:
    return next((each for each in kind if each == given), otherwise)


def _days(span: Span, query: Mapping[str, str], today: date) -> tuple[date, date]:
    if span is Span.TODAY:
        return today, today
    if span is Span.YESTERDAY:
        return today - timedelta(days=1), today - timedelta(days=1)
    if span is Span.CUSTOM:
        first, last = _day(query.get("from"), today), _day(query.get("to"), today)
        first, last = min(first, last), max(first, last)
        return max(first, last - LONGEST), last
    return today - timedelta(days=DAYS[span] - 1), today


def _day(given: str | None, otherwise: date) -> date:
    try:
        found = date.fromisoformat(given or "")
    except ValueError:
        return otherwise
    return min(max(found, date(2000, 1, 1)), otherwise)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _before(period: Period, days: timedelta) -> Period:
    """As many whole weeks earlier as the period needs: Mondays are compared with Mondays."""
    weeks = days // WEEK + 1
    return period.earlier(weeks * WEEK)


def _only(query: Mapping[str, str]) -> dict[Dimension, str]:
    given = {dimension: query.get(dimension, "") for dimension in Dimension}
    return {
        name: value for name, value in given.items() if 0 < len(value) <= MOST_VALUE_CHARACTERS and value.isprintable()
    }
