"""Reading an ERP whole, or what changed lately, page by page: for the warehouse, never while a customer waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable

from crm_core.erp.port import Customer, Order, Product

Item_co = TypeVar("Item_co", covariant=True)

PAGE = 50  # a page must come within the time-out of one request


@dataclass(frozen=True, slots=True)
class Since:
    """What is asked for: changed at or after `changed_at` (None: everything), behind `position` in the order of ids."""

    changed_at: datetime | None = None
    position: str = ""
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class Page(Generic[Item_co]):
    """`position` is where the next page begins; None when this was the last."""

    items: tuple[Item_co, ...]
    position: str | None


class Extract(Protocol):
    """The records of one ERP in the order of ids that never change, so that a reader may stop and go on."""

    async def customers(self, since: Since) -> Page[Customer]: ...

    async def orders(self, since: Since) -> Page[Order]: ...

    async def products(self, since: Since) -> Page[Product]: ...


@runtime_checkable
class Extractable(Protocol):
    """A connector that can be read whole."""

    def extract(self) -> Extract: ...


def page_of(items: tuple[Item_co, ...], positions: list[str], limit: int) -> Page[Item_co]:
    """`positions` are those of the records as read: some may be no items."""
    return Page(items, positions[-1] if len(positions) >= limit else None)
