"""Oracle Fusion over the order hub's REST: orders with their lines and holds. Customers come from our own copy."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from crm_core.erp.book import CustomerBook
from crm_core.erp.connectors.oracle_records import OracleOrders
from crm_core.erp.connectors.reading import record, records, told_as_contract
from crm_core.erp.connectors.transport import Address, ErpHttp
from crm_core.erp.port import Capability, Customer, Order, Product
from crm_core.erp.quantities import clean_ref
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpContract, ErpNotSupported

_HUB = "/fscmRestApi/resources/11.13.18.05/salesOrdersForOrderHub"
_MOST_LINES = 500
_REVISIONS = 3  # of an order, which stand beside each other in a list
_NO_WRITING = "Nothing is written to Oracle Fusion."
_NO_ARTICLES = "Articles are not read from Oracle Fusion."


class Oracle:
    """With a user of the role in docs/erp. A 404 may also mean that the user lacks the order's business unit."""

    name = "oracle"

    def __init__(self, address: Address, orders: OracleOrders, book: CustomerBook) -> None:
        headers = {**address.headers, "REST-Framework-Version": "4", "Accept": "application/json"}
        self._http, self._reader, self._book = ErpHttp(replace(address, headers=headers)), orders, book

    def capabilities(self) -> frozenset[str]:
        return frozenset({Capability.CUSTOMERS, Capability.ORDERS})

    async def health(self) -> str:
        await self._listed(_HUB, ("limit", "1"), ("fields", "OrderNumber"))
        return "Oracle Fusion, REST 11.13.18.05"

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        return await self._book.find_customers(email=email, phone=phone, limit=limit)

    async def get_customer(self, customer_id: str) -> Customer | None:
        return await self._book.get_customer(customer_id)

    async def get_order(self, query: OrderQuery) -> Order | None:
        key = clean_ref(query.ref)
        if key is None or (query.customer_id is not None and clean_ref(query.customer_id) is None):
            return None
        own = f";BuyingPartyNumber='{query.customer_id}'" if query.customer_id is not None else ""
        for name in ("OrderNumber", "CustomerPONumber"):
            found = await self._orders(f"{name}='{key}'{own}", 1)
            if found:
                return found[0]
        return None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        key = clean_ref(customer_id)
        return await self._orders(f"BuyingPartyNumber='{key}'", limit) if key else ()

    async def get_product(self, sku: str) -> Product | None:  # noqa: ARG002 - the port's
        raise ErpNotSupported(_NO_ARTICLES)

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:  # noqa: ARG002 - the port's
        raise ErpNotSupported(_NO_ARTICLES)

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:  # noqa: ARG002 - the port's
        raise ErpNotSupported(_NO_WRITING)

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:  # noqa: ARG002 - the port's
        raise ErpNotSupported(_NO_WRITING)

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:  # noqa: ARG002 - the port's
        raise ErpNotSupported(_NO_WRITING)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _orders(self, condition: str, limit: int) -> tuple[Order, ...]:
        found = await self._listed(
            _HUB, ("q", condition), ("orderBy", "TransactionOn:desc"), ("limit", str(limit * _REVISIONS)),
            ("onlyData", "true"),
        )  # fmt: skip
        with told_as_contract():
            chosen = _one_revision_each(found)[:limit]
        children = await asyncio.gather(*(self._children(str(one["OrderKey"])) for one in chosen))
        with told_as_contract():
            return tuple(self._reader.order(one, *its) for one, its in zip(chosen, children, strict=True))

    async def _children(self, key: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Lines and holds. Fewer lines than there are would tell a part for the whole."""
        path, options = f"{_HUB}/{quote(key, safe=':')}/child", (("limit", str(_MOST_LINES)), ("onlyData", "true"))
        lines, holds = await asyncio.gather(
            self._listed(f"{path}/lines", *options), self._listed(f"{path}/holds", *options)
        )
        return lines, holds

    async def _listed(self, path: str, *options: tuple[str, str]) -> list[dict[str, Any]]:
        told = record(await self._http.get(path, *options))
        if "/child/" in path and told.get("hasMore"):
            raise ErpContract(f"An order of Oracle Fusion has more than {_MOST_LINES} lines.")
        with told_as_contract():
            return records(told["items"])


def _one_revision_each(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A draft revision stands beside the order it may change one day; the order itself is what holds."""
    chosen: dict[str, dict[str, Any]] = {}
    for one in sorted(found, key=lambda one: not one["SubmittedFlag"]):
        chosen.setdefault(str(one["OrderNumber"]), one)
    return [one for one in found if chosen[str(one["OrderNumber"])] is one]
