"""Counts and spreads: the sums that figures are made of, whoever computes them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

QUANTILES = (0.5, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Spread:
    """Of durations: how many, their sum and sum of squares, and three quantiles (seconds)."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    quantiles: tuple[float, ...] = ()

    @property
    def mean(self) -> float | None:
        return self.total / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Tally:
    """What one group of facts adds up to."""

    counts: Mapping[str, int] = field(default_factory=dict)
    spreads: Mapping[str, Spread] = field(default_factory=dict)

    def __getitem__(self, name: str) -> int:
        return self.counts.get(name, 0)

    def spread(self, name: str) -> Spread:
        return self.spreads.get(name, Spread())


def spread_of(values: Iterable[float]) -> Spread:
    ranked = sorted(values)
    if not ranked:
        return Spread()
    total, squares = sum(ranked), sum(value * value for value in ranked)
    return Spread(len(ranked), total, squares, tuple(quantile(ranked, part) for part in QUANTILES))


def quantile(ranked: Sequence[float], part: float) -> float:
    """Between the two nearest, as PostgreSQL's `percentile_cont`."""
    place = part * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)
