"""The week ahead and planned days: the band holds what comes, the simulator keeps to the formula, callbacks help."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from crm_core.arrival_counts import NightForecast
from crm_core.errors import NotEnough
from crm_core.planning import SLOT_S, SLOTS, Assumptions, Compared, Progress, Situation, Spread
from insight.arrivals import Day
from insight.fifo import estimate
from insight.mining.planned_day import callback_times, day_need, deal, formula, lived, people_at_desk
from insight.mining.week_ahead import NOTHING, forecast_days, night_forecast
from insight.plan_runner import PlanRunner, SimulationFailed
from insight.planning import accuracy
from tests.support.planning import expected_on, weeks_before

TODAY = date(2026, 11, 23)
WEEK = tuple(TODAY + timedelta(days=each) for each in range(1, 8))
TUESDAY = tuple(expected_on(date(2026, 11, 24)).tolist())
OPEN = tuple(each > 0 for each in TUESDAY)
BASE = Situation(TUESDAY, day_need(TUESDAY, OPEN, Assumptions()).at_desk, 240, 300, 20)


def known(seed: int = 4, weeks: int = 16) -> tuple[Day, ...]:
    found = weeks_before(TODAY, weeks, seed)
    return tuple(Day(datetime(on.year, on.month, on.day, tzinfo=UTC), SLOT_S, each) for on, each in found.items())


def test_the_band_holds_eight_of_ten_half_hours() -> None:
    coverage = [forecast_days(known(seed), WEEK).tried.within_band for seed in range(4)]
    assert 0.75 <= sum(coverage) / len(coverage) <= 0.92


def test_a_forecast_beats_the_week_before_and_a_closed_day_has_nobody() -> None:
    found = forecast_days(known(), WEEK)
    assert found.tried.wape < 0.85 * found.tried.naive
    by_day = {day.on.weekday(): day.expected for day in found.days}
    assert by_day[6] == NOTHING
    assert sum(by_day[1]) == pytest.approx(480, rel=0.1)


def test_too_short_a_past_says_what_is_missing() -> None:
    with pytest.raises(NotEnough) as refused:
        forecast_days(known(weeks=8), WEEK)
    assert (refused.value.what, refused.value.have, refused.value.need) == ("open_days", 48, 70)


def test_a_nights_forecast_learns_nothing_from_its_own_day() -> None:
    before = known()
    own = Day(datetime(2026, 11, 23, tzinfo=UTC), SLOT_S, (99.0,) * SLOTS)
    assert night_forecast((*before, own), TODAY) == night_forecast(before, TODAY)


def test_the_formula_keeps_the_goal_with_the_people_it_asked_for() -> None:
    assert formula(BASE).service_level >= 0.8
    fewer = replace(BASE, people=tuple(max(0, each - 1) for each in BASE.people))
    assert formula(fewer).service_level < 0.8


def test_nobody_is_needed_while_the_line_is_closed() -> None:
    need = day_need(TUESDAY, (False,) * 20 + (True,) * 28, Assumptions(shrinkage=0.3))
    assert set(need.at_desk[:20]) == {0}
    assert all(rostered >= desk / 0.7 for desk, rostered in zip(need.at_desk, need.on_roster, strict=True))


def test_the_simulated_day_keeps_to_the_formula() -> None:
    days = [lived(BASE, seed) for seed in range(8)]
    level = estimate([day.service_level for day in days])
    assert abs(level.mean - formula(BASE).service_level) <= 1.5 * level.half_width + 0.02


def test_silos_wait_longer_than_those_who_serve_everything() -> None:
    split = replace(BASE, shares={"a": 0.6, "b": 0.4})
    alone = replace(split, spread=Spread.ONE)
    assert formula(alone).service_level < formula(split).service_level - 0.1
    met = {each: lived(replace(split, spread=each), 1).service_level for each in Spread}
    assert met[Spread.ONE] < met[Spread.TWO] - 0.02
    assert met[Spread.TWO] <= met[Spread.ALL] + 0.02


def test_people_are_dealt_as_the_work_is_from_the_first_on() -> None:
    dealt = deal({"a": 0.5, "b": 0.3, "c": 0.2}, 10)
    assert [dealt.count(each) for each in "abc"] == [5, 3, 2]
    assert set(dealt[:3]) == {"a", "b"} or len(set(dealt[:3])) == 3


def test_callbacks_move_waiting_into_a_quieter_hour() -> None:
    """One hour has too few people, the afternoon too many."""
    people = tuple(4 if 20 <= slot < 22 else 12 if each else 0 for slot, each in enumerate(BASE.people))
    short = replace(BASE, people=people)
    with_callbacks = replace(short, callbacks=0.5)
    plain, called = ([lived(each, seed) for seed in (1, 2, 3)] for each in (short, with_callbacks))
    assert sum(day.callbacks for day in called) > 10
    assert sum(day.abandoned for day in called) < sum(day.abandoned for day in plain)
    assert all(at == 0 or at > hour * 3600e6 for hour, at in enumerate(callback_times(with_callbacks)))


def test_breaks_take_people_from_the_desk() -> None:
    assert people_at_desk((10.0, 1.0, 0.0), 0.3) == (7, 1, 0)


def test_accuracy_counts_only_days_that_are_over() -> None:
    over = NightForecast("", TODAY, (8.0,), (4.0,), (10.0,))
    [week] = accuracy([over, NightForecast("", TODAY + timedelta(days=1), (8.0,), (4.0,))])
    assert (week.days, week.contacts, week.wape, week.naive) == (1, 10.0, 0.2, 0.6)


@pytest.mark.slow
async def test_a_simulation_tells_its_progress_and_what_came_out() -> None:
    told = [each async for each in PlanRunner().simulate(BASE, replace(BASE, contained=0.2))]
    assert told[:-1] == [Progress(number, 6) for number in range(1, 7)]
    found = told[-1]
    assert isinstance(found, Compared)
    assert found.base.contacts == pytest.approx(sum(TUESDAY), rel=0.1)
    assert found.then.contacts == pytest.approx(0.8 * found.base.contacts, rel=0.05)
    assert found.base.half["service_level"] > 0


@pytest.mark.slow
async def test_a_simulation_that_takes_too_long_is_ended() -> None:
    endless = replace(BASE, expected=tuple(400 * each for each in TUESDAY))
    started = asyncio.get_running_loop().time()
    with pytest.raises(SimulationFailed):
        _ = [each async for each in PlanRunner(limit_s=0.5).simulate(endless, endless)]
    assert asyncio.get_running_loop().time() - started < 10
