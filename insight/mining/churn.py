"""`churn`: who is likely to leave, from traits and outcomes, or from purchases alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from crm_core.learnt import Minimum
from crm_core.sentences import Sentence
from insight.mining.encoding import (
    Encoder,
    Encoding,
    Floats,
    auc,
    auc_interval,
    brier,
    chances,
    chosen,
    fit_logistic,
    folds,
    lift,
)
from insight.mining.findings import BackTest, Finding, Protocol, around, demand_enough
from insight.mining.histories import Days, bought, histories_of, purchase_days, span_of, weeks_before, weeks_between
from insight.mining.rows import Outcomes, Sale, Traits
from insight.mining.threads import one_thread

LEAST_PEOPLE, LEAST_EACH = 300, 50
LEARNT = 0.8  # of rows in the order of time
STRENGTH = 0.5
CURVED, PLAIN = Encoding(curved=True), Encoding(curved=False)


@dataclass(frozen=True, slots=True)
class Risk:
    """`chance` to leave, from 0 to 1."""

    customer: str
    chance: float


@dataclass(frozen=True, slots=True)
class Risks:
    """The likeliest to leave first."""

    customers: tuple[Risk, ...]


def churn(known: Outcomes, asked: Traits) -> Finding[Risks]:
    """Learnt from people whose outcome is known, told of people with the same traits."""
    minima = _minima(known)
    happened = np.asarray(known.happened, dtype=np.bool_)
    if known.in_order:
        cut = int(len(happened) * LEARNT)
        parts = [(np.arange(cut), np.arange(cut, len(happened)))]
    else:
        parts = list(folds(known.happened))
    tried = np.concatenate([rows for _, rows in parts])
    curved, plain = (np.concatenate([
        _chances(chosen(known.traits, learnt), happened[learnt], chosen(known.traits, rows), encoding)
        for learnt, rows in parts
    ]) for encoding in (CURVED, PLAIN))  # fmt: skip
    test = _back_test(Protocol.LATER if known.in_order else Protocol.FOLDS, happened[tried], curved, plain)
    return _finding(known.traits, happened, asked, (test, minima))


def churn_of_sales(sales: Sequence[Sale], until: date, horizon_weeks: int = 13) -> Finding[Risks]:
    """Whoever buys nothing in the horizon has left. Learnt at one day, tried a horizon later, told of `until`."""
    days = purchase_days(sale for sale in sales if sale.on <= until)
    weeks = weeks_between(span_of(days)[0], until) if days else 0
    enough = demand_enough(Minimum("weeks_of_sales", weeks, 4 * horizon_weeks))
    earlier, later = (_outcomes(days, weeks_before(until, back * horizon_weeks), horizon_weeks) for back in (2, 1))
    minima = (*enough, *_minima(earlier), *_minima(later))
    learnt, happened = np.asarray(earlier.happened), np.asarray(later.happened)
    curved, plain = (_chances(earlier.traits, learnt, later.traits, encoding) for encoding in (CURVED, PLAIN))
    test = _back_test(Protocol.LATER, happened, curved, plain)
    return _finding(later.traits, happened, _traits(days, until), (test, minima))


def _minima(known: Outcomes) -> tuple[Minimum, ...]:
    left = sum(known.happened)
    return demand_enough(
        Minimum("people_with_an_outcome", len(known.happened), LEAST_PEOPLE),
        Minimum("people_who_left", left, LEAST_EACH),
        Minimum("people_who_stayed", len(known.happened) - left, LEAST_EACH),
    )  # fmt: skip


def _chances(learnt: Traits, happened: NDArray[np.bool_], asked: Traits, encoding: Encoding) -> Floats:
    with one_thread():
        encoder = Encoder(learnt, encoding)
        return chances(fit_logistic(encoder(learnt), happened, STRENGTH), encoder(asked))


def _back_test(protocol: Protocol, happened: NDArray[np.bool_], curved: Floats, plain: Floats) -> BackTest:
    within = auc_interval(happened, curved)
    return BackTest(protocol, "auc", auc(happened, curved), "plain_logistic", auc(happened, plain), len(happened), {
        "brier": brier(happened, curved), "lift_10": lift(happened, curved), "auc_low": within.low,
        "auc_high": within.high, "left_expected": float(curved.mean()), "left_seen": float(happened.mean()),
    })  # fmt: skip


def _finding(
    known: Traits, happened: NDArray[np.bool_], asked: Traits, why: tuple[BackTest, tuple[Minimum, ...]]
) -> Finding[Risks]:
    """The interval is of how many will leave: chance, and by how much the back-test was wrong about their share."""
    test, minima = why
    found = _chances(known, happened, asked, CURVED)
    leaving = float(found.sum())
    wrong = (test.more["left_expected"] - test.more["left_seen"]) * len(found)
    within = around(leaving, sqrt(float((found * (1 - found)).sum()) + wrong**2))
    ranked = sorted(zip(asked.ids, found.tolist(), strict=True), key=lambda one: -one[1])
    return Finding(
        Risks(tuple(Risk(*each) for each in ranked)), within, test, minima,
        Sentence("churn", {"leaving": round(leaving), "low": max(0, round(within.low)), "high": round(within.high),
                           "people": len(found), "lift": round(test.more["lift_10"], 1)}),
    )  # fmt: skip


def _outcomes(days: Days, cut: date, weeks: int) -> Outcomes:
    traits = _traits(days, cut)
    orders, _ = bought(days, traits.ids, cut, weeks_before(cut, -weeks))
    return Outcomes(traits, (orders == 0).tolist())


def _traits(days: Days, until: date) -> Traits:
    past = histories_of(days, until)
    silent = past.age - past.recency
    pace = (past.recency + 1) / (past.repeats + 1)
    return Traits(past.ids, {
        "repeats": np.log1p(past.repeats).tolist(), "silent": np.log1p(silent).tolist(), "age": past.age.tolist(),
        "silent_by_pace": np.log1p(silent / pace).tolist(), "total": np.log1p(past.total).tolist(),
    })  # fmt: skip
