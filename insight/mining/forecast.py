"""`forecast_arrivals`: how many contacts the next day brings, slot by slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from crm_core.errors import InvalidInput
from crm_core.learnt import Minimum
from crm_core.sentences import Sentence
from insight.arrivals import Day
from insight.mining.arrival_model import (
    Floats,
    History,
    Settings,
    ahead,
    band,
    choose_settings,
    expected_total,
    history_of,
    seasonal_naive,
    shape,
    surprise,
    wape,
)
from insight.mining.findings import BackTest, Finding, Interval, Protocol, demand_enough

LEAST_DAYS, LEAST_ALIKE = 70, 4
TRIED_DAYS = 28  # held out for the back-test, and as many before them for the settings
MOST_AHEAD = timedelta(days=14)
TAILS = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class ArrivalForecast:
    """`expected` contacts in each slot, and a 95 % band for the count of each (`low`, `high`)."""

    expected: Day
    low: tuple[float, ...]
    high: tuple[float, ...]
    settings: Settings


def forecast_arrivals(days: Sequence[Day], on: date) -> Finding[ArrivalForecast]:
    """From open days before `on`. Raises NotEnough below ten weeks of them, InvalidInput for an impossible day."""
    earlier = [day for day in days if day.date < on]
    open_days = sum(sum(day.counts) > 0 for day in earlier)
    alike = sum(day.date.weekday() == on.weekday() and sum(day.counts) > 0 for day in earlier)
    minima = demand_enough(
        Minimum("open_days", open_days, LEAST_DAYS), Minimum("open_days_of_that_weekday", alike, LEAST_ALIKE)
    )
    history = history_of(earlier)
    if on - history.dates[-1] > MOST_AHEAD:
        raise InvalidInput(f"The last known day is {history.dates[-1]}: a forecast reaches two weeks, not to {on}.")
    n = len(history.dates)
    tuned, tried = range(n - 2 * TRIED_DAYS, n - TRIED_DAYS), range(n - TRIED_DAYS, n)
    settings = choose_settings(history, tuned)
    back_test, surprises = _back_test(history, tuned, tried, settings)
    expected = expected_total(history, n, history.traits_of(on, history.dates[-1]), settings) * shape(
        history, n, on.weekday()
    )
    low, high = band(expected, surprises, TAILS)
    opens_at = datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(seconds=history.first_s)
    day = Day(opens_at, history.slot_s, tuple(expected.tolist()))
    total = float(expected.sum())
    within = _total_interval(history, tried, settings, total)
    return Finding(
        ArrivalForecast(day, tuple(low.tolist()), tuple(high.tolist()), settings), within, back_test, minima,
        Sentence("forecast_arrivals", {"on": on, "total": round(total), "low": round(within.low),
                                       "high": round(within.high)}),
    )  # fmt: skip


def _back_test(
    history: History, tuned: Sequence[int], tried: Sequence[int], settings: Settings
) -> tuple[BackTest, Floats]:
    """The band that is counted on the tried days comes from the days before them; the one returned, from both."""
    before = surprise(history.counts[list(tuned)], ahead(history, tuned, settings))
    actual, forecast = history.counts[list(tried)], ahead(history, tried, settings)
    low, high = band(forecast, before, TAILS)
    coverage = float(np.mean((actual >= low) & (actual <= high)))
    plain = wape(actual, seasonal_naive(history, tried))
    test = BackTest(
        Protocol.ORIGINS, "wape", wape(actual, forecast), "seasonal_naive", plain, len(tried), {"coverage95": coverage}
    )
    return test, np.concatenate([before, surprise(actual, forecast)])


def _total_interval(history: History, tried: Sequence[int], settings: Settings, total: float) -> Interval:
    """By how much the totals of the tried days were missed, with Student's allowance for their small number."""
    errors = np.log(history.totals[list(tried)] / ahead(history, tried, settings).sum(axis=1))
    half = 2.05 * float(np.sqrt(np.mean(errors**2)))  # t of 28 degrees of freedom
    return Interval(total * float(np.exp(-half)), total * float(np.exp(half)))
