"""Microsoft Business Central, API v2.0: open orders; what is shipped and billed lives on as shipments and invoices."""

import asyncio
from typing import Any

from crm_core.erp.connectors.business_central_records import CentralOrders, Papers, customer_of, product_of
from crm_core.erp.connectors.odata import asked, literal
from crm_core.erp.connectors.reading import told_as_contract
from crm_core.erp.connectors.transport import Address, ErpHttp
from crm_core.erp.port import Capability, Customer, Order, Product
from crm_core.erp.quantities import clean_email, clean_ref, phone_digits, same_phone
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpBadRequest, ErpNotSupported

_PHONE_END = 4  # numbers stand there as somebody typed them: found by their end, compared as a whole
_LINES = "salesOrderLines"


class BusinessCentral:
    """`address.url` ends with `companies(<id>)`."""

    name = "business_central"

    def __init__(self, address: Address, orders: CentralOrders) -> None:
        self._http, self._reader = ErpHttp(address), orders

    def capabilities(self) -> frozenset[str]:
        return frozenset(Capability) - {Capability.RETURNS, Capability.NOTES, Capability.ADDRESSES}

    async def health(self) -> str:
        await asked(self._http, "salesOrders", top=1)
        return "Business Central, API v2.0"

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        if (email is None) == (phone is None):
            raise ErpBadRequest("Customers are looked up by exactly one of e-mail and telephone.")
        if email is not None:
            address = clean_email(email)
            rows = await self._customers(f"email eq {literal(address)}", limit) if address else []
            return self._told(rows)
        digits = phone_digits(phone or "")
        rows = await self._customers(f"endswith(phoneNumber,{literal(digits[-_PHONE_END:])})", 50) if digits else []
        return self._told([row for row in rows if same_phone(phone or "", row["phoneNumber"] or "")][:limit])

    async def get_customer(self, customer_id: str) -> Customer | None:
        key = clean_ref(customer_id)
        found = self._told(await self._customers(f"number eq {literal(key)}", 1)) if key else ()
        return found[0] if found else None

    async def get_order(self, query: OrderQuery) -> Order | None:
        key = clean_ref(query.ref)
        if key is None or (query.customer_id is not None and clean_ref(query.customer_id) is None):
            return None
        own = f" and customerNumber eq {literal(query.customer_id)}" if query.customer_id is not None else ""
        named = f"(number eq {literal(key)} or externalDocumentNumber eq {literal(key)}){own}"
        found = await asked(self._http, "salesOrders", filter=named, expand=_LINES, top=1)
        if found:
            return await self._whole(found[0])
        return await self._finished(key, own)

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        key = clean_ref(customer_id)
        if key is None:
            return ()
        found = await asked(
            self._http, "salesOrders", filter=f"customerNumber eq {literal(key)}", expand=_LINES, top=limit,
            orderby="orderDate desc,number desc",
        )  # fmt: skip
        return tuple(await asyncio.gather(*(self._whole(one) for one in found)))

    async def get_product(self, sku: str) -> Product | None:
        key = clean_ref(sku)
        found = await asked(self._http, "items", filter=f"number eq {literal(key)}", top=1) if key else []
        with told_as_contract():
            return product_of(found[0], self._reader.currency) if found else None

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        found = await asked(self._http, "items", top=limit, orderby="number")
        with told_as_contract():
            return tuple(product_of(one, self._reader.currency) for one in found)

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:  # noqa: ARG002 - the port's
        raise ErpNotSupported("Nothing is written to Business Central.")

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:  # noqa: ARG002 - the port's
        raise ErpNotSupported("Nothing is written to Business Central.")

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:  # noqa: ARG002 - the port's
        raise ErpNotSupported("Nothing is written to Business Central.")

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _customers(self, condition: str, limit: int) -> list[dict[str, Any]]:
        return await asked(self._http, "customers", filter=condition, top=limit)

    @staticmethod
    def _told(rows: list[dict[str, Any]]) -> tuple[Customer, ...]:
        with told_as_contract():
            return tuple(map(customer_of, rows))

    async def _whole(self, one: dict[str, Any]) -> Order:
        papers = await self._papers(str(one["number"]))
        with told_as_contract():
            return self._reader.order(one, papers)

    async def _papers(self, number: str) -> Papers:
        invoices, shipments = await asyncio.gather(
            asked(self._http, "salesInvoices", filter=f"orderNumber eq {literal(number)}", expand="salesInvoiceLines"),
            asked(self._http, "salesShipments", filter=f"orderNumber eq {literal(number)}"),
        )
        return Papers(invoices, shipments)

    async def _finished(self, key: str, own: str) -> Order | None:
        """An order that is shipped and billed is gone from the orders; its invoices still name it."""
        named = f"(orderNumber eq {literal(key)} or externalDocumentNumber eq {literal(key)}){own}"
        bills = await asked(self._http, "salesInvoices", filter=named, expand="salesInvoiceLines", top=20)
        if not bills:
            return None
        papers = await self._papers(str(bills[0]["orderNumber"]))
        with told_as_contract():
            return self._reader.finished(bills[0], papers)
