"""What the mining functions are fed with, whoever reads it: the warehouse, the ERP's sales, or a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Sale:
    """One line of an order: `amount` in the company's currency for all of `quantity`."""

    customer: str
    on: date
    amount: float
    quantity: float = 1.0
    item: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class ItemWeek:
    """What one item sold in one week; `price` for a unit, `promotion` from 0 to 1 (the share of shops, or of days).

    `week` counts upwards without gaps. `controls` are further numbers that the price should not be blamed for.
    """

    item: str
    week: int
    units: float
    price: float
    promotion: float = 0.0
    controls: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Traits:
    """People as columns of equal length: `numbers` and `words` by heading."""

    ids: Sequence[str]
    numbers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """People and what became of them: `happened` one for each; in the order of time when `in_order`."""

    traits: Traits
    happened: Sequence[bool]
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class Campaign:
    """An experiment: who was written to (`treated`), by lot and logged before sending, and who then acted."""

    traits: Traits
    treated: Sequence[bool]
    happened: Sequence[bool]


@dataclass(frozen=True, slots=True)
class Lifetime:
    """From when to when somebody was a customer; who still is has no end."""

    started: date
    ended: date | None = None
