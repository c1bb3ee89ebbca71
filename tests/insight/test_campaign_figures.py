"""What a campaign changed: held to published examples and to a simulation whose truth is known."""

import random
from decimal import Decimal

import pytest

from crm_core.campaign_results import Lot
from crm_core.campaign_values import Arm, ConversionKind
from insight.campaign_figures import arm_figures, differences, share_difference

ARMS = (Arm("hold_out", 50, is_hold_out=True), Arm("offer", 50))


def lot(arm: str, *, orders: int = 0, revenue: int = 0, **more: object) -> Lot:
    values = {"state": "posted", "reason": None, "traits": {}, "delivery": "sent", "wrote": False, "left_us": False}
    return Lot(0, arm, arm == "hold_out", orders=orders, revenue=Decimal(revenue), **{**values, **more})  # type: ignore[arg-type]


def test_the_interval_of_a_difference_is_newcombe_s() -> None:
    """His example (a): 56/70 and 48/80, method 10: 0.2, 0.0524 to 0.3339."""
    assert [round(each, 4) for each in share_difference((56, 70), (48, 80))] == [0.2, 0.0524, 0.3339]


def test_an_arm_counts_everybody_who_was_drawn() -> None:
    lots = [
        lot("offer", orders=1, revenue=90, delivery="read", wrote=True), lot("offer", state="skipped", delivery=None),
        lot("offer", delivery="failed", left_us=True), lot("hold_out", state="held_out", delivery=None),
    ]  # fmt: skip
    offer, hold_out = arm_figures(lots, ARMS, ConversionKind.ORDER)
    assert (offer.n, offer.sent, offer.delivered, offer.failed, offer.left_out) == (3, 1, 1, 1, 1)
    assert (offer.converted, offer.replied, offer.unsubscribed, offer.per_head) == (1, 1, 1, 30.0)
    assert offer.rate.value == pytest.approx(1 / 3)
    assert (hold_out.is_hold_out, hold_out.n, hold_out.converted) == (True, 1, 0)
    assert arm_figures(lots, ARMS, ConversionKind.REPLY)[0].converted == 1


def test_an_arm_to_which_the_lot_brought_nobody_is_shown_empty() -> None:
    _, hold_out = arm_figures([lot("offer", orders=1, revenue=90)], ARMS, ConversionKind.ORDER)
    assert (hold_out.key, hold_out.n, hold_out.rate.value, hold_out.per_head) == ("hold_out", 0, None, 0.0)


def test_without_a_hold_out_there_is_no_difference() -> None:
    assert differences([lot("offer", orders=1)], ConversionKind.ORDER) == ()


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance, held = random.Random(7), 0
    for _ in range(300):
        lots = [lot("offer", orders=chance.random() < 0.13) for _ in range(400)]
        lots += [lot("hold_out", orders=chance.random() < 0.10) for _ in range(200)]
        [found] = differences(lots, ConversionKind.ORDER)
        held += found.share_low <= 0.03 <= found.share_high
    assert 0.92 <= held / 300 <= 0.98


def test_what_it_brought_is_the_difference_for_everybody_written_to() -> None:
    lots = [lot("offer", orders=number < 30, revenue=100 * (number < 30)) for number in range(100)]
    lots += [lot("hold_out", orders=number < 20, revenue=100 * (number < 20)) for number in range(100)]
    [found] = differences(lots, ConversionKind.ORDER)
    assert (round(found.extra), round(found.extra_money), found.is_certain) == (10, 1000, False)
    assert found.money_low < 10 < found.money_high
