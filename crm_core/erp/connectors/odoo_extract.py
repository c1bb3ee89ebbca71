"""Reading Odoo whole, or what changed lately, in the order of its ids."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Protocol

from crm_core.erp.connectors.odoo_records import Found, OdooOrders, customer_of, product_of
from crm_core.erp.connectors.reading import told_as_contract
from crm_core.erp.extract import Page, Since, page_of
from crm_core.erp.port import Customer, Order, Product

Records = list[dict[str, Any]]


class Search(Protocol):
    def __call__(self, model: str, domain: list[Any], **more: object) -> Awaitable[Records]: ...


class Related(Protocol):
    def __call__(self, orders: Records, *, full: bool) -> Awaitable[Found]: ...


@dataclass(frozen=True, slots=True)
class OdooExtract:
    """`related` reads what hangs on orders."""

    search: Search
    related: Related
    reader: OdooOrders

    async def customers(self, since: Since) -> Page[Customer]:
        """Contacts with a parent are people of a customer, not customers."""
        found = await self._page("res.partner", since, ["parent_id", "=", False])
        with told_as_contract():
            return page_of(tuple(map(customer_of, found)), _ids(found), since.limit)

    async def orders(self, since: Since) -> Page[Order]:
        found = await self._page("sale.order", since)
        if not found:
            return Page((), None)
        with told_as_contract():
            related = await self.related(found, full=False)
            orders = tuple(self.reader.order(one, related, None) for one in found)
            return page_of(orders, _ids(found), since.limit)

    async def products(self, since: Since) -> Page[Product]:
        found = await self._page("product.product", since, ["default_code", "!=", False])
        with told_as_contract():
            return page_of(tuple(map(product_of, found)), _ids(found), since.limit)

    async def _page(self, model: str, since: Since, *more: list[Any]) -> Records:
        domain: list[Any] = [["id", ">", int(since.position or 0)], *more]
        if since.changed_at is not None:
            domain.append(["write_date", ">=", f"{since.changed_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"])
        return await self.search(model, domain, limit=since.limit, order="id")


def _ids(found: Records) -> list[str]:
    with told_as_contract():
        return [str(one["id"]) for one in found]
