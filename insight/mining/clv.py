"""`clv`: what each customer will order and be worth in the coming weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from crm_core.learnt import Minimum
from crm_core.sentences import Sentence
from insight.mining.findings import BackTest, Finding, Protocol, around, demand_enough
from insight.mining.histories import (
    Days,
    Floats,
    Histories,
    bought,
    histories_of,
    purchase_days,
    span_of,
    weeks_before,
    weeks_between,
)
from insight.mining.repeat_buying import RepeatBuying, fit_repeat_buying
from insight.mining.rows import Sale
from insight.mining.spending import Spending, fit_spending

LEAST_WEEKS, LEAST_CUSTOMERS, LEAST_REPEATERS = 26, 200, 100
TOP_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class CustomerValue:
    """`orders` expected in the horizon, `spend` expected of each, `alive`: the chance that they still buy."""

    customer: str
    orders: float
    spend: float
    alive: float

    @property
    def value(self) -> float:
        return self.orders * self.spend


@dataclass(frozen=True, slots=True)
class Values:
    """`customers` by expected orders, most first: held out, that ranks better than the chance of being alive."""

    customers: tuple[CustomerValue, ...]
    horizon_weeks: int
    buying: RepeatBuying
    spending: Spending


def clv(sales: Sequence[Sale], until: date, horizon_weeks: int = 39) -> Finding[Values]:
    """The interval is of all orders in the horizon. Raises NotEnough for short or thin histories."""
    days = purchase_days(sale for sale in sales if sale.on <= until)
    minima = _minima(days, until)
    past = histories_of(days, until)
    buying, spending = fit_repeat_buying(past), fit_spending(past)
    orders, spend, alive = buying.expected(past, horizon_weeks), spending.expected(past), buying.alive(past)
    held_out = min(horizon_weeks, weeks_between(span_of(days)[0], until) // 2)
    test, variance = hold_out(days, weeks_before(until, held_out), held_out)
    total = float(orders.sum())
    error = np.sqrt(
        buying.total_error(past, horizon_weeks) ** 2 + variance * horizon_weeks / held_out
        + (test.more["bias"] * total) ** 2
    )  # fmt: skip
    ranked = sorted(
        zip(past.ids, orders.tolist(), spend.tolist(), alive.tolist(), strict=True), key=lambda one: -one[1]
    )
    within = around(total, float(error))
    return Finding(
        Values(tuple(CustomerValue(*each) for each in ranked), horizon_weeks, buying, spending), within, test, minima,
        Sentence("clv", {"orders": round(total), "low": round(within.low), "high": round(within.high),
                         "weeks": horizon_weeks, "money": round(float(orders @ spend))}),
    )  # fmt: skip


def _minima(days: Days, until: date) -> tuple[Minimum, ...]:
    weeks = weeks_between(span_of(days)[0], until) if days else 0
    repeaters = sum(len(theirs) > 1 for theirs in days.values())
    return demand_enough(
        Minimum("weeks_of_sales", weeks, LEAST_WEEKS), Minimum("customers", len(days), LEAST_CUSTOMERS),
        Minimum("customers_who_came_back", repeaters, LEAST_REPEATERS),
    )  # fmt: skip


def hold_out(days: Days, cut: date, weeks: int) -> tuple[BackTest, float]:
    """Fitted to what was known at `cut`, tried on the weeks after it; and the variance of the total seen there."""
    past = histories_of(days, cut)
    buying = fit_repeat_buying(past)
    expected = buying.expected(past, weeks)
    actual, _ = bought(days, past.ids, cut, weeks_before(cut, -weeks))
    naive = past.repeats / np.maximum(past.age, 1) * weeks
    more = {
        "bias": float(expected.sum() / max(1.0, actual.sum()) - 1), "top_tenth": top_share(expected, actual),
        "top_tenth_alive": top_share(buying.alive(past), actual),
    }  # fmt: skip
    error, plain = (float(np.abs(each - actual).mean()) for each in (expected, naive))
    test = BackTest(Protocol.LATER, "orders_mae", error, "past_rate", plain, len(past), more)
    return test, float(np.sum((expected - actual) ** 2))


def top_share(score: Floats, actual: Floats) -> float:
    """What share of all that came later came from the tenth with the highest score."""
    top = np.argsort(-score, kind="stable")[: max(1, int(len(score) * TOP_SHARE))]
    return float(actual[top].sum() / max(1.0, actual.sum()))


def summaries(ids: Sequence[str], repeats: Floats, recency: Floats, age: Floats) -> Histories:
    """Histories that were counted elsewhere, without money."""
    nothing = np.zeros(len(ids))
    return Histories(tuple(ids), repeats, recency, age, nothing, nothing)
