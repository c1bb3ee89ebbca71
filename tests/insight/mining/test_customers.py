"""Value, leaving, segments and staying: against customers who were drawn from a known truth."""

from dataclasses import replace
from datetime import date, timedelta
from math import exp

import numpy as np
import pytest

from crm_core.errors import NotEnough
from insight.mining.churn import churn, churn_of_sales
from insight.mining.clv import clv
from insight.mining.encoding import chosen
from insight.mining.histories import bought, histories_of, purchase_days
from insight.mining.retention import cohort_table, retention, retention_of_sales
from insight.mining.rows import Lifetime, Outcomes, Sale, Traits
from insight.mining.segments import Name, segments
from tests.support import known_truths as truth

HALF = truth.UNTIL - timedelta(weeks=26)


@pytest.mark.slow
def test_the_orders_that_come_lie_within_the_interval() -> None:
    held, ranked = [], []
    for seed in range(6):
        every = truth.sales(seed, 400)
        found = clv(every, HALF, 26)
        orders, _ = bought(purchase_days(every), [each.customer for each in found.value.customers], HALF, truth.UNTIL)
        held.append(found.interval.holds(orders.sum()))
        ranked.append(orders[:40].sum() / orders.sum())
    assert truth.held(held) >= 0.85
    assert min(ranked) > 0.2, "the first tenth brings more than a tenth"


@pytest.mark.slow
def test_purchases_after_the_day_of_looking_change_nothing() -> None:
    every = truth.sales(2)
    known = [sale for sale in every if sale.on <= HALF]
    assert clv(every, HALF, 26).value == clv(known, HALF, 26).value


@pytest.mark.slow
def test_customers_are_ranked_by_orders_and_worth_orders_times_spend() -> None:
    customers = clv(truth.sales(1), truth.UNTIL, 26).value.customers
    assert [each.orders for each in customers] == sorted((each.orders for each in customers), reverse=True)
    assert all(each.value == each.orders * each.spend and 0 <= each.alive <= 1 for each in customers)


def test_a_purchase_given_back_on_the_same_day_is_none() -> None:
    on = date(2026, 5, 4)
    given_back = [Sale("a", on, 20.0), Sale("a", on, -20.0, -1.0), Sale("b", on, 5.0), Sale("c", on, 0.0)]
    assert list(purchase_days(given_back)) == ["b", "c"]


def test_histories_count_repeat_days_in_weeks() -> None:
    first = date(2026, 1, 5)
    bought_on = [Sale("a", first, 10.0), Sale("a", first, 5.0), Sale("a", first + timedelta(days=14), 30.0)]
    past = histories_of(purchase_days(bought_on), first + timedelta(days=28))
    assert [float(each[0]) for each in (past.repeats, past.recency, past.age, past.spend, past.total)] == [
        1,
        2,
        4,
        30,
        45,
    ]


@pytest.mark.slow
def test_how_many_leave_lies_within_the_interval_and_curves_are_seen() -> None:
    held = []
    for seed in range(5):
        known, others = truth.outcomes(seed, 900), truth.outcomes(seed + 100, 900)
        found = churn(known, others.traits)
        held.append(found.interval.holds(sum(others.happened)))
        assert found.back_test.value > found.back_test.anchor_value + 0.05
    assert truth.held(held) >= 0.8


def test_rows_in_the_order_of_time_are_tried_on_the_later_ones() -> None:
    known = truth.outcomes(1, 800)
    ordered = churn(replace(known, in_order=True), known.traits).back_test
    assert (ordered.protocol, ordered.n) == ("later", 160)


def test_a_word_nobody_had_before_is_no_trouble() -> None:
    known = truth.outcomes(1, 800)
    stranger = Traits(["new"], {"age": [5.0]}, {"plan": ["never seen"]})
    assert 0 < churn(known, stranger).value.customers[0].chance < 1


@pytest.mark.slow
def test_who_was_silent_for_long_is_likelier_to_leave() -> None:
    found = churn_of_sales(truth.sales(1), truth.UNTIL)
    past = histories_of(purchase_days(truth.sales(1)), truth.UNTIL)
    silent = dict(zip(past.ids, (past.age - past.recency).tolist(), strict=True))
    risky, safe = found.value.customers[:50], found.value.customers[-50:]
    assert sum(silent[each.customer] for each in risky) > 2 * sum(silent[each.customer] for each in safe)
    assert found.back_test.value > 0.6


def test_some_people_are_chosen_with_all_their_traits() -> None:
    known = truth.outcomes(1, 20).traits
    part = chosen(known, np.array([3, 5]))
    assert (list(part.ids), part.words["plan"]) == (["p3", "p5"], [known.words["plan"][3], known.words["plan"][5]])


