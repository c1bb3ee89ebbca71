"""Opening hours as a function of time: open or not, the next opening, how many open seconds lie between two moments."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from config.routing_files import Calendar

LONGEST_LOOK_DAYS = 21
MOST_SPAN_DAYS = 4_000  # who asks for what lies further off has made a mistake
ONE_DAY = timedelta(days=1)
Span = tuple[float, float]  # epoch seconds, from and to


class BusinessHours:
    """One calendar. The spans of a day are worked out once, and their lengths summed up."""

    def __init__(self, calendar: Calendar) -> None:
        self.zone = ZoneInfo(calendar.time_zone or "UTC")
        self._windows, self._closed_on = calendar.windows, frozenset(calendar.closed_on)
        self._first = self._next = date(1970, 1, 1)
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._before: list[float] = []  # open seconds before each span

    def windows_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """The windows that begin on this day, as aware local times, in order."""
        return [(_local(start, self.zone), _local(end, self.zone)) for start, end in self._spans_on(day)]

    def is_open(self, at: datetime) -> bool:
        number, moment = self._span_before(at.timestamp()), at.timestamp()
        return number >= 0 and moment < self._ends[number]

    def next_opening(self, after: datetime) -> datetime | None:
        """When people come next, counted from `after`; None within three weeks without."""
        moment = after.timestamp()
        number = self._span_before(moment, ahead=LONGEST_LOOK_DAYS) + 1
        found = self._starts[number] if number < len(self._starts) else None
        if found is None or found > moment + LONGEST_LOOK_DAYS * ONE_DAY.total_seconds():
            return None
        return _local(found, self.zone)

    def next_open(self, at: datetime) -> datetime | None:
        """`at` itself while open, else the next opening."""
        return at if self.is_open(at) else self.next_opening(at)

    def open_seconds(self, at: datetime) -> float:
        """Open seconds from a fixed beginning until `at`: the difference of two is what lies between them."""
        moment = at.timestamp()
        number = self._span_before(moment)
        if number < 0:
            return 0.0
        return self._before[number] + min(moment, self._ends[number]) - self._starts[number]

    def seconds_between(self, start: datetime, end: datetime) -> float:
        self._know(min(start, end))
        return self.open_seconds(end) - self.open_seconds(start)

    def spans_between(self, start: datetime, end: datetime) -> list[Span]:
        """The spans that touch this time, in order."""
        self._know(start)
        self._know(end)
        spans = zip(self._starts, self._ends, strict=True)
        return [span for span in spans if span[1] > start.timestamp() and span[0] < end.timestamp()]

    def add(self, start: datetime, seconds: float) -> datetime:
        """When so many open seconds have passed since `start`; `start` plus `seconds` where it never opens."""
        self._know(start)
        target = self.open_seconds(start) + seconds
        for ahead in (LONGEST_LOOK_DAYS, 10 * LONGEST_LOOK_DAYS, MOST_SPAN_DAYS):
            self._know(start + ahead * ONE_DAY)
            number = max(bisect_left(self._before, target) - 1, 0)
            if self._before and target <= self._before[number] + self._ends[number] - self._starts[number]:
                return datetime.fromtimestamp(self._starts[number] + target - self._before[number], UTC)
        return start + timedelta(seconds=seconds)

    def _span_before(self, moment: float, ahead: int = 1) -> int:
        """The last span that began at `moment` or before; -1 when none had."""
        self._know(datetime.fromtimestamp(moment, UTC) + ahead * ONE_DAY)
        return bisect_right(self._starts, moment) - 1

    def _know(self, at: datetime) -> None:
        """Work the days out from a little before the first question to a little after `at`."""
        day = at.astimezone(self.zone).date()
        if not self._before and self._next == self._first:
            self._first = self._next = day - 2 * ONE_DAY
        if day < self._first:
            self._first = self._next = day - 30 * ONE_DAY
            self._starts, self._ends, self._before = [], [], []
        if (day - self._first).days > MOST_SPAN_DAYS:
            return
        while self._next <= day + ONE_DAY:
            for span in self._spans_on(self._next):
                self._append(span)
            self._next += ONE_DAY

    def _append(self, span: Span) -> None:
        """Windows that overlap or touch, also over midnight, are one."""
        start, end = span
        if self._ends and start <= self._ends[-1]:
            self._ends[-1] = max(end, self._ends[-1])
            return
        total = self._before[-1] + self._ends[-1] - self._starts[-1] if self._before else 0.0
        self._starts.append(start)
        self._ends.append(end)
        self._before.append(total)

    def _spans_on(self, day: date) -> list[Span]:
        if day in self._closed_on:
            return []
        return sorted(span for span in self._windows_from(day) if span[0] < span[1])

    def _windows_from(self, day: date) -> Iterator[Span]:
        for window in self._windows:
            if day.weekday() in window.days:
                until = day if window.end > window.start else day + ONE_DAY
                yield _instant(day, window.start, self.zone, 0), _instant(until, window.end, self.zone, 1)


@lru_cache(maxsize=64)
def _hours(content: str) -> BusinessHours:
    return BusinessHours(Calendar.model_validate_json(content))


def hours_of(calendar: Calendar) -> BusinessHours:
    """The same object for the same calendar, so that its days are worked out once a process."""
    return _hours(calendar.model_dump_json())


def _local(moment: float, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment, zone)


def _instant(day: date, clock: time, zone: ZoneInfo, fold: int) -> float:
    """When the clock on the wall shows this. Shown twice: we come at the first and leave at the second (PEP 495).

    Never shown, because clocks go forward: the moment they do.
    """
    wall = datetime.combine(day, clock, zone).replace(fold=fold)
    back = wall.astimezone(UTC).astimezone(zone)
    if back.replace(tzinfo=None) == wall.replace(tzinfo=None, fold=back.fold):
        return wall.timestamp()
    before, after = sorted(wall.replace(fold=each).timestamp() for each in (0, 1))
    offset = datetime.fromtimestamp(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
