"""Opening hours against a clock that is looked at minute by minute, in zones that change theirs."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.routing_files import Calendar, Window
from crm_core.hours import BusinessHours, hours_of

WEEKDAYS = [0, 1, 2, 3, 4]
MINUTE = timedelta(minutes=1)


def window(days: list[int], start: str, end: str) -> Window:
    return Window(days=days, start=time.fromisoformat(start), end=time.fromisoformat(end))


SPLIT = Calendar(
    time_zone="Europe/Madrid",
    windows=[window(WEEKDAYS, "09:00", "14:00"), window(WEEKDAYS, "16:00", "20:00"), window([5, 6], "22:00", "04:00")],
    closed_on=[date(2026, 1, 1), date(2026, 1, 6)],
)
hours = BusinessHours(SPLIT)


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Madrid"))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T08:59:59", False), ("2026-11-23T09:00", True), ("2026-11-23T14:00", False),
        ("2026-11-23T19:59", True), ("2026-11-28T23:00", True), ("2026-11-29T03:59", True), ("2026-11-29T04:00", False),
        ("2026-01-06T10:00", False),
    ],
)  # fmt: skip
def test_open_in_several_windows_a_day_and_over_midnight(at: str, expected: object) -> None:
    assert hours.is_open(madrid(at)) is expected


def test_next_opening_skips_nights_holidays_and_tells_the_local_time() -> None:
    assert hours.next_opening(madrid("2026-11-23T14:30")) == madrid("2026-11-23T16:00")
    assert hours.next_opening(madrid("2026-01-05T20:30")) == madrid("2026-01-07T09:00")
    assert hours.next_open(madrid("2026-11-23T16:30")) == madrid("2026-11-23T16:30")
    assert BusinessHours(Calendar(windows=[])).next_opening(madrid("2026-11-23T16:30")) is None


@pytest.mark.parametrize(
    ("night", "expected_h"),
    [("2026-03-28", 5.0), ("2026-10-24", 7.0), ("2026-11-28", 6.0)],
    ids=["spring", "autumn", "usual"],
)
def test_a_night_on_which_clocks_change_is_shorter_or_longer(night: str, expected_h: float) -> None:
    start = madrid(f"{night}T12:00")
    assert hours.seconds_between(start, start + timedelta(hours=24)) == expected_h * 3600


@pytest.mark.parametrize(("start", "end", "expected_s"), [("02:00", "02:30", 0), ("01:30", "02:30", 1800)])
def test_a_time_that_clocks_skip_is_not_open(start: str, end: str, expected_s: int) -> None:
    skipped = BusinessHours(Calendar(time_zone="Europe/Madrid", windows=[window([6], start, end)]))
    assert skipped.seconds_between(madrid("2026-03-29T00:00"), madrid("2026-03-29T12:00")) == expected_s


def test_a_promise_counts_open_time_only() -> None:
    friday_evening = madrid("2026-11-27T19:58")
    assert hours.add(friday_evening, 120) == madrid("2026-11-27T20:00")
    assert hours.add(friday_evening, 180) == madrid("2026-11-28T22:01")
    assert BusinessHours(Calendar(windows=[])).add(friday_evening, 60) == friday_evening + MINUTE


def test_one_calendar_is_worked_out_once() -> None:
    assert hours_of(SPLIT) is hours_of(SPLIT.model_copy())


ZONES = ("Europe/Madrid", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
quarters = st.integers(0, 95).map(lambda number: time(number // 4, number % 4 * 15))
whole_hours = st.sampled_from([time(hour) for hour in (0, *range(4, 24))])  # no clock changes at these
windows = st.builds(
    lambda days, start, end: Window(days=sorted(days), start=start, end=end),
    st.sets(st.integers(0, 6), min_size=1), whole_hours, whole_hours,
)  # fmt: skip
minutes = st.integers(0, 60 * 24 * 9)


def _shows_open(calendar: Calendar, at: datetime) -> bool:
    """What somebody sees who compares the clock on the wall with the sign on the door."""
    local = at.astimezone(ZoneInfo(calendar.time_zone or "UTC"))
    today, clock = local.date(), local.time()
    yesterday = today - timedelta(days=1)
    for each in calendar.windows:
        over_midnight = each.end <= each.start
        began_today = today.weekday() in each.days and today not in calendar.closed_on
        began_yesterday = yesterday.weekday() in each.days and yesterday not in calendar.closed_on
        if began_today and each.start <= clock and (over_midnight or clock < each.end):
            return True
        if over_midnight and began_yesterday and clock < each.end:
            return True
    return False


@settings(max_examples=40, deadline=None)
@given(
    st.lists(windows, max_size=4), st.sampled_from(ZONES), st.sampled_from(["2026-03-05", "2026-03-26", "2026-10-22"]),
    st.sets(st.integers(0, 8), max_size=2), st.tuples(minutes, minutes),
)  # fmt: skip
def test_the_sum_is_that_of_looking_every_minute(
    some: list[Window], zone: str, first: str, closed: set[int], span: tuple[int, int]
) -> None:
    beginning = datetime.fromisoformat(first).replace(tzinfo=UTC)
    closed_on = [beginning.date() + timedelta(days=number) for number in closed]
    calendar = Calendar(time_zone=zone, windows=some, closed_on=closed_on)
    start, end = (beginning + number * MINUTE for number in sorted(span))
    looked = sum(_shows_open(calendar, start + number * MINUTE) for number in range((end - start) // MINUTE))
    asked = BusinessHours(calendar)
    assert asked.seconds_between(start, end) == looked * 60
    assert asked.seconds_between(end, start) == -looked * 60


@settings(max_examples=60, deadline=None)
@given(st.lists(windows, min_size=1, max_size=3), minutes, st.integers(1, 200_000))
def test_adding_open_seconds_and_counting_them_agree(some: list[Window], start: int, seconds: int) -> None:
    asked = BusinessHours(Calendar(time_zone="Europe/Madrid", windows=some))
    begun = datetime(2026, 3, 20, tzinfo=UTC) + start * MINUTE
    assert asked.seconds_between(begun, asked.add(begun, seconds)) == pytest.approx(seconds, abs=1e-3)
