"""What each customer's purchases come to at a day: how often, how lately, how much."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from insight.mining.rows import Sale

Floats = NDArray[np.float64]
WEEK_DAYS = 7
Days = Mapping[str, Mapping[date, float]]


@dataclass(frozen=True, slots=True)
class Histories:
    """One entry for each customer, sorted by id. Times in weeks.

    `repeats`: days of purchase after the first; `recency`: from the first to the last of them; `age`: from the first
    until the day of looking; `spend`: mean of a repeat day (0 without one); `total`: of everything.
    """

    ids: tuple[str, ...]
    repeats: Floats
    recency: Floats
    age: Floats
    spend: Floats
    total: Floats

    def __len__(self) -> int:
        return len(self.ids)


def purchase_days(sales: Iterable[Sale]) -> Days:
    """Money by customer and day; a day on which as much was given back as bought is none."""
    paid: defaultdict[str, defaultdict[date, float]] = defaultdict(lambda: defaultdict(float))
    taken: defaultdict[tuple[str, date], float] = defaultdict(float)
    for sale in sales:
        paid[sale.customer][sale.on] += sale.amount
        taken[sale.customer, sale.on] += sale.quantity
    kept = {
        customer: {on: amount for on, amount in theirs.items() if amount >= 0 and taken[customer, on] > 0}
        for customer, theirs in sorted(paid.items())
    }
    return {customer: theirs for customer, theirs in kept.items() if theirs}


def histories_of(days: Days, until: date) -> Histories:
    """As known in the evening of `until`; who came later is left out."""
    known = {customer: sorted(on for on in theirs if on <= until) for customer, theirs in days.items()}
    known = {customer: theirs for customer, theirs in known.items() if theirs}
    first = np.array([theirs[0].toordinal() for theirs in known.values()], dtype=np.float64)
    last = np.array([theirs[-1].toordinal() for theirs in known.values()], dtype=np.float64)
    paid = [[days[customer][on] for on in theirs] for customer, theirs in known.items()]
    return Histories(
        tuple(known), np.array([len(theirs) - 1.0 for theirs in known.values()]), (last - first) / WEEK_DAYS,
        (until.toordinal() - first) / WEEK_DAYS,
        np.array([float(np.mean(each[1:])) if len(each) > 1 else 0.0 for each in paid]),
        np.array([float(sum(each)) for each in paid]),
    )  # fmt: skip


def bought(days: Days, ids: Sequence[str], since: date, until: date) -> tuple[Floats, Floats]:
    """Purchase days and money of each after `since`, up to and with `until`."""
    spans = [[paid for on, paid in days.get(each, {}).items() if since < on <= until] for each in ids]
    return np.array([float(len(span)) for span in spans]), np.array([float(sum(span)) for span in spans])


def span_of(days: Days) -> tuple[date, date]:
    """The first and the last day of all."""
    every = [on for theirs in days.values() for on in theirs]
    return min(every), max(every)


def weeks_before(until: date, weeks: float) -> date:
    return until - timedelta(days=round(weeks * WEEK_DAYS))


def weeks_between(since: date, until: date) -> int:
    return (until - since).days // WEEK_DAYS
