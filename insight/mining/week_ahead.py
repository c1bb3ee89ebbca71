"""Contacts of the days to come by half hours, each with a band that is as wide as a week ahead has been missed."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import numpy as np

from crm_core.errors import InvalidInput
from crm_core.learnt import Minimum
from crm_core.planning import SLOTS, ExpectedDay, Outlook, Slots, Tried
from insight.arrivals import Day
from insight.mining.arrival_model import (
    History,
    Settings,
    ahead,
    band,
    choose_settings,
    expected_total,
    history_of,
    one_ahead,
    seasonal_naive,
    shape,
    surprise,
    wape,
)
from insight.mining.findings import demand_enough
from insight.mining.forecast import LEAST_ALIKE, LEAST_DAYS, MOST_AHEAD, TRIED_DAYS

LAG_DAYS = 6  # of the days before, as for the last day of a week that is planned on the evening before it
LATE_WEEKS = 8  # a weekday without a contact in so many weeks is closed
TAILS = (0.1, 0.9)
NOTHING: Slots = (0.0,) * SLOTS


@lru_cache(maxsize=64)
def forecast_days(days: tuple[Day, ...], on: tuple[date, ...]) -> Outlook:
    """From whole days of 48 half hours before the first of `on`. Raises NotEnough, InvalidInput for too far a day."""
    history, settings = _learnt(days, on)
    n = len(history.dates)
    tuned, tried = range(n - 2 * TRIED_DAYS, n - TRIED_DAYS), range(n - TRIED_DAYS, n)
    before = surprise(history.counts[list(tuned)], ahead(history, tuned, settings, LAG_DAYS))
    actual, forecast = history.counts[list(tried)], ahead(history, tried, settings, LAG_DAYS)
    low, high = band(forecast, before, TAILS)
    test = Tried(
        wape(actual, forecast), wape(actual, seasonal_naive(history, tried)), len(tried),
        float(np.mean((actual >= low) & (actual <= high))),
    )  # fmt: skip
    surprises = np.concatenate([before, surprise(actual, forecast)])
    return Outlook(tuple(_expected(history, day, settings, surprises) for day in on), test)


def _learnt(days: Sequence[Day], on: Sequence[date]) -> tuple[History, Settings]:
    earlier = [day for day in days if day.date < on[0] and sum(day.counts) > 0]
    demand_enough(Minimum("open_days", len(earlier), LEAST_DAYS))
    history = history_of(earlier)
    for day in on:
        number = _alike(history, day)
        if number or is_open_of_late(history, day):
            demand_enough(Minimum("open_days_of_that_weekday", number, LEAST_ALIKE))
    if on[-1] - history.dates[-1] > MOST_AHEAD:
        raise InvalidInput(f"The last known day is {history.dates[-1]}: a forecast reaches two weeks, not to {on[-1]}.")
    n = len(history.dates)
    return history, choose_settings(history, range(n - 2 * TRIED_DAYS, n - TRIED_DAYS))


def _alike(history: History, on: date) -> int:
    return sum(day.weekday() == on.weekday() for day in history.dates)


def is_open_of_late(history: History, on: date) -> bool:
    last = history.dates[-1]
    return any(day.weekday() == on.weekday() and (last - day).days < 7 * LATE_WEEKS for day in history.dates)


def _expected(history: History, on: date, settings: Settings, surprises: np.ndarray) -> ExpectedDay:
    if not is_open_of_late(history, on):
        return ExpectedDay(on, NOTHING, NOTHING, NOTHING)
    n = len(history.dates)
    total = expected_total(history, n, history.traits_of(on, history.dates[-1]), settings)
    expected = total * shape(history, n, on.weekday())
    low, high = band(expected, surprises, TAILS)
    return ExpectedDay(on, *(tuple(each.tolist()) for each in (expected, low, high)))


def night_forecast(days: tuple[Day, ...], on: date) -> tuple[Slots, Slots]:
    """Of the day that begins, from all before it: ours, and the latest like weekday again. Raises NotEnough."""
    history, settings = _learnt(days, (on,))
    if not is_open_of_late(history, on):
        return NOTHING, NOTHING
    with_today = history_of(
        [*(day for day in days if day.date < on and sum(day.counts) > 0), _any_contact(days[0], on)]
    )
    last = len(with_today.dates) - 1
    ours, naive = one_ahead(with_today, last, settings), seasonal_naive(with_today, [last])[0]
    return tuple(ours.tolist()), tuple(naive.tolist())


def _any_contact(like: Day, on: date) -> Day:
    """A place for the day that is asked about; what is in it is never looked at."""
    opens_at = like.opens_at.replace(year=on.year, month=on.month, day=on.day)
    return Day(opens_at, like.slot_s, (1.0,) * len(like.counts))
