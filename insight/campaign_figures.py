"""Figures of a campaign from its lots: by arm as drawn (intention to treat), and against the hold-out."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, variance

from crm_core.campaign_report import ArmFigures, Difference
from crm_core.campaign_results import Lot
from crm_core.campaign_values import Arm, ConversionKind, MemberState
from insight.fifo import Z95
from insight.figures import share

ARRIVED = frozenset({"delivered", "read"})


def is_converted(lot: Lot, kind: ConversionKind) -> bool:
    return lot.orders > 0 if kind is ConversionKind.ORDER else lot.wrote


def arm_figures(lots: Sequence[Lot], arms: Sequence[Arm], kind: ConversionKind) -> tuple[ArmFigures, ...]:
    """Every arm that was planned, for which nobody was drawn as well; by key, the hold-out last."""
    return tuple(
        _figures(arm, [lot for lot in lots if lot.arm == arm.key], kind)
        for arm in sorted(arms, key=lambda arm: (arm.is_hold_out, arm.key))
    )


def _figures(arm: Arm, lots: Sequence[Lot], kind: ConversionKind) -> ArmFigures:
    converted = sum(is_converted(lot, kind) for lot in lots)
    revenue = float(sum(lot.revenue for lot in lots))
    return ArmFigures(
        arm.key, arm.is_hold_out, len(lots),
        sent=sum(lot.delivery in ARRIVED | {"sent"} for lot in lots),
        delivered=sum(lot.delivery in ARRIVED for lot in lots),
        failed=sum(lot.delivery in ("failed", "in_doubt") for lot in lots),
        left_out=sum(lot.state == MemberState.SKIPPED for lot in lots),
        replied=sum(lot.wrote for lot in lots), unsubscribed=sum(lot.left_us for lot in lots),
        converted=converted, rate=share("conversion", converted, len(lots)),
        revenue=revenue, per_head=revenue / len(lots) if lots else 0.0,
    )  # fmt: skip


def differences(lots: Sequence[Lot], kind: ConversionKind) -> tuple[Difference, ...]:
    """Each arm's from the hold-out; none without one."""
    left_alone = [lot for lot in lots if lot.is_hold_out]
    arms = sorted({lot.arm for lot in lots if not lot.is_hold_out})
    if not left_alone:
        return ()
    return tuple(_difference(arm, [lot for lot in lots if lot.arm == arm], left_alone, kind) for arm in arms)


def _difference(arm: str, written: Sequence[Lot], left: Sequence[Lot], kind: ConversionKind) -> Difference:
    counts = [(sum(is_converted(lot, kind) for lot in group), len(group)) for group in (written, left)]
    value, low, high = share_difference(counts[0], counts[1])
    money, half = _money_difference(written, left)
    return Difference(
        arm, value, low, high, money, money - half, money + half, value * len(written), money * len(written)
    )


def share_difference(one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float, float]:
    """With the hybrid score interval (Newcombe 1998, Statistics in Medicine 17:873, method 10)."""
    (first, second) = (share("", *counts) for counts in (one, other))
    p1, l1, u1 = first.value or 0.0, first.low or 0.0, first.high or 0.0
    p2, l2, u2 = second.value or 0.0, second.low or 0.0, second.high or 0.0
    value = p1 - p2
    return value, value - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2), value + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)


def _money_difference(written: Sequence[Lot], left: Sequence[Lot]) -> tuple[float, float]:
    """Per head, with half its normal interval; orders are skewed, so it is rough below some hundred people."""
    one, other = ([float(lot.revenue) for lot in group] for group in (written, left))
    error = sqrt(sum(variance(each) / len(each) for each in (one, other) if len(each) > 1))
    return fmean(one) - fmean(other), Z95 * error
