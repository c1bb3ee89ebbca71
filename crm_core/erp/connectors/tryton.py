"""Tryton: sales with their shipments and invoices in one question; a return is a complaint that a person approves."""

from dataclasses import dataclass, replace
from typing import Any

from crm_core.erp.connectors.reading import told_as_contract
from crm_core.erp.connectors.tryton_doors import Door, Query
from crm_core.erp.connectors.tryton_extract import TrytonExtract
from crm_core.erp.connectors.tryton_records import (
    CUSTOMER_FIELDS,
    ORDER_FIELDS,
    PRODUCT_FIELDS,
    TrytonOrders,
    customer_of,
    product_of,
    reference,
)  # fmt: skip
from crm_core.erp.port import Capability, Customer, Order, Product
from crm_core.erp.quantities import clean_email, clean_ref, clean_text, phone_key
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpBadRequest, ErpNotSupported

_NEWEST = [["sale_date", "DESC"], ["id", "DESC"]]
_TELEPHONES = ("phone", "mobile")


@dataclass(frozen=True, slots=True)
class TrytonOptions:
    """The selling company's id and currency, and the name of the complaint type of returns."""

    company: int = 1
    currency: str = "EUR"
    return_type: str = "Return"


class Tryton:
    """Over either door."""

    name = "tryton"

    def __init__(self, door: Door, options: TrytonOptions, orders: TrytonOrders) -> None:
        self._door, self._options, self._reader = door, options, orders

    def capabilities(self) -> frozenset[str]:
        return frozenset(Capability) - {Capability.NOTES}

    async def health(self) -> str:
        version = await self._door.version()
        await self._read(Query("sale.sale", [], ["number"], 1))
        return f"Tryton {version}"

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        if (email is None) == (phone is None):
            raise ErpBadRequest("Customers are looked up by exactly one of e-mail and telephone.")
        key = clean_email(email) if email is not None else phone_key(phone or "")
        if key is None:
            return ()
        if email is not None:
            condition: list[list[Any]] = [["type", "=", "email"], ["value", "ilike", _literally(key)]]
        else:
            condition = [["type", "in", list(_TELEPHONES)], ["value_compact", "ilike", f"%{key}"]]
        domain = [["contact_mechanisms", "where", condition]]
        found = await self._read(Query("party.party", domain, CUSTOMER_FIELDS, limit))
        with told_as_contract():
            return tuple(map(customer_of, found))

    async def get_customer(self, customer_id: str) -> Customer | None:
        number = _id(customer_id)
        if number is None:
            return None
        found = await self._read(Query("party.party", [["id", "=", number]], CUSTOMER_FIELDS, 1))
        with told_as_contract():
            return customer_of(found[0]) if found else None

    async def get_order(self, query: OrderQuery) -> Order | None:
        key, owner = clean_ref(query.ref), _id(query.customer_id) if query.customer_id is not None else None
        if key is None or (query.customer_id is not None and owner is None):
            return None
        domain: list[Any] = [["OR", ["number", "=", key], ["reference", "=", key]]]
        domain += [["party", "=", owner]] if owner is not None else []
        found = await self._orders(domain, 1)
        return found[0] if found else None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        owner = _id(customer_id)
        return await self._orders([["party", "=", owner]], limit) if owner is not None else ()

    async def get_product(self, sku: str) -> Product | None:
        key = clean_ref(sku)
        found = await self._products([["code", "=", key]], 1) if key else ()
        return found[0] if found else None

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        return await self._products([["salable", "=", True]], limit)

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        """A complaint on the sale: approving it is a person's decision, and makes the return."""
        return await self._complaint(order_id, reason, key)

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:
        """A complaint as well, which says so: Tryton has nothing else that lies on a person's desk."""
        return await self._complaint(order_id, f"Change of address: {address}", key)

    async def _complaint(self, order_id: str, text: str, key: str) -> str:
        number = _id(order_id)
        if number is None:
            raise ErpBadRequest("This is no order of Tryton.")
        origin = f"sale.sale,{number}"
        same = [["origin", "=", origin], ["description", "ilike", f"%[{_literally(key)}]%"]]
        earlier = await self._read(Query("sale.complaint", same, ["number"], 1))
        if earlier:
            return str(earlier[0]["number"])
        sales = await self._read(Query("sale.sale", [["id", "=", number]], ["party", "company"], 1))
        types = await self._read(Query("sale.complaint.type", [["name", "=", self._options.return_type]], ["name"], 1))
        if not sales or not types:
            raise ErpBadRequest(
                f"Tryton lacks this order, or a complaint type “{self._options.return_type}”: see docs/erp."
            )
        values = {
            "customer": reference(sales[0]["party"]), "company": reference(sales[0]["company"]),
            "type": types[0]["id"], "origin": origin, "description": f"{clean_text(text)} [{key}]",
        }  # fmt: skip
        made = await self._door.create("sale.complaint", values)
        named = await self._read(Query("sale.complaint", [["id", "=", made]], ["number"], 1))
        return str(named[0]["number"]) if named else str(made)

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:  # noqa: ARG002 - the port's
        raise ErpNotSupported("Tryton keeps no notes on sales.")

    def extract(self) -> TrytonExtract:
        return TrytonExtract(self._read, self._reader, self._options.currency)

    async def aclose(self) -> None:
        await self._door.aclose()

    async def _read(self, query: Query) -> list[dict[str, Any]]:
        return await self._door.read(replace(query, context={"company": self._options.company, **query.context}))

    async def _orders(self, domain: list[Any], limit: int) -> tuple[Order, ...]:
        found = await self._read(Query("sale.sale", domain, ORDER_FIELDS, limit, _NEWEST))
        with told_as_contract():
            return tuple(self._reader.order(one) for one in found)

    async def _products(self, domain: list[Any], limit: int) -> tuple[Product, ...]:
        places = await self._read(Query("stock.location", [["type", "=", "warehouse"]], ["storage_location"]))
        context = {"locations": [reference(place["storage_location"]) for place in places]}
        found = await self._read(Query("product.product", domain, PRODUCT_FIELDS, limit, [["code", "ASC"]], context))
        with told_as_contract():
            return tuple(product_of(one, self._options.currency) for one in found if one.get("code"))


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _id(number: str) -> int | None:
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None  # noqa: PLR2004 - bigint
