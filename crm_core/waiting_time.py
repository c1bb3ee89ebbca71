"""How long somebody will wait: the queue-length Markov estimate with impatient customers, as a range.

Mean Σ rᵢ and variance Σ rᵢ² with rᵢ = 1/(sμ + iθ) over the places before the server (Whitt, “Predicting queueing
delays”, 1999), matched by a gamma distribution.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import exp, lgamma, log, sqrt

MOST_PLACES = 20_000
BISECTIONS = 60


class Method(StrEnum):
    MARKOV = "markov"
    HEAD_OF_LINE = "head_of_line"


@dataclass(frozen=True, slots=True)
class Line:
    """`servers` who serve this line at once, each with `service_s` on average; θ = abandons ÷ time waited in all."""

    servers: float
    service_s: float
    abandons_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of ten such customers eight wait no longer than `p80_s`."""

    p50_s: float
    p80_s: float
    mean_s: float
    method: Method


def estimate(position: int, line: Line) -> Estimate | None:
    """For who stands at `position`, from 1; None when nobody serves the line."""
    if line.servers <= 0 or line.service_s <= 0:
        return None
    rate, mean, variance = line.servers / line.service_s, 0.0, 0.0
    for place in range(min(max(position, 1), MOST_PLACES)):
        step = 1.0 / (rate + place * line.abandons_per_s)
        mean += step
        variance += step * step
    shape, scale = mean * mean / variance, variance / mean
    return Estimate(scale * gamma_quantile(shape, 0.5), scale * gamma_quantile(shape, 0.8), mean, Method.MARKOV)


def from_head_of_line(waited_s: float) -> Estimate:
    """Where skills overlap too much for a line of one's own: as long as the first in line has waited already."""
    return Estimate(waited_s, waited_s * 1.5, waited_s, Method.HEAD_OF_LINE)


def gamma_quantile(shape: float, part: float) -> float:
    """Of the gamma distribution with scale 1, by bisection."""
    low, high = 0.0, shape + 10.0 * sqrt(shape) + 10.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if gamma_below(shape, middle) < part:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def gamma_below(shape: float, x: float) -> float:
    """The regularised lower incomplete gamma function, by its series (DLMF 8.11.4)."""
    if x <= 0:
        return 0.0
    term = total = 1.0 / shape
    divisor = shape
    while term > total * 1e-15:
        divisor += 1.0
        term *= x / divisor
        total += term
    return min(total * exp(shape * log(x) - x - lgamma(shape)), 1.0)
