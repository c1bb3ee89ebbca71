"""Times as people say them: relative under an hour, then the clock, then the date, in the reader's own zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time

from desk.words import Words

HOUR_S, DAY_S = 3600, 86400


class Urgency(StrEnum):
    """How a promise stands; the colour is never alone, the text says it too."""

    CALM = "calm"
    SOON = "soon"
    LATE = "late"


# an open desk shows the same moments again with every change, and these two do not depend on now
@lru_cache(maxsize=20_000)
def _clock(moment: datetime, zone: ZoneInfo, locale: Locale) -> str:
    return str(format_time(moment, "short", tzinfo=zone, locale=locale))


@lru_cache(maxsize=20_000)
def _full(moment: datetime, zone: ZoneInfo, locale: Locale) -> str:
    return str(format_datetime(moment, "medium", tzinfo=zone, locale=locale))


@dataclass(frozen=True, slots=True)
class Clockface:
    """Who reads, where and when."""

    now: datetime
    zone: ZoneInfo
    words: Words

    def clock(self, moment: datetime) -> str:
        return _clock(moment, self.zone, self.words.locale)

    def day_and_time(self, moment: datetime) -> str:
        """“14:00” today, “20 Nov, 14:00” on other days."""
        return self.clock(moment) if self._days_ago(moment) == 0 else f"{self.day(moment)}, {self.clock(moment)}"

    def day(self, moment: datetime) -> str:
        """“20 Nov”, with the year when it is not this one."""
        skeleton = "MMMd" if self._local(moment).year == self._local(self.now).year else "yMMMd"
        return format_skeleton(skeleton, moment, tzinfo=self.zone, locale=self.words.locale)

    def plain_day(self, day: date) -> str:
        """The same of a date that has no zone, such as an ERP's."""
        skeleton = "MMMd" if day.year == self._local(self.now).year else "yMMMd"
        return format_skeleton(skeleton, datetime(day.year, day.month, day.day), locale=self.words.locale)  # noqa: DTZ001

    def month(self, first: date) -> str:
        """“Nov 2026”."""
        day = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - a date has no zone
        return format_skeleton("yMMM", day, locale=self.words.locale)

    def ago(self, moment: datetime) -> str:
        passed_s = (self.now - moment).total_seconds()
        if passed_s < 60:  # noqa: PLR2004 - a minute
            return self.words("clock.now")
        if passed_s < HOUR_S:
            return self.words("clock.minutes_ago", n=int(passed_s // 60))
        return self.clock(moment) if self._days_ago(moment) == 0 else self.day(moment)

    def long_day(self, moment: datetime) -> str:
        """The heading between two days of a timeline."""
        days_ago = self._days_ago(moment)
        if days_ago == 0:
            return self.words("clock.today")
        if days_ago == 1:
            return self.words("clock.yesterday")
        return format_date(self._local(moment), "full", locale=self.words.locale)

    def full(self, moment: datetime) -> str:
        """Everything, for a tooltip."""
        return _full(moment, self.zone, self.words.locale)

    def due(self, deadline: datetime) -> str:
        """“1:12 left”, “3 h left”, “late 4 min”."""
        left_s = int((deadline - self.now).total_seconds())
        if left_s >= 0:
            return self.words("clock.left", time=self._countdown(left_s))
        return self.words("clock.late", time=self.span(timedelta(seconds=-left_s)))

    def span(self, length: timedelta) -> str:
        seconds = int(length.total_seconds())
        if seconds < HOUR_S:
            return self.words("clock.minutes", n=max(1, seconds // 60))
        if seconds < DAY_S:
            return self.words("clock.hours", n=seconds // HOUR_S)
        return self.words("clock.days", n=seconds // DAY_S)

    def _countdown(self, seconds: int) -> str:
        if seconds < HOUR_S:
            return f"{seconds // 60}:{seconds % 60:02d}"
        return self.span(timedelta(seconds=seconds))

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def _days_ago(self, moment: datetime) -> int:
        return (self._local(self.now).date() - self._local(moment).date()).days


def urgency(now: datetime, deadline: datetime, promised_s: int) -> Urgency:
    """Late after the deadline, soon in the last third of the promise."""
    left_s = (deadline - now).total_seconds()
    if left_s < 0:
        return Urgency.LATE
    return Urgency.SOON if left_s < promised_s / 3 else Urgency.CALM
