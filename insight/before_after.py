"""Before and after: a figure day by day, its own trend carried on, and what the introduction changed beside it.

Interrupted time series by segmented regression (Wagner et al. 2002): level, trend, change of level and of trend, and
the days of the week where each was seen often enough. Errors are Newey and West's (1987): days resemble their
neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from crm_core.errors import NotEnough
from crm_core.step_findings import Effect
from insight.fifo import Z95

FEWEST_DAYS = 14  # on each side
DAYS_FOR_WEEKDAYS = 28
WEEK = 7
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DayValue:
    on: date
    value: float


def effect_of(days: Sequence[DayValue], introduced: date) -> Effect:
    """The mean over the days from `introduced` on, beside what the trend until then says. Raises NotEnough."""
    before = [each for each in days if each.on < introduced]
    after = [each for each in days if each.on >= introduced]
    fewest = min(len(before), len(after))
    if fewest < FEWEST_DAYS:
        raise NotEnough("days_with_figures", fewest, FEWEST_DAYS)
    x, mean_after = _columns([*before, *after], introduced)
    y = np.array([each.value for each in (*before, *after)])
    effects, variance = newey_west(x, y)
    value = float(mean_after @ effects)
    half = Z95 * float(np.sqrt(max(0.0, float(mean_after @ variance @ mean_after))))
    return Effect(value, value - half, value + half, len(before), len(after))


def _columns(days: Sequence[DayValue], introduced: date) -> tuple[Floats, Floats]:
    """The regression's columns, and the weights that make the mean effect of its coefficients."""
    since = np.array([(each.on - introduced).days for each in days], dtype=float)
    after = (since >= 0).astype(float)
    columns = [np.ones_like(since), since, after, after * since]
    if len(days) >= DAYS_FOR_WEEKDAYS:
        weekdays = np.array([each.on.weekday() for each in days])
        columns += [(weekdays == day).astype(float) for day in sorted(set(weekdays))[1:]]
    x = np.stack(columns, axis=1)
    weights = np.zeros(x.shape[1])
    weights[2:4] = 1.0, since[after > 0].mean()
    return x, weights


def newey_west(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Least squares and its covariance; a week of lags, or the usual rule's 4·(n/100)^(2/9) where that is more."""
    inverse = np.linalg.pinv(x.T @ x)
    effects = inverse @ x.T @ y
    moments = (y - x @ effects)[:, None] * x
    middle = moments.T @ moments
    lags = min(len(y) - 1, max(WEEK, int(4 * (len(y) / 100) ** (2 / 9))))
    for lag in range(1, lags + 1):
        shared = moments[lag:].T @ moments[:-lag]
        middle += (1 - lag / (lags + 1)) * (shared + shared.T)
    freedom = max(1, len(y) - x.shape[1])
    return np.asarray(effects), np.asarray(inverse @ middle @ inverse * len(y) / freedom)