@pytest.mark.slow
def test_the_best_fifth_brings_more_than_a_fifth_later_and_everybody_has_a_place() -> None:
    found = segments(truth.sales(1), truth.UNTIL)
    assert sum(found.value.sizes.values()) == len(found.value.customers)
    assert found.back_test.value > 1.5 * found.back_test.anchor_value
    assert {each.group for each in found.value.customers} == set(range(found.value.groups))


@pytest.mark.slow
def test_groups_that_are_there_are_found() -> None:
    """Three kinds of customers, far apart."""
    sold = []
    for number in range(300):
        times, worth, last = ((30, 200, 5), (5, 20, 200), (1, 5, 600))[number % 3]
        for each in range(times):
            on = truth.UNTIL - timedelta(days=last + 7 * each + number % 5)
            sold.append(Sale(f"c{number}", on, worth + number % 7))
    found = segments(sold, truth.UNTIL)
    groups = [each.group for each in sorted(found.value.customers, key=lambda one: int(one.customer[1:]))]
    assert found.value.groups >= 3
    assert not set(groups[0::3]) & set(groups[1::3])
    assert not set(groups[1::3]) & set(groups[2::3])
    assert found.value.sizes[Name.CHAMPIONS] == 100


def test_the_true_share_that_stays_lies_within_the_band() -> None:
    bands = [retention(truth.lifetimes(seed), truth.UNTIL, 200) for seed in range(60)]
    assert truth.held([each.interval.holds(exp(-200 / truth.LEAVES_AFTER_DAYS)) for each in bands]) >= 0.9
    assert all(each.interval.high - each.interval.low < 0.15 for each in bands)


def test_a_small_curve_is_that_of_the_book() -> None:
    """By hand: of 100 customers ten leave after each of 10, 20 and 30 days, the others are still there."""
    first = truth.UNTIL - timedelta(days=100)
    left = [Lifetime(first, first + timedelta(days=days)) for days in (10, 20, 30) for _ in range(10)]
    found = retention([*left, *[Lifetime(first)] * 70], truth.UNTIL, 100).value.survival
    assert found.days == (10, 20, 30)
    assert found.share == pytest.approx((0.9, 0.8, 0.7))
    assert found.watched == (100, 90, 80)
    assert (found.at(5), found.at(25)) == (1.0, pytest.approx(0.8))


def test_cohorts_hold_whole_months_and_begin_with_everybody() -> None:
    sold = [Sale("a", date(2026, 1, 5), 1.0), Sale("a", date(2026, 3, 5), 1.0), Sale("b", date(2026, 2, 7), 1.0)]
    table = cohort_table(sold, date(2026, 4, 15))
    assert [(each.month.month, each.customers, each.active) for each in table] == [(1, 1, (1, 0, 1)), (2, 1, (1, 0))]


@pytest.mark.slow
def test_whoever_is_silent_has_left_with_their_last_purchase() -> None:
    found = retention_of_sales(truth.sales(1), truth.UNTIL)
    assert 0 < found.interval.low < found.interval.high < 1
    assert found.value.cohorts


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda: clv(truth.sales(1, 50), truth.UNTIL), "customers"),
        (lambda: clv([], truth.UNTIL), "weeks_of_sales"),
        (lambda: clv(truth.sales(1, 900), truth.UNTIL - timedelta(days=560)), "weeks_of_sales"),
        (lambda: clv(truth.sales(1, 900), truth.UNTIL - timedelta(days=690)), "customers_who_came_back"),
        (lambda: segments(truth.sales(1, 20), truth.UNTIL), "customers"),
        (lambda: churn(truth.outcomes(1, 100), truth.outcomes(1, 10).traits), "people_with_an_outcome"),
        (lambda: churn(Outcomes(truth.outcomes(1, 500).traits, [False] * 499 + [True]), Traits([])), "people_who_left"),
        (lambda: churn_of_sales([], truth.UNTIL), "weeks_of_sales"),
        (lambda: retention(truth.lifetimes(1, 20), truth.UNTIL), "customers"),
        (lambda: retention([Lifetime(truth.MONDAY)] * 200, truth.UNTIL), "people_who_left"),
    ],
)  # fmt: skip
def test_too_little_is_refused_and_says_what_is_missing(ask: object, what: str) -> None:
    with pytest.raises(NotEnough) as refused:
        ask()
    error = refused.value
    assert error.have < error.need
    assert error.what == what
    assert what.replace("_", " ") in str(error)
