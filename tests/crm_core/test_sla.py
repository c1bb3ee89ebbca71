"""Promises in business and calendar time, with pauses; deadlines that value and risk move, but not far."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.routing_files import Calendar, Policy, Promise, PromiseTime, Window
from crm_core.hours import BusinessHours
from crm_core.routing_values import Load
from crm_core.sla import CALENDAR_TIME, Clock, ClockKind, Target, deadline, target_of

HOURS = BusinessHours(
    Calendar(
        windows=[Window(days=[0, 1, 2, 3, 4], start=time(9), end=time(17))],
        closed_on=[date(2026, 11, 24)],
        time_zone="UTC",
    )
)
MONDAY = datetime(2026, 11, 23, 16, 50, tzinfo=UTC)
HOUR = Target(3600, HOURS)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_business_time_goes_on_after_night_and_holiday() -> None:
    clock = Clock(MONDAY)
    assert clock.due_at(HOUR) == datetime(2026, 11, 25, 9, 50, tzinfo=UTC)
    assert clock.warn_at(HOUR) == datetime(2026, 11, 25, 9, 38, tzinfo=UTC)
    assert clock.used_s(HOUR, datetime(2026, 11, 25, 9, 5, tzinfo=UTC)) == 15 * 60


def test_calendar_time_does_not_stop() -> None:
    assert Clock(MONDAY).due_at(Target(3600, CALENDAR_TIME)) == MONDAY + minutes(60)


def test_a_paused_clock_is_not_due_and_goes_on_where_it_stopped() -> None:
    paused = Clock(MONDAY).pause(HOUR, MONDAY + minutes(4))
    assert (paused.due_at(HOUR), paused.spent_s) == (None, 240)
    assert paused.pause(HOUR, MONDAY + minutes(9)) == paused
    again = datetime(2026, 11, 25, 12, tzinfo=UTC)
    assert paused.resume(again).due_at(HOUR) == again + minutes(56)
    assert paused.resume(again).resume(again + minutes(9)) == paused.resume(again)


def test_what_is_used_up_already_is_due_at_once() -> None:
    assert Clock(MONDAY, spent_s=5_000).due_at(HOUR) == MONDAY


def test_each_kind_of_contact_has_its_own_promise() -> None:
    policy = Policy(key="p", first_response=Promise(chat_s=60, mail_s=7200, time=PromiseTime.CALENDAR), warn_at=0.5)
    chat = target_of(policy, ClockKind.FIRST_RESPONSE, Load.CHAT, HOURS)
    assert chat == Target(60, CALENDAR_TIME, 0.5)
    assert target_of(policy, ClockKind.FIRST_RESPONSE, Load.CALL, HOURS) is None
    assert target_of(policy, ClockKind.RESOLUTION, Load.CHAT, HOURS) is None


@pytest.mark.parametrize(
    ("value", "risk", "expected"), [(0, 0, 220), (1, 0, 130), (0, 1, 130), (1, 1, 130), (0.5, 0, 175)]
)
def test_value_and_risk_pull_the_deadline_nearer(value: float, risk: float, expected: float) -> None:
    assert deadline(100, 120, value, risk) == pytest.approx(expected)


@given(st.floats(0, 1e9), st.floats(1, 1e6), st.floats(-2, 2), st.floats(-2, 2))
def test_a_deadline_lies_within_a_quarter_and_the_whole_promise(
    at: float, promise: float, value: float, risk: float
) -> None:
    moved = deadline(at, promise, value, risk) - at
    assert promise / 4 - 1e-6 <= moved <= promise + 1e-6


@given(st.lists(st.integers(1, 40_000), max_size=8))
def test_pausing_adds_up_to_the_time_it_ran(steps: list[int]) -> None:
    clock, now, ran = Clock(MONDAY), MONDAY, 0.0
    for number, seconds in enumerate(steps):
        later = now + timedelta(seconds=seconds)
        if number % 2 == 0:
            ran += HOURS.seconds_between(now, later)
            clock = clock.pause(HOUR, later)
        else:
            clock = clock.resume(later)
        now = later
    assert clock.used_s(HOUR, now) == pytest.approx(ran)
