"""How often customers buy again, and whether they still will: BG/NBD (Fader, Hardie and Lee 2005).

Each buys at a rate of their own (gamma with `r` and `alpha`) and stops after a purchase with a chance of their own
(beta with `a` and `b`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

from insight.mining.histories import Floats, Histories

START = (0.0, 1.0, 0.0, 1.0)  # logarithms
EVALUATIONS = 4000
STEP = 1e-3  # of the numeric derivatives, in logarithms


@dataclass(frozen=True, slots=True)
class RepeatBuying:
    """`log_likelihood` of the histories it was fitted to; `covariance` is of the logarithms of the four."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    covariance: tuple[tuple[float, ...], ...]

    @property
    def logs(self) -> Floats:
        return np.log([self.r, self.alpha, self.a, self.b])

    def expected(self, past: Histories, weeks: float) -> Floats:
        """Purchase days of each in the coming weeks."""
        return expected_orders(self.logs, past, weeks)

    def alive(self, past: Histories) -> Floats:
        """The chance that each still buys. No ranking: who bought often and stopped ranks below who never came back."""
        return np.asarray(1 / (1 + _gone(self.logs, past)), dtype=np.float64)

    def total_error(self, past: Histories, weeks: float) -> float:
        """Standard error of the sum of `expected` that the four being estimates brings (delta method)."""
        slopes = np.zeros(4)
        for index, step in enumerate(np.eye(4) * STEP):
            up, down = (expected_orders(self.logs + sign * step, past, weeks).sum() for sign in (1, -1))
            slopes[index] = (up - down) / (2 * STEP)
        return float(np.sqrt(max(0.0, slopes @ np.array(self.covariance) @ slopes)))


def fit_repeat_buying(past: Histories) -> RepeatBuying:
    """By maximum likelihood; equal histories are counted together."""
    rows = np.column_stack([past.repeats, past.recency, past.age])
    unique, counts = np.unique(rows, axis=0, return_counts=True)

    def cost(logs: Floats) -> float:
        return -float(counts @ _log_likelihoods(logs, unique))

    rough = minimize(cost, START, method="L-BFGS-B", bounds=[(-8, 8)] * 4)
    found = minimize(cost, rough.x, method="Nelder-Mead",
                     options={"xatol": 1e-6, "fatol": 1e-6, "maxiter": EVALUATIONS})  # fmt: skip
    covariance = np.linalg.pinv(_curvature(cost, found.x))
    r, alpha, a, b = np.exp(found.x).tolist()
    return RepeatBuying(r, alpha, a, b, -float(found.fun), tuple(map(tuple, covariance.tolist())))


def _log_likelihoods(logs: Floats, rows: Floats) -> Floats:
    r, alpha, a, b = np.exp(logs)
    x, recency, age = rows.T
    buying = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    staying = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    repeat = np.maximum(x, 1)
    leaving = betaln(a + 1, b + repeat - 1) - betaln(a, b) - (r + x) * np.log(alpha + recency)
    return np.asarray(buying + np.logaddexp(staying, np.where(x > 0, leaving, -np.inf)), dtype=np.float64)


def _gone(logs: Floats, past: Histories) -> Floats:
    """Odds of having stopped."""
    r, alpha, a, b = np.exp(logs)
    x = past.repeats
    odds = a / (b + np.maximum(x, 1) - 1) * ((alpha + past.age) / (alpha + past.recency)) ** (r + x)
    return np.where(x > 0, odds, 0.0)


def expected_orders(logs: Floats, past: Histories, weeks: float) -> Floats:
    r, alpha, a, b = np.exp(logs)
    x, age = past.repeats, past.age
    series = hyp2f1(r + x, b + x, a + b + x - 1, weeks / (alpha + age + weeks))
    bought = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + weeks)) ** (r + x) * series)
    return np.asarray(bought / (1 + _gone(logs, past)), dtype=np.float64)


def _curvature(cost: Callable[[Floats], float], at: Floats) -> Floats:
    size = len(at)
    steps = np.eye(size) * STEP
    found = np.zeros((size, size))
    for i in range(size):
        for j in range(i, size):
            corners = [cost(at + p * steps[i] + q * steps[j]) for p, q in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
            found[i, j] = found[j, i] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * STEP**2)
    return found
