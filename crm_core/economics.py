"""What an economic analysis is made of and what it says: the values that pass between the edges."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.five_steps import Range, Terms

YEARS_OF_COST = 3


@dataclass(frozen=True, slots=True)
class Benefit:
    """A measured change a year (`delta`, in units) × what a unit is worth (`worth`, a key of the plan's `worth`).

    `is_capacity`: hours set free, of which only a share becomes money.
    """

    key: str
    delta: Range
    worth: str
    is_capacity: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Money in the company's currency: `one_off` at the start, `yearly` and the benefits at the end of each year."""

    one_off: Mapping[str, Range]
    yearly: Mapping[str, Range]
    worth: Mapping[str, Range]
    benefits: tuple[Benefit, ...]
    terms: Terms


@dataclass(frozen=True, slots=True)
class Band:
    """Nine of ten draws are above `p10`, half above `p50`, one of ten above `p90`."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Swing:
    """The net present value with one input at its low and at its high end, all others at their modes."""

    key: str
    low: float
    high: float

    @property
    def width(self) -> float:
        return abs(self.high - self.low)


@dataclass(frozen=True, slots=True)
class Year:
    """At the modes; year 0 holds what is paid once."""

    number: int
    cost: float
    cash: float
    capacity: float


@dataclass(frozen=True, slots=True)
class Economics:
    """`npv` counts freed hours at their whole worth, `npv_cash` only what becomes money.

    `payback_years` is None where fewer than half of the draws pay back within the years looked at.
    """

    npv: Band
    npv_cash: Band
    npv_at_modes: float
    p_positive: float
    p_positive_cash: float
    roi: Band | None
    payback_years: float | None
    pays_back: float
    cost: Band  # over YEARS_OF_COST years, undiscounted
    years: tuple[Year, ...]
    tornado: tuple[Swing, ...]
    draws: int
