"""Reading Tryton whole, or what changed lately, in the order of its ids."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crm_core.erp.connectors.reading import told_as_contract
from crm_core.erp.connectors.tryton_doors import Query
from crm_core.erp.connectors.tryton_records import (
    CUSTOMER_FIELDS,
    ORDER_FIELDS,
    PRODUCT_FIELDS,
    TrytonOrders,
    customer_of,
    product_of,
)  # fmt: skip
from crm_core.erp.extract import Page, Since, page_of
from crm_core.erp.port import Customer, Order, Product

_BY_ID = [["id", "ASC"]]
Records = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class TrytonExtract:
    """`read` asks in the context of our company."""

    read: Callable[[Query], Awaitable[Records]]
    reader: TrytonOrders
    currency: str

    async def customers(self, since: Since) -> Page[Customer]:
        found = await self._page("party.party", CUSTOMER_FIELDS, since, _changed(since))
        with told_as_contract():
            return page_of(tuple(map(customer_of, found)), _ids(found), since.limit)

    async def orders(self, since: Since) -> Page[Order]:
        """Goods move in shipments: what changed there is a change of the order."""
        changed = _changed(since, "", "shipments.", "invoices.")
        found = await self._page("sale.sale", ORDER_FIELDS, since, changed)
        with told_as_contract():
            return page_of(tuple(map(self.reader.order, found)), _ids(found), since.limit)

    async def products(self, since: Since) -> Page[Product]:
        found = await self._page("product.product", PRODUCT_FIELDS, since, _changed(since, "", "template."))
        with told_as_contract():
            products = tuple(product_of(one, self.currency) for one in found if one.get("code"))
            return page_of(products, _ids(found), since.limit)

    async def _page(self, model: str, fields: Sequence[str], since: Since, changed: list[Any]) -> Records:
        domain = [["id", ">", int(since.position or 0)], *changed]
        return await self.read(Query(model, domain, fields, since.limit, _BY_ID))


def _changed(since: Since, *where: str) -> list[Any]:
    """A record that was never changed has no time of change, only one of birth."""
    if since.changed_at is None:
        return []
    at = _moment(since.changed_at)
    times = [[f"{place}{name}", ">=", at] for place in where or ("",) for name in ("write_date", "create_date")]
    return [["OR", *times]]


def _moment(at: datetime) -> dict[str, object]:
    """As Tryton's JSON has it; its times are UTC without saying so."""
    utc = at.astimezone(UTC)
    parts = {name: getattr(utc, name) for name in ("year", "month", "day", "hour", "minute", "second")}
    return {"__class__": "datetime", **parts, "microsecond": 0}


def _ids(found: Records) -> list[str]:
    with told_as_contract():
        return [str(one["id"]) for one in found]
