"""Everything that sales say of each customer, together: segment, coming orders and money, the chance to leave."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeVar

from crm_core.errors import NotEnough
from insight.mining.churn import Risks, churn_of_sales
from insight.mining.clv import Values, clv
from insight.mining.findings import Finding
from insight.mining.rows import ItemWeek, Sale
from insight.mining.sales import item_weeks
from insight.mining.segments import Segments, segments

HORIZON_WEEKS, SILENT_WEEKS = 26, 13
Value = TypeVar("Value")


@dataclass(frozen=True)
class Known:
    """Sales in one currency, until when they are known, and what was learnt from them so far. Each raises NotEnough."""

    sales: Sequence[Sale]
    until: date
    currency: str | None

    @cached_property
    def weeks(self) -> list[ItemWeek]:
        return item_weeks(self.sales, self.until)

    @cached_property
    def segments(self) -> Finding[Segments]:
        return segments(self.sales, self.until)

    @cached_property
    def values(self) -> Finding[Values]:
        return clv(self.sales, self.until, HORIZON_WEEKS)

    @cached_property
    def risks(self) -> Finding[Risks]:
        return churn_of_sales(self.sales, self.until, SILENT_WEEKS)


@dataclass(frozen=True, slots=True)
class Worth:
    """Of one customer; what there is too little to learn from is empty. `leaves`: a chance from 0 to 1."""

    customer: str
    segment: str | None
    orders: float | None
    money: float | None
    leaves: float | None


def worth_of(known: Known) -> tuple[Worth, ...]:
    """Raises NotEnough when nothing at all can be told."""
    refused: list[NotEnough] = []
    places = _or_refused(lambda: known.segments.value.customers, refused)
    values = _or_refused(lambda: known.values.value.customers, refused)
    risks = _or_refused(lambda: known.risks.value.customers, refused)
    if places is None and values is None and risks is None:
        raise refused[0]
    names = {each.customer: str(each.name) for each in places or ()}
    coming = {each.customer: (each.orders, each.value) for each in values or ()}
    chances = {each.customer: each.chance for each in risks or ()}
    everybody = sorted(names.keys() | coming.keys() | chances.keys())
    return tuple(_worth(customer, names, coming, chances) for customer in everybody)


def _worth(
    customer: str,
    names: Mapping[str, str],
    coming: Mapping[str, tuple[float, float]],
    chances: Mapping[str, float],
) -> Worth:
    orders, money = coming.get(customer, (None, None))
    return Worth(customer, names.get(customer), orders, money, chances.get(customer))


def _or_refused(learn: Callable[[], Value], refused: list[NotEnough]) -> Value | None:
    try:
        return learn()
    except NotEnough as error:
        refused.append(error)
        return None
