"""Arrivals, people and what-if: against days whose truth is known."""

from dataclasses import replace
from datetime import timedelta

import pytest

from crm_core.errors import InvalidInput, NotEnough
from insight.arrivals import reference_day
from insight.customers import Conduct
from insight.mining.arrival_model import ahead, choose_settings, history_of, seasonal_naive, wape
from insight.mining.forecast import forecast_arrivals
from insight.mining.plans import Traffic, outlook
from insight.mining.staffing import Means, best_spread, fewest, staffing
from insight.mining.whatif import Change, whatif
from insight.queueing import Goal
from insight.roster import flat, shaped
from tests.support import known_truths as truth

SMALL = Traffic(
    replace(reference_day(), counts=tuple(0.1 * each for each in reference_day().counts)), Conduct(240, 300)
)
NEXT = truth.MONDAY + timedelta(weeks=16)


@pytest.mark.slow
def test_the_true_level_of_a_day_lies_within_the_interval() -> None:
    found = [forecast_arrivals(truth.days(seed), NEXT) for seed in range(12)]
    assert truth.held([each.interval.holds(truth.expected_total(NEXT)) for each in found]) >= 0.9
    assert all(each.interval.high < 1.35 * each.interval.low for each in found)


@pytest.mark.slow
def test_the_band_of_the_slots_holds_what_comes() -> None:
    coverage = [forecast_arrivals(truth.days(seed), NEXT).back_test.more["coverage95"] for seed in range(5)]
    assert 0.91 <= sum(coverage) / len(coverage) <= 0.99


def test_a_forecast_beats_the_week_before_and_says_by_how_much() -> None:
    test = forecast_arrivals(truth.days(3), NEXT).back_test
    assert test.value < 0.85 * test.anchor_value


def test_nothing_that_comes_later_changes_a_forecast() -> None:
    known = truth.days(5)
    later = [replace(day, counts=tuple(9 * each for each in day.counts)) for day in truth.days(6)]
    moved = [replace(day, opens_at=day.opens_at + timedelta(weeks=16)) for day in later]
    assert forecast_arrivals([*known, *moved], NEXT).value == forecast_arrivals(known, NEXT).value


def test_each_origin_is_forecast_from_the_days_before_it_alone() -> None:
    known = truth.days(5)
    settings = choose_settings(history_of(known), range(40, 60))
    whole, cut = history_of(known), history_of(known[:-7])
    last = len(cut.dates) - 1
    assert ahead(whole, [last], settings).tolist() == ahead(cut, [last], settings).tolist()


def test_a_closed_weekday_is_refused_rather_than_made_up() -> None:
    with pytest.raises(NotEnough) as refused:
        forecast_arrivals(truth.days(1), NEXT + timedelta(days=6))
    assert (refused.value.what, refused.value.have) == ("open_days_of_that_weekday", 0)


def test_a_day_far_ahead_is_refused() -> None:
    with pytest.raises(InvalidInput, match="two weeks"):
        forecast_arrivals(truth.days(1), NEXT + timedelta(weeks=4))


def test_the_same_day_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="once"):
        forecast_arrivals([*truth.days(1), truth.days(1)[0]], NEXT)


def test_the_plain_anchor_is_the_latest_like_weekday() -> None:
    history = history_of(truth.days(1))
    assert seasonal_naive(history, [20]).tolist() == [history.counts[14].tolist()]
    assert wape(history.counts, history.counts) == 0


def test_the_fewest_people_keep_the_goal_in_every_hour_and_one_fewer_does_not() -> None:
    people = fewest(SMALL, Goal())
    assert outlook(SMALL, people).service_level >= 0.8
    for hour in range(len(people)):
        fewer = tuple(each - (number == hour) for number, each in enumerate(people))
        assert outlook(SMALL, fewer).service_level < outlook(SMALL, people).service_level


@pytest.mark.parametrize("hours", [60, 72, 84])
def test_hours_are_spread_better_than_evenly_and_none_is_added(hours: float) -> None:
    people = best_spread(SMALL, Means(agent_hours=hours))
    square_root = shaped(SMALL.expected.hours(), 240, hours)
    assert sum(people) == sum(flat(SMALL.expected.hours(), hours)) == hours
    assert outlook(SMALL, people).service_level >= outlook(SMALL, square_root).service_level
    assert outlook(SMALL, people).service_level > outlook(SMALL, flat(SMALL.expected.hours(), hours)).service_level


def test_no_move_of_one_person_to_the_next_hour_would_answer_more() -> None:
    people = best_spread(SMALL, Means(agent_hours=72))
    best = outlook(SMALL, people).service_level
    for hour in range(len(people) - 1):
        for step in (1, -1):
            moved = list(people)
            moved[hour] += step
            moved[hour + 1] -= step
            assert min(moved) == 0 or outlook(SMALL, moved).service_level <= best + 1e-12


@pytest.mark.slow
def test_what_the_formula_promises_is_what_the_real_routing_lives() -> None:
    found = staffing(SMALL, Means(agent_hours=80, shrinkage=0.25))
    assert found.interval.holds(found.value.outlook.service_level)
    assert found.back_test.value > found.back_test.anchor_value
    assert all(
        roster >= people / 0.75 for roster, people in zip(found.value.on_roster, found.value.people, strict=True)
    )


def test_more_volume_waits_longer_and_a_better_bot_shortens_it_again() -> None:
    people = fewest(SMALL, Goal())
    more, bot = (whatif(SMALL, people, change) for change in (Change(volume=1.2), Change(volume=1.2, containment=0.3)))
    assert more.value.then.service_level < more.value.now.service_level < bot.value.then.service_level
    assert bot.value.then.contacts == pytest.approx(1.2 * 0.7 * sum(SMALL.contacts()))


@pytest.mark.slow
def test_a_simulated_day_lies_within_the_interval_of_what_if() -> None:
    people = fewest(SMALL, Goal())
    found = [whatif(SMALL, people, Change(volume=1.1), seed=seed) for seed in range(10)]
    assert truth.held([each.interval.holds(each.back_test.value) for each in found]) >= 0.8


def test_without_people_nobody_is_served_and_without_callers_nobody_waits() -> None:
    nobody = outlook(SMALL, (0,) * 12)
    assert (nobody.service_level, nobody.abandoned, nobody.occupancy) == (0.0, 1.0, 0.0)
    quiet = replace(SMALL, expected=replace(SMALL.expected, counts=(0.0,) * 12))
    assert outlook(quiet, (1,) * 12).abandoned in (0.0, 1.0)
    with pytest.raises(NotEnough, match="contacts a day"):
        staffing(quiet, Means())
