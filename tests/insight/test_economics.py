"""The economic analysis: the textbook's figures where nothing is uncertain, and what must hold where all is."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.five_steps import Range, Terms, certain
from crm_core.economics import Benefit, Plan
from insight.economics import analyse, inputs_of, pert

FEW = 2_000


def plan(**changes: object) -> Plan:
    """1,000 at the start, 100 a year, 50 hours a year set free at 20 an hour, of which all is money."""
    terms = Terms(years=3, discount_rate=0.1, ramp=(1.0,), cashable=certain(1.0))
    whole = Plan(
        {"software": certain(1_000)}, {"support": certain(100)}, {"agent_hour": certain(20)},
        (Benefit("containment", certain(50), "agent_hour", is_capacity=True),), terms,
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_without_uncertainty_it_is_the_textbooks_net_present_value() -> None:
    """-1000 + 900/1.1 + 900/1.21 + 900/1.331 = 1238.17; payback 1000/900; (2700 - 1300 + 300 …) by hand."""
    found = analyse(plan(), FEW)
    assert (found.npv.p10, found.npv.p50, found.npv.p90) == pytest.approx((1238.1668,) * 3, abs=1e-3)
    assert found.payback_years == pytest.approx(1000 / 900)
    assert found.roi is not None
    assert found.roi.p50 == pytest.approx((3 * 1000 - 1300) / 1300)
    assert found.cost.p50 == pytest.approx(1_300)
    assert (found.p_positive, found.pays_back, found.tornado) == (1.0, 1.0, ())


def test_benefits_ramp_up_and_the_last_share_holds() -> None:
    terms = plan().terms.model_copy(update={"ramp": (0.3, 0.8)})
    years = analyse(plan(terms=terms), FEW).years
    assert [each.cash for each in years] == pytest.approx([0, 300, 800, 800])
    assert [each.cost for each in years] == pytest.approx([1_000, 100, 100, 100])


def test_hours_that_do_not_become_money_are_kept_apart() -> None:
    terms = plan().terms.model_copy(update={"cashable": certain(0.25)})
    found = analyse(plan(terms=terms), FEW)
    assert [each.capacity for each in found.years] == pytest.approx([0, 750, 750, 750])
    assert found.npv.p50 == pytest.approx(1238.1668, abs=1e-3)
    assert found.npv_cash.p50 < 0 < found.npv.p50
    assert found.p_positive_cash == 0.0


def test_without_any_benefit_it_costs_what_it_costs_and_never_pays_back() -> None:
    found = analyse(plan(benefits=()), FEW)
    assert found.npv.p50 == pytest.approx(-1_000 - 100 * (1 / 1.1 + 1 / 1.21 + 1 / 1.331))
    assert (found.payback_years, found.pays_back, found.p_positive) == (None, 0.0, 0.0)


def test_the_tornado_has_the_widest_first_and_only_what_moves_something() -> None:
    found = analyse(plan(
        one_off={"software": Range(low=900, mode=1_000, high=1_100), "training": certain(5)},
        worth={"agent_hour": Range(low=10, mode=20, high=40), "customer": Range(low=0, mode=1, high=9)},
    ), FEW).tornado  # fmt: skip
    assert [each.key for each in found] == ["worth.agent_hour", "cost.software"]
    assert found[0].low < found[0].high
    assert found[1].low - found[1].high == pytest.approx(200)  # dearer is worse


def test_the_same_question_has_the_same_answer() -> None:
    uncertain = plan(worth={"agent_hour": Range(low=10, mode=20, high=40)})
    assert analyse(uncertain, FEW) == analyse(uncertain, FEW)


def test_an_input_that_becomes_certain_leaves_the_draws_of_the_others_as_they_were() -> None:
    worth = {"agent_hour": Range(low=10, mode=20, high=40)}
    nearly = plan(one_off={"software": Range(low=0, mode=1e-13, high=2e-13)}, worth=worth)
    assert analyse(nearly, FEW).npv.p50 == pytest.approx(
        analyse(plan(one_off={"software": certain(0)}, worth=worth), FEW).npv.p50, abs=1e-6
    )


def test_a_draw_has_the_mean_of_its_distribution() -> None:
    drawn = pert(np.random.default_rng(1), Range(low=0, mode=2, high=10), 200_000)
    assert drawn.mean() == pytest.approx((0 + 4 * 2 + 10) / 6, rel=0.01)
    assert drawn.min() >= 0
    assert drawn.max() <= 10


def ranges(most: float = 1e5) -> st.SearchStrategy[Range]:
    three = st.lists(st.floats(0, most), min_size=3, max_size=3).map(sorted)
    return three.map(lambda each: Range(low=each[0], mode=each[1], high=each[2]))


plans = st.builds(
    lambda software, support, hour, hours, cashable: plan(
        one_off={"software": software}, yearly={"support": support}, worth={"agent_hour": hour},
        benefits=(Benefit("containment", hours, "agent_hour", is_capacity=True),),
        terms=Terms(years=3, discount_rate=0.1, ramp=(0.3, 1.0), cashable=cashable),
    ),
    ranges(), ranges(), ranges(100), ranges(2_000), ranges(1.0),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(plans)
def test_a_band_is_in_order_and_inside_the_worst_and_the_best(drawn: Plan) -> None:
    found = analyse(drawn, 500)
    worst = analyse(_ends(drawn, worst=True), 2).npv.p50
    best = analyse(_ends(drawn, worst=False), 2).npv.p50
    slack = 1e-6 * (1 + abs(worst) + abs(best))
    assert worst - slack <= found.npv.p10 <= found.npv.p50 <= found.npv.p90 <= best + slack
    assert found.npv_cash.p50 <= found.npv.p50 + slack
    widths = [each.width for each in found.tornado]
    assert widths == sorted(widths, reverse=True)
    assert {each.key for each in found.tornado} <= inputs_of(drawn).keys()


@settings(max_examples=30, deadline=None)
@given(plans, st.floats(1, 1e4))
def test_dearer_is_never_better_and_more_hours_never_worse(drawn: Plan, more: float) -> None:
    before = analyse(drawn, 500).npv
    dearer = analyse(replace(drawn, one_off={"software": _moved(drawn.one_off["software"], more)}), 500).npv
    freed = tuple(replace(each, delta=_moved(each.delta, more)) for each in drawn.benefits)
    better = analyse(replace(drawn, benefits=freed), 500).npv
    slack = 1e-6 * (1 + abs(before.p50) + more)
    assert dearer.p50 == pytest.approx(before.p50 - more, abs=1e-3 + slack)
    assert better.p50 >= before.p50 - slack


def _moved(each: Range, by: float) -> Range:
    return Range(low=each.low + by, mode=each.mode + by, high=each.high + by)


def _ends(drawn: Plan, *, worst: bool) -> Plan:
    def cost(each: Range) -> Range:
        return certain(each.high if worst else each.low)

    def gain(each: Range) -> Range:
        return certain(each.low if worst else each.high)

    return replace(
        drawn, one_off={key: cost(each) for key, each in drawn.one_off.items()},
        yearly={key: cost(each) for key, each in drawn.yearly.items()},
        worth={key: gain(each) for key, each in drawn.worth.items()},
        benefits=tuple(replace(each, delta=gain(each.delta)) for each in drawn.benefits),
    )  # fmt: skip


def test_what_may_cost_next_to_nothing_has_no_return_on_it() -> None:
    assert analyse(plan(one_off={"software": certain(1e-300)}, yearly={}), FEW).roi is None
