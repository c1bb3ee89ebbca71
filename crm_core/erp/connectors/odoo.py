"""Odoo 14 to 19: sale orders with pickings, moves and invoices. What was shipped is counted from moves, not headers.

Odoo's own figures are net: opening a return turns a full delivery into a partial one, and a received return lowers
`qty_delivered`. Nothing is written but a message on the order, which a person reads.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from crm_core.erp.connectors.odoo_doors import Door
from crm_core.erp.connectors.odoo_extract import OdooExtract
from crm_core.erp.connectors.odoo_records import WANTED, Found, OdooOrders, customer_of, product_of
from crm_core.erp.connectors.reading import records, told_as_contract
from crm_core.erp.port import Capability, Customer, Order, Product
from crm_core.erp.quantities import clean_email, clean_ref, clean_text, phone_digits
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpBadRequest, ErpContract

_PHONE_DIGITS = 10
_NEWEST = "date_order desc, id desc"


class Odoo:
    """Over either door. Which fields there are depends on the installed modules, so each model is asked once."""

    name = "odoo"

    def __init__(self, door: Door, orders: OdooOrders) -> None:
        self._door, self._reader = door, orders
        self._fields: dict[str, list[str]] = {}

    def capabilities(self) -> frozenset[str]:
        return frozenset(Capability)

    async def health(self) -> str:
        version = await self._door.version()
        await self._known_fields("sale.order")
        return f"Odoo {version}"

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        if (email is None) == (phone is None):
            raise ErpBadRequest("Customers are looked up by exactly one of e-mail and telephone.")
        if email is not None:
            address = email.strip()  # in whatever case: =ilike minds none
            domain = [["email", "=ilike", _literally(address)]] if clean_email(address) else None
        else:
            digits = phone_digits(phone or "")
            domain = [["phone_mobile_search", "ilike", digits[-_PHONE_DIGITS:]]] if digits else None
        if domain is None:
            return ()
        found = await self._search("res.partner", domain, limit=limit)
        with told_as_contract():
            return tuple(map(customer_of, found))

    async def get_customer(self, customer_id: str) -> Customer | None:
        number = _id(customer_id)
        found = await self._search("res.partner", [["id", "=", number]], limit=1) if number is not None else []
        with told_as_contract():
            return customer_of(found[0]) if found else None

    async def get_order(self, query: OrderQuery) -> Order | None:
        key, owner = clean_ref(query.ref), _id(query.customer_id) if query.customer_id is not None else None
        if key is None or (query.customer_id is not None and owner is None):
            return None
        domain: list[Any] = ["|", ["name", "=", key], ["client_order_ref", "=", key]]
        if owner is not None:
            domain = ["&", ["partner_id", "child_of", owner], *domain]
        found = await self._orders(domain, query.customer_id, limit=2, full=True)
        return found[0] if found else None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        owner = _id(customer_id)
        if owner is None:
            return ()
        return await self._orders([["partner_id", "child_of", owner]], customer_id, limit=limit, full=False)

    async def get_product(self, sku: str) -> Product | None:
        key = clean_ref(sku)
        found = await self._search("product.product", [["default_code", "=", key]], limit=1) if key else []
        with told_as_contract():
            return product_of(found[0]) if found else None

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        domain = [["sale_ok", "=", True], ["default_code", "!=", False]]
        found = await self._search("product.product", domain, limit=limit, order="default_code")
        with told_as_contract():
            return tuple(map(product_of, found))

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        """A note on the order: the return itself is opened by a person."""
        return await self._noted(order_id, f"Return request: {clean_text(reason)} [{key}]", key)

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:
        return await self._noted(order_id, f"Change of address requested: {clean_text(address)} [{key}]", key)

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:
        await self._noted(order_id, f"{clean_text(text)} [{key}]", key)

    def extract(self) -> OdooExtract:
        return OdooExtract(self._search, self._found, self._reader)

    async def aclose(self) -> None:
        await self._door.aclose()

    async def _noted(self, order_id: str, body: str, key: str) -> str:
        number = _id(order_id)
        if number is None:
            raise ErpBadRequest("This is no order of Odoo.")
        domain = [["model", "=", "sale.order"], ["res_id", "=", number], ["body", "ilike", f"[{key}]"]]
        question = {"domain": domain, "fields": ["id"], "limit": 1}
        earlier = records(await self._door.call("mail.message", "search_read", question))
        if earlier:
            return str(earlier[0]["id"])
        message = {"ids": [number], "body": body, "message_type": "comment", "subtype_xmlid": "mail.mt_note"}
        made = await self._door.call("sale.order", "message_post", message)
        if not isinstance(made, (list, int)) or made == []:
            raise ErpContract("Odoo did not say what it made.")
        return str(made[0] if isinstance(made, list) else made)

    async def _orders(self, domain: list[Any], customer_id: str | None, *, limit: int, full: bool) -> tuple[Order, ...]:
        orders = await self._search("sale.order", domain, limit=limit, order=_NEWEST)
        if not orders:
            return ()
        with told_as_contract():
            found = await self._found(orders, full=full)
            return tuple(self._reader.order(one, found, customer_id) for one in orders)

    async def _found(self, orders: list[dict[str, Any]], *, full: bool) -> Found:
        """Everything that hangs on these orders, in as few questions as there are models."""
        ids = [one["id"] for one in orders]
        lines = await self._search("sale.order.line", [["order_id", "in", ids], ["display_type", "=", False]])
        bills = [["id", "in", _all_ids(orders, "invoice_ids")], ["state", "=", "posted"]]
        invoices, pickings = await asyncio.gather(
            self._search("account.move", bills),
            self._search("stock.picking", [["id", "in", _all_ids(orders, "picking_ids")]]) if full else _nothing(),
        )
        moves: list[dict[str, Any]] | None = None
        if "sale_line_id" in await self._known_fields("stock.move"):
            moved = [["sale_line_id", "in", [line["id"] for line in lines]], ["state", "=", "done"]]
            moves = await self._search("stock.move", moved)
        return Found(lines, invoices, pickings, moves)

    async def _search(self, model: str, domain: list[Any], **more: object) -> list[dict[str, Any]]:
        question: Mapping[str, Any] = {"domain": domain, "fields": await self._known_fields(model), **more}
        return records(await self._door.call(model, "search_read", question))

    async def _known_fields(self, model: str) -> list[str]:
        if model not in self._fields:
            wanted = list(WANTED[model])
            there = await self._door.call(model, "fields_get", {"allfields": wanted, "attributes": ["type"]})
            if not isinstance(there, dict):
                raise ErpContract("Odoo did not say which fields it has.")
            self._fields[model] = [name for name in wanted if name in there]
        return self._fields[model]


async def _nothing() -> list[dict[str, Any]]:
    return []


def _all_ids(orders: list[dict[str, Any]], name: str) -> list[int]:
    return [number for one in orders for number in one.get(name) or []]


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _id(number: str) -> int | None:
    return int(number) if number.isascii() and number.isdigit() and len(number) < 16 else None  # noqa: PLR2004 - int4 and more
