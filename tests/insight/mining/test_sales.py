"""Price, demand, articles and campaigns: against sales that were drawn from a known truth."""

from dataclasses import replace

import numpy as np
import pytest

from crm_core.errors import InvalidInput, NotEnough
from insight.mining.campaigns import campaign_design, campaign_uplift, qini
from insight.mining.demand import demand
from insight.mining.portfolio import portfolio
from insight.mining.price import price
from insight.mining.rows import ItemWeek, Sale
from tests.support import known_truths as truth


def test_the_true_elasticity_lies_within_the_interval_as_often_as_it_says() -> None:
    found = [price(truth.item_weeks(seed)) for seed in range(60)]
    assert truth.held([each.interval.holds(truth.ELASTICITY) for each in found]) >= 0.88
    every = [item.interval.holds(truth.ELASTICITY) for each in found for item in each.value.items]
    assert truth.held(every) >= 0.9


def test_who_overlooks_the_promotion_blames_the_price_for_it() -> None:
    blind = [[replace(row, promotion=0.0) for row in truth.item_weeks(seed)] for seed in range(10)]
    assert truth.held([price(rows).interval.holds(truth.ELASTICITY) for rows in blind]) <= 0.3


def test_a_price_that_explains_sales_beats_their_mean_later_on() -> None:
    test = price(truth.item_weeks(1)).back_test
    assert test.value < 0.6 * test.anchor_value


def test_the_best_markup_exists_only_where_sales_fall_faster_than_the_price_rises() -> None:
    item = price(truth.item_weeks(1)).value.items[0]
    assert item.best_markup == pytest.approx(item.elasticity / (1 + item.elasticity))
    assert replace(item, elasticity=-0.8).best_markup is None


def test_items_with_too_few_weeks_are_left_out_by_name() -> None:
    rows = [*truth.item_weeks(1), ItemWeek("rare", 1, 5.0, 2.0)]
    assert price(rows).value.left_out == ("rare",)


def plan(price_factor: float, promotion: float) -> list[ItemWeek]:
    return [ItemWeek(f"item {item}", 60, 0.0, 2.0 * price_factor, promotion) for item in range(4)]


def test_demand_follows_the_planned_price_and_promotion() -> None:
    rows = truth.item_weeks(1)
    plain, dearer, promoted = (demand(rows, plan(*each)) for each in ((1, 0), (1.2, 0), (1, 1)))
    units = [sum(item.units for item in found.value.items) for found in (plain, dearer, promoted)]
    assert units[1] / units[0] == pytest.approx(1.2**truth.ELASTICITY, rel=0.1)
    assert units[2] / units[0] == pytest.approx(np.exp(truth.PROMOTED), rel=0.15)
    assert plain.back_test.value < 0.5 * plain.back_test.anchor_value


@pytest.mark.slow
def test_what_is_sold_next_week_lies_within_the_interval() -> None:
    held = []
    for seed in range(60):
        rows = truth.item_weeks(seed, weeks=61)
        later = [row for row in rows if row.week == 60]
        found = demand([row for row in rows if row.week < 60], later)
        held.append(found.interval.holds(sum(row.units for row in later)))
    assert truth.held(held) >= 0.88


def test_the_units_of_the_plan_are_not_looked_at() -> None:
    told = [replace(row, units=1e6) for row in plan(1, 0)]
    assert demand(truth.item_weeks(1), told).value == demand(truth.item_weeks(1), plan(1, 0)).value


def test_an_item_that_was_never_sold_cannot_be_planned() -> None:
    with pytest.raises(InvalidInput, match="unicorn"):
        demand(truth.item_weeks(1), [ItemWeek("unicorn", 60, 0.0, 2.0)])


def test_what_belongs_together_is_found_and_holds_later_and_nothing_else_is() -> None:
    found = portfolio(truth.orders(1))
    assert [(pair.one, pair.other) for pair in found.value.pairs] == [("cup", "tea")]
    assert found.value.pairs[0].later_interval.holds(0.5 / (0.2 * 0.5 + 0.8 * 0.05))
    assert [item.grade for item in found.value.items if item.item == "tea"] == ["A"]
    assert sum(item.share for item in found.value.items) == pytest.approx(1)


@pytest.mark.slow
def test_the_true_uplift_lies_within_the_interval_and_those_who_respond_are_found() -> None:
    found = [campaign_uplift(truth.campaign(seed)) for seed in range(6)]
    assert truth.held([each.interval.holds(truth.UPLIFT) for each in found]) >= 0.8
    assert all(each.value.top > truth.UPLIFT for each in found)
    assert all(each.back_test.value > each.back_test.anchor_value for each in found)


def test_a_campaign_that_was_not_by_lot_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not by lot"):
        campaign_uplift(truth.campaign(1, by_lot=False))


def test_a_design_sees_its_difference_as_often_as_it_says() -> None:
    found = campaign_design(0.1, 0.02, 10_000)
    assert found.value.per_arm == 3841  # Fleiss, without his correction
    assert found.interval.low > 0.77
    assert found.interval.high < 0.83


def test_the_gain_over_a_lot_is_nought_for_a_lot_and_more_for_who_knows() -> None:
    drawn = truth.campaign(1)
    treated, happened = np.array(drawn.treated), np.array(drawn.happened)
    knows = -np.array(drawn.traits.numbers["age"])
    random = np.random.default_rng(1)
    lots = [qini(treated, happened, random.random(len(treated))) for _ in range(40)]
    assert qini(treated, happened, knows) > max(lots) / 2
    assert abs(float(np.mean(lots))) < qini(treated, happened, knows) / 4


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda: price(truth.item_weeks(1, weeks=20)), "rows_of_one_item"),
        (lambda: price([ItemWeek("a", week, 5.0, 2.0) for week in range(60)]), "prices_of_one_item"),
        (lambda: price([]), "rows_of_one_item"),
        (lambda: demand(truth.item_weeks(1, weeks=10), []), "weeks"),
        (lambda: portfolio(truth.orders(1, 50)), "orders_with_items"),
        (lambda: portfolio([Sale("a", truth.MONDAY, 1.0)] * 500), "orders_with_items"),
        (lambda: campaign_design(0.1, 0.001, 1000), "people_to_write_to"),
        (lambda: campaign_uplift(truth.campaign(1, 1500)), "people_written_to"),
    ],
)  # fmt: skip
def test_too_little_is_refused_and_says_what_is_missing(ask: object, what: str) -> None:
    with pytest.raises(NotEnough) as refused:
        ask()
    assert refused.value.what == what
    assert refused.value.have < refused.value.need
