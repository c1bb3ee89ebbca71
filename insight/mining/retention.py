"""`retention`: how long customers stay (Kaplan and Meier 1958), and what became of those of each month."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from crm_core.learnt import Cohort, Minimum
from crm_core.sentences import Sentence, Share
from insight.fifo import Z95
from insight.mining.findings import BackTest, Finding, Interval, Protocol, demand_enough
from insight.mining.histories import purchase_days
from insight.mining.rows import Lifetime, Sale

Floats = NDArray[np.float64]
LEAST_CUSTOMERS, LEAST_LEFT = 100, 30
HELD_OUT = 0.25  # of the time, at its end


@dataclass(frozen=True, slots=True)
class Survival:
    """After so many `days`, the `share` that is still there with its 95 % band, and how many were watched that long."""

    days: tuple[int, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    watched: tuple[int, ...]

    def at(self, day: float) -> float:
        """Beyond the last departure the share stays."""
        index = int(np.searchsorted(self.days, day, side="right")) - 1
        return self.share[index] if index >= 0 else 1.0

    def foretold(self, day: float) -> float:
        """As `at`; beyond what was seen, people go on leaving as they did in the second half of the curve."""
        if not self.days or day <= self.days[-1] or self.at(self.days[-1]) == 0:
            return self.at(day)
        end, middle = self.days[-1], self.days[-1] / 2
        rate = float(np.log(self.at(middle) / self.at(end))) / (end - middle)
        return self.at(end) * float(np.exp(-rate * (day - end)))

    def band(self, day: float) -> Interval:
        index = int(np.searchsorted(self.days, day, side="right")) - 1
        return Interval(self.low[index], self.high[index]) if index >= 0 else Interval(1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Retention:
    """`cohorts` are empty where only lifetimes are known."""

    survival: Survival
    cohorts: tuple[Cohort, ...] = ()


def retention(lifetimes: Sequence[Lifetime], until: date, horizon_days: int = 365) -> Finding[Retention]:
    """The interval is of the share still there after the horizon."""
    return _finding(lifetimes, until, horizon_days, ())


def retention_of_sales(
    sales: Sequence[Sale], until: date, silent_days: int = 90, horizon_days: int = 365
) -> Finding[Retention]:
    """Who buys nothing for `silent_days` left with their last purchase; so the last days decide nothing yet."""
    sales = [sale for sale in sales if sale.on <= until]
    known_until = until - timedelta(days=silent_days)
    lifetimes = [
        Lifetime(min(theirs), max(theirs) if max(theirs) <= known_until else None)
        for theirs in purchase_days(sales).values() if min(theirs) <= known_until
    ]  # fmt: skip
    return _finding(lifetimes, known_until, horizon_days, cohort_table(sales, until))


def _finding(
    lifetimes: Sequence[Lifetime], until: date, horizon_days: int, cohorts: tuple[Cohort, ...]
) -> Finding[Retention]:
    left = sum(each.ended is not None and each.ended <= until for each in lifetimes)
    minima = demand_enough(
        Minimum("customers", len(lifetimes), LEAST_CUSTOMERS), Minimum("people_who_left", left, LEAST_LEFT)
    )
    longest = (until - min(each.started for each in lifetimes)).days
    horizon = min(horizon_days, longest)
    found = survival(*_durations(lifetimes, until))
    within = found.band(horizon)
    sentence = Sentence("retention", {
        "share": Share(found.at(horizon)), "low": Share(within.low), "high": Share(within.high), "days": horizon,
    })  # fmt: skip
    return Finding(Retention(found, cohorts), within, _back_test(lifetimes, until), minima, sentence)


def _durations(lifetimes: Sequence[Lifetime], until: date) -> tuple[Floats, NDArray[np.bool_]]:
    """Days watched of those who had come, and whether they ended within them."""
    come = [each for each in lifetimes if each.started <= until]
    left = np.array([each.ended is not None and each.ended <= until for each in come])
    ends = [each.ended if each.ended is not None and each.ended <= until else until for each in come]
    return np.array([float((end - each.started).days) for end, each in zip(ends, come, strict=True)]), left


def survival(days: Floats, left: NDArray[np.bool_]) -> Survival:
    """The band is Greenwood's on the scale of log(−log), which stays inside 0 and 1."""
    moments = np.unique(days[left])
    watched = np.array([int((days >= moment).sum()) for moment in moments])
    gone = np.array([int((days[left] == moment).sum()) for moment in moments])
    share = np.cumprod(1 - gone / watched)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(gone / (watched * (watched - gone)))
        spread = np.nan_to_num(Z95 * np.sqrt(greenwood) / np.abs(np.log(share)), nan=0.0, posinf=0.0)
    low, high = (np.where(share > 0, share ** np.exp(sign * spread), 0.0) for sign in (1, -1))
    return Survival(
        tuple(int(moment) for moment in moments), tuple(share.tolist()), tuple(low.tolist()), tuple(high.tolist()),
        tuple(watched.tolist()),
    )  # fmt: skip


def _back_test(lifetimes: Sequence[Lifetime], until: date) -> BackTest:
    """The curve of three quarters of the time says how many of those then there are so at the end."""
    first = min(each.started for each in lifetimes)
    ahead = round((until - first).days * HELD_OUT)
    cut = until - timedelta(days=ahead)
    days, left = _durations(lifetimes, cut)
    curve, rate = survival(days, left), float(left.sum()) / max(1.0, float(days.sum()))
    there = [each for each in lifetimes if each.started <= cut and (each.ended is None or each.ended > cut)]
    stayed = sum(each.ended is None or each.ended > until for each in there)
    ages = [(cut - each.started).days for each in there]
    expected = sum(curve.foretold(age + ahead) / max(curve.foretold(age), 1e-9) for age in ages)
    constant = len(there) * float(np.exp(-rate * ahead))
    n = max(1, len(there))
    more = {"stayed": stayed / n, "foretold": expected / n}
    missed, plain = abs(expected - stayed) / n, abs(constant - stayed) / n
    return BackTest(Protocol.LATER, "share_missed_by", missed, "constant_rate", plain, len(there), more)


def cohort_table(sales: Sequence[Sale], until: date) -> tuple[Cohort, ...]:
    """Whole months only."""
    members: defaultdict[int, list[set[int]]] = defaultdict(list)
    last = _month(until + timedelta(days=1)) - 1
    for theirs in purchase_days(sales).values():
        months = {_month(on) for on in theirs if _month(on) <= last}
        if months:
            members[min(months)].append(months)
    return tuple(
        Cohort(date(month // 12, month % 12 + 1, 1), len(theirs), tuple(
            sum(each in months for months in theirs) / len(theirs) for each in range(month, last + 1)
        )) for month, theirs in sorted(members.items())
    )  # fmt: skip


def _month(on: date) -> int:
    return on.year * 12 + on.month - 1
