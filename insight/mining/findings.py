"""What every mining function gives back, and how it refuses. `sentence` has its words in the desk's texts, `mining`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import sqrt
from typing import Generic, TypeVar

from crm_core.errors import NotEnough
from crm_core.learnt import Minimum
from crm_core.sentences import Sentence
from insight.fifo import Z95

Value = TypeVar("Value")


class Protocol(StrEnum):
    """How the held-out part was cut. Nothing is ever resampled or balanced."""

    LATER = "later"  # learnt from what came before a day, tried on what came after it
    ORIGINS = "origins"  # again and again: all days until one, tried on the next
    FOLDS = "folds"  # a fifth at a time, where the rows have no dates
    DRAWN = "drawn"  # examples drawn with a known truth
    SIMULATED = "simulated"  # against a simulation that does not know the formula


@dataclass(frozen=True, slots=True)
class Interval:
    """95 %, in the unit of what it belongs to."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class BackTest:
    """`value` of the measure on `n` held-out cases beside `anchor_value`, what the plain method `anchor` had there."""

    protocol: Protocol
    measure: str
    value: float
    anchor: str
    anchor_value: float
    n: int
    more: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding(Generic[Value]):
    """`interval` is of the figure that `sentence` names first."""

    value: Value
    interval: Interval
    back_test: BackTest
    minima: tuple[Minimum, ...]
    sentence: Sentence


def demand_enough(*minima: Minimum) -> tuple[Minimum, ...]:
    """The same, when they are all met. Raises NotEnough with the one that is furthest from it."""
    short = [each for each in minima if each.have < each.need]
    if short:
        worst = min(short, key=lambda each: each.have / each.need)
        raise NotEnough(worst.what, worst.have, worst.need)
    return minima


def around(value: float, standard_error: float) -> Interval:
    """The normal interval."""
    return Interval(value - Z95 * standard_error, value + Z95 * standard_error)


def share_interval(part: int, whole: int) -> Interval:
    """Wilson's, which stays inside 0 and 1."""
    if whole == 0:
        return Interval(0.0, 1.0)
    value, z2 = part / whole, Z95**2
    middle = (value + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z95 / (1 + z2 / whole) * sqrt(value * (1 - value) / whole + z2 / (4 * whole**2))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))
