"""Benefits rest on measured changes: too few cases give none, and a change for the worse counts against."""

from datetime import UTC, datetime, timedelta

import pytest

from config.five_steps import HoldOut
from crm_core.reporting import Figure, Period, Unit
from insight import benefits as of
from insight.benefits import Compared, benefits, changes, difference, people
from insight.figures import number, share

WEEKS = Period(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 29, tzinfo=UTC))
OPEN_S = 28 * 10 * 3600.0


def mean(key: str, value: float, half: float, n: int) -> Figure:
    return Figure(key, Unit.SECONDS, value, n, value - half, value + half)


def period(*, bot: tuple[int, int], gave_up: tuple[int, int], handle_s: float) -> dict[str, Figure]:
    offered = gave_up[1]
    found = (
        share("containment_strict", *bot), share("abandonment", *gave_up), number("offered", offered),
        number("answered", offered - gave_up[0]), mean("handle", handle_s, 5, offered - gave_up[0]),
    )  # fmt: skip
    return {figure.key: figure for figure in found}


def compared(**now: object) -> Compared:
    before = period(bot=(0, 0), gave_up=(600, 6_000), handle_s=300)
    later = {"bot": (2_000, 5_000), "gave_up": (200, 4_000), "handle_s": 270.0} | now
    return Compared(before, period(**later), WEEKS, OPEN_S)  # type: ignore[arg-type]


KEPT, KEPT_BETTER = share("retention", 500, 1_000), share("retention", 560, 1_000)
LOT = HoldOut(written_to=5_000, written_responded=300, left_alone=5_000, left_responded=200, a_year=20_000)


def test_what_is_counted_is_the_change_a_year() -> None:
    found = {each.key: each for each in changes(compared(), (KEPT, KEPT_BETTER), LOT)}
    a_year = 365 / 28
    assert all(each.refusal is None and each.delta is not None for each in found.values())
    deltas = {key: each.delta.mode for key, each in found.items() if each.delta}
    assert deltas["handling"] == pytest.approx(3_800 * 30 / 3600 * a_year)
    assert deltas["abandonment"] == pytest.approx(4_000 * (0.10 - 0.05) * a_year)
    assert deltas["retention"] == pytest.approx(60 * a_year)
    assert deltas["campaign"] == pytest.approx(20_000 * 0.02)
    least_h = 2_000 * 270 / 3600 * a_year  # the talk alone; Erlang adds the slack that keeps waits short
    assert 0.85 * least_h < deltas["containment"] < 1.5 * least_h
    assert {each.key for each in benefits(tuple(found.values())) if each.is_capacity} == {"containment", "handling"}


def test_without_enough_cases_nothing_is_counted_and_it_is_said() -> None:
    few = compared(bot=(5, 29), gave_up=(1, 29))
    found = changes(few, (share("retention", 0, 0), KEPT), HoldOut())
    assert benefits(found) == ()
    said = {each.key: each.refusal for each in found}
    assert {key: sentence.key for key, sentence in said.items() if sentence} == {
        "containment": "too_few", "handling": "too_few", "abandonment": "too_few", "retention": "too_few",
        "campaign": "no_hold_out",
    }  # fmt: skip
    assert said["containment"] is not None
    assert said["containment"].parameters == {"have": 29, "need": of.FEWEST}


def test_without_contacts_before_no_nought_is_assumed() -> None:
    empty = period(bot=(0, 0), gave_up=(0, 0), handle_s=300)
    found = of.contained(Compared(empty, compared().now, WEEKS, OPEN_S))
    assert found.delta is None
    assert found.refusal is not None


def test_a_change_for_the_worse_counts_against() -> None:
    worse = compared(gave_up=(1_000, 4_000), handle_s=400.0)
    found = {each.key: each.delta for each in changes(worse, (KEPT_BETTER, KEPT), LOT)}
    assert all(found[key] is not None and found[key].mode < 0 for key in ("handling", "abandonment", "retention"))  # type: ignore[union-attr]


def test_a_difference_holds_its_value_and_is_wider_with_fewer_cases() -> None:
    many, few = (difference(share("a", 60 * k, 100 * k), share("b", 50 * k, 100 * k)) for k in (100, 1))
    assert many.mode == few.mode == pytest.approx(0.1)
    assert few.low < many.low < 0.1 < many.high < few.high
    # Newcombe's own example: 56/70 against 48/80 gives 0.0524 to 0.3339
    known = difference(share("a", 56, 70), share("b", 48, 80))
    assert (known.low, known.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_more_contacts_never_need_fewer_people() -> None:
    needed = [people(rate / 3600, 300.0) for rate in range(0, 200, 3)]
    assert needed == sorted(needed)
    assert needed[0] == 0


def test_a_year_is_the_same_whatever_the_period() -> None:
    year = Compared({}, {}, Period(WEEKS.since, WEEKS.since + timedelta(days=365)), OPEN_S)
    assert year.to_a_year == 1
