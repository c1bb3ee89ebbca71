"""How many contacts a day brings and when: weekday, time of the month, the level of late, and the shape of the day.

The day's total is a ridge regression of its logarithm, older days weighing less; what the last days had above it is
carried on in part. The shape is the mean of the latest like weekdays, in square roots, where Poisson counts are
equally uncertain, and smoothed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from crm_core.errors import InvalidInput
from insight.arrivals import Day

Floats = NDArray[np.float64]
HARMONICS = (1, 2, 3, 4)  # of the month: salaries, rents and invoices
HALF_LIFE_DAYS = 90
LIKE_DAYS = 8  # of the same weekday make the shape
SMOOTHING_S = 600
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Settings:
    """`ridge` pulls effects to nought; of a surprise, `fading` is kept a day later and `carried` on to the next."""

    ridge: float = 1.0
    fading: float = 0.85
    carried: float = 0.6


GRID = tuple(Settings(*each) for each in product((0.3, 1.0, 3.0), (0.7, 0.85, 0.93), (0.3, 0.6, 0.9)))


@dataclass(frozen=True)
class History:
    """Open days in order. `counts`: days × slots of `slot_s`, the first slot `first_s` after midnight."""

    dates: tuple[date, ...]
    counts: Floats
    slot_s: int
    first_s: int

    @cached_property
    def totals(self) -> Floats:
        return np.asarray(self.counts.sum(axis=1), dtype=np.float64)

    @cached_property
    def traits(self) -> Floats:
        before = (None, *self.dates[:-1])
        return np.array([self.traits_of(on, last) for on, last in zip(self.dates, before, strict=True)])

    @cached_property
    def usual_gaps(self) -> Sequence[float]:
        """Days since the open day before, by weekday."""
        gaps: list[list[int]] = [[] for _ in range(7)]
        for before, after in pairwise(self.dates):
            gaps[after.weekday()].append((after - before).days)
        return [float(np.median(each)) if each else 1.0 for each in gaps]

    def traits_of(self, on: date, before: date | None) -> list[float]:
        """`before`: the last open day until then; after a holiday people call twice."""
        reopened = before is not None and (on - before).days > self.usual_gaps[on.weekday()]
        return [*_weekday(on), *_month(on), float(reopened)]


def history_of(days: Iterable[Day]) -> History:
    """All days on one grid from the earliest opening to the latest closing; days without a contact were closed."""
    known = sorted((day for day in days if sum(day.counts) > 0), key=lambda day: day.opens_at)
    if len({day.slot_s for day in known}) != 1 or len({day.date for day in known}) != len(known):
        raise InvalidInput("Every day must come once, and all with slots of the same length.")
    slot_s = known[0].slot_s
    first_s = min(_second(day) for day in known)
    slots = max((_second(day) - first_s) // slot_s + len(day.counts) for day in known)
    counts = np.zeros((len(known), slots))
    for row, day in enumerate(known):
        start = (_second(day) - first_s) // slot_s
        counts[row, start : start + len(day.counts)] = day.counts
    return History(tuple(day.date for day in known), counts, slot_s, first_s)


def _second(day: Day) -> int:
    return day.opens_at.hour * 3600 + day.opens_at.minute * 60 + day.opens_at.second


def _weekday(on: date) -> list[float]:
    return [float(on.weekday() == each) for each in range(7)]


def _month(on: date) -> list[float]:
    following = date(on.year + on.month // 12, on.month % 12 + 1, 1)
    turn = 2 * np.pi * (on.day - 1) / (following - on.replace(day=1)).days
    return [float(wave(harmonic * turn)) for harmonic in HARMONICS for wave in (np.sin, np.cos)]


def expected_total(history: History, until: int, traits: Sequence[float], settings: Settings) -> float:
    """Of a day with these traits, from the first `until` days."""
    y, x = np.log(history.totals[:until]), history.traits[:until]
    age = np.arange(until)[::-1]
    weight = 0.5 ** (age / HALF_LIFE_DAYS)
    mean = float(weight @ y / weight.sum())
    weighted = (x * weight[:, None]).T
    effects = np.linalg.solve(weighted @ x + settings.ridge * np.eye(x.shape[1]), weighted @ (y - mean))
    recent = settings.fading**age
    surprise = float(recent @ (y - mean - x @ effects) / recent.sum())
    return float(np.exp(mean + np.asarray(traits) @ effects + settings.carried * surprise))


def shape(history: History, until: int, weekday: int) -> Floats:
    """Shares of the day's slots; they add up to 1."""
    alike = [index for index in range(until) if history.dates[index].weekday() == weekday][-LIKE_DAYS:]
    chosen = alike or list(range(max(0, until - LIKE_DAYS), until))
    level = np.sqrt(history.counts[chosen]).mean(axis=0) ** 2
    smooth = gaussian_filter1d(level, SMOOTHING_S / history.slot_s, mode="nearest")
    return np.asarray(smooth / smooth.sum(), dtype=np.float64)


def one_ahead(history: History, index: int, settings: Settings, lag: int = 0) -> Floats:
    """What the first `index` days, but for the last `lag` of them, say of the next one."""
    total = expected_total(history, index - lag, history.traits[index].tolist(), settings)
    return total * shape(history, index - lag, history.dates[index].weekday())


def ahead(history: History, origins: Sequence[int], settings: Settings, lag: int = 0) -> Floats:
    """Origins × slots, each from the days before it alone."""
    return np.array([one_ahead(history, index, settings, lag) for index in origins])


def choose_settings(history: History, origins: Sequence[int]) -> Settings:
    """Those with the least error by half hours on these origins, each forecast from the days before it."""
    shapes = np.array([shape(history, index, history.dates[index].weekday()) for index in origins])
    actual = history.counts[list(origins)]
    slots = max(1, 1800 // history.slot_s)

    def error(settings: Settings) -> float:
        traits = history.traits
        totals = [expected_total(history, index, traits[index].tolist(), settings) for index in origins]
        return wape(grouped(actual, slots), grouped(shapes * np.array(totals)[:, None], slots))

    return min(GRID, key=error)


def seasonal_naive(history: History, origins: Sequence[int]) -> Floats:
    """The latest like weekday again: what everybody does without a forecast."""
    return np.array([history.counts[_like(history, index)] for index in origins])


def _like(history: History, index: int) -> int:
    weekday = history.dates[index].weekday()
    return next((day for day in range(index - 1, -1, -1) if history.dates[day].weekday() == weekday), index - 1)


def grouped(counts: Floats, slots: int) -> Floats:
    """Sums of so many neighbouring slots; a shorter rest at the end is left out."""
    days, width = counts.shape
    whole = width // slots * slots
    return np.asarray(counts[:, :whole].reshape(days, -1, slots).sum(axis=2), dtype=np.float64)


def wape(actual: Floats, expected: Floats) -> float:
    """Absolute errors as a share of all that came."""
    return float(np.abs(actual - expected).sum() / actual.sum())


def surprise(actual: Floats, forecast: Floats) -> Floats:
    """In units of what a Poisson count of that size spreads by itself."""
    return (actual - forecast) / np.sqrt(forecast + 1)


def band(forecast: Floats, surprises: Floats, tails: tuple[float, float]) -> tuple[Floats, Floats]:
    """Between which counts lie, by what surprised on earlier days."""
    low, high = np.quantile(surprises, tails)
    spread = np.sqrt(forecast + 1)
    return np.floor(np.maximum(0.0, forecast + low * spread)), np.ceil(forecast + high * spread)
