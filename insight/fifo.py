"""One line, first come first served, as fast as plain Python goes: for what-if, and to check the formulas against."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapreplace
from math import inf, log, sqrt
from random import Random

from insight.queueing import Load

WARM_UP = 0.05  # share of the customers that fills the line and is not counted
Z95 = 1.959963984540054  # the normal distribution's 97.5 % point


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    half_width: float

    def holds(self, value: float) -> bool:
        return abs(value - self.mean) <= self.half_width


@dataclass(frozen=True, slots=True)
class LineRun:
    """What one run gave; the same figures as `queueing.Waiting`."""

    wait_s: float
    asa_s: float
    abandoned: float
    service_level: float


def simulate_line(load: Load, agents: int, customers: int, seed: int, within_s: float = 20.0) -> LineRun:
    """M/M/n(+M): the next customer takes whoever is free first, or has left before that."""
    random = Random(seed).random  # noqa: S311 - a simulation
    free_at, now = [0.0] * agents, 0.0
    between, handle_s, patience_s = -1 / load.arrivals_per_s, -load.handle_s, -load.patience_s
    counted_from = int(customers * WARM_UP)
    waited = answered_waits = 0.0
    answered = soon = 0
    for number in range(customers):
        now += between * log(1.0 - random())
        wait = free_at[0] - now
        if wait <= 0.0:
            wait = 0.0
        elif wait > (patience := patience_s * log(1.0 - random()) if patience_s != -inf else inf):
            waited += patience if number >= counted_from else 0.0
            continue
        heapreplace(free_at, now + wait + handle_s * log(1.0 - random()))
        if number >= counted_from:
            answered += 1
            waited += wait
            answered_waits += wait
            soon += wait <= within_s
    offered = customers - counted_from
    return LineRun(waited / offered, answered_waits / max(1, answered), 1 - answered / offered, soon / offered)


def estimate(values: Sequence[float]) -> Estimate:
    """Of independent runs; the normal interval, widened as Student's t asks for few runs."""
    n = len(values)
    mean = sum(values) / n
    if n < 2:  # noqa: PLR2004 - one value has no spread
        return Estimate(mean, inf)
    spread = sqrt(sum((value - mean) ** 2 for value in values) / (n - 1))
    return Estimate(mean, student_t95(n - 1) * spread / sqrt(n))


def student_t95(freedom: int) -> float:
    """The two-sided 95 % point of Student's t, by its expansion around the normal (Abramowitz and Stegun 26.7.5)."""
    z, v = Z95, float(freedom)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / v + second / v**2 + third / v**3
