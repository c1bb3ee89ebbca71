"""ERPNext: sales orders with delivery notes, shipments and invoices over Frappe's REST.

A received return turns a completed order back into “To Deliver” with nothing delivered; gross is both together.
"""

import asyncio
import json
from dataclasses import replace
from typing import Any

from crm_core.contracts import Json
from crm_core.erp.connectors.erpnext_records import ORDER_FIELDS, ErpNextOrders, Papers, customers_of, product_of
from crm_core.erp.connectors.reading import record, records, told_as_contract
from crm_core.erp.connectors.transport import Address, ErpHttp
from crm_core.erp.port import Capability, Customer, Order, Product
from crm_core.erp.quantities import clean_email, clean_ref, clean_text, phone_digits
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpBadRequest, ErpForbidden

_PHONE_DIGITS = 10
_NOTES = ["name", "docstatus", "status", "is_return", "posting_date", "lr_no", "transporter_name"]
_INVOICES = ["name", "status", "grand_total", "outstanding_amount", "due_date", "is_return", "currency"]
_CUSTOMERS = ["name", "customer_name", "language", "disabled"]
_CONTACTS = ["email_id", "mobile_no", "`tabDynamic Link`.link_doctype", "`tabDynamic Link`.link_name"]


class ErpNext:
    """`key` is `api_key:api_secret` of a user with the rights of docs/erp."""

    name = "erpnext"

    def __init__(self, address: Address, key: str, orders: ErpNextOrders) -> None:
        headers = {**address.headers, "Authorization": f"token {key}", "Accept": "application/json"}
        self._http, self._reader = ErpHttp(replace(address, headers=headers)), orders

    def capabilities(self) -> frozenset[str]:
        return frozenset(Capability)

    async def health(self) -> str:
        told = record(await self._http.get("/api/method/frappe.utils.change_log.get_versions"))
        with told_as_contract():
            return f"ERPNext {told['message']['erpnext']['version']}"

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        if (email is None) == (phone is None):
            raise ErpBadRequest("Customers are looked up by exactly one of e-mail and telephone.")
        if email is not None:
            address = clean_email(email)
            condition = ["Contact Email", "email_id", "=", address] if address else None
        else:
            digits = (phone_digits(phone or "") or "")[-_PHONE_DIGITS:]
            condition = ["Contact Phone", "phone", "like", "%" + "%".join(digits)] if digits else None
        if condition is None:
            return ()
        contacts = await self._list("Contact", [condition], _CONTACTS, limit * 3)
        names = [row["link_name"] for row in contacts if row.get("link_doctype") == "Customer"]
        if not names:
            return ()
        found = await self._list("Customer", [["name", "in", list(dict.fromkeys(names))]], _CUSTOMERS, limit)
        with told_as_contract():
            return customers_of(found, contacts)

    async def get_customer(self, customer_id: str) -> Customer | None:
        found = await self._list("Customer", [["name", "=", customer_id]], _CUSTOMERS, 1)
        if not found:
            return None
        linked = [["Dynamic Link", "link_doctype", "=", "Customer"], ["Dynamic Link", "link_name", "=", customer_id]]
        contacts = await self._list("Contact", linked, _CONTACTS, 20)
        with told_as_contract():
            return customers_of(found, contacts)[0]

    async def get_order(self, query: OrderQuery) -> Order | None:
        key = clean_ref(query.ref)
        if key is None:
            return None
        own = [["customer", "=", query.customer_id]] if query.customer_id is not None else []
        for name in ("name", "po_no"):
            found = await self._list("Sales Order", [[name, "=", key], *own], ORDER_FIELDS, 2, "creation desc")
            if found:
                return await self._whole(found[0])
        return None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        newest = "transaction_date desc, name desc"
        found = await self._list("Sales Order", [["customer", "=", customer_id]], ORDER_FIELDS, limit, newest)
        return tuple(await asyncio.gather(*(self._whole(one) for one in found)))

    async def get_product(self, sku: str) -> Product | None:
        key = clean_ref(sku)
        items = await self._list("Item", [["name", "=", key]], ["item_name", "standard_rate"], 1) if key else []
        if key is None or not items:
            return None
        bins = await self._list("Bin", [["item_code", "=", key]], ["actual_qty", "reserved_qty"], 100)
        with told_as_contract():
            return product_of(key, items[0], bins, await self._prices(key))

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        sold = [["is_sales_item", "=", 1], ["disabled", "=", 0]]
        found = await self._list("Item", sold, ["name", "item_name"], limit, "name asc")
        with told_as_contract():
            return tuple(Product(one["name"], one["item_name"]) for one in found)

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        """An issue for a person: the return against the delivery note is theirs to make."""
        return await self._issue(f"Return request {order_id} [{key}]", order_id, reason, key)

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:
        return await self._issue(f"Change of address {order_id} [{key}]", order_id, address, key)

    async def _issue(self, subject: str, order_id: str, text: str, key: str) -> str:
        earlier = await self._list("Issue", [["subject", "like", f"%[{key}]%"]], ["name"], 1)
        if earlier:
            return str(earlier[0]["name"])
        orders = await self._list("Sales Order", [["name", "=", order_id]], ["customer"], 1)
        if not orders:
            raise ErpBadRequest("ERPNext does not know this order.")
        issue: dict[str, Json] = {
            "subject": subject, "customer": orders[0]["customer"], "description": clean_text(text),
        }  # fmt: skip
        made = record(await self._http.post("/api/resource/Issue", issue, writes=True))
        with told_as_contract():
            return str(made["data"]["name"])

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:
        """A comment on the order."""
        same = [["reference_doctype", "=", "Sales Order"], ["reference_name", "=", order_id]]
        marked = [*same, ["content", "like", f"%[{key}]%"]]
        if await self._list("Comment", marked, ["name"], 1):
            return
        comment: dict[str, Json] = {
            "comment_type": "Comment", "reference_doctype": "Sales Order", "reference_name": order_id,
            "content": f"{clean_text(text)} [{key}]",
        }  # fmt: skip
        await self._http.post("/api/resource/Comment", comment, writes=True)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _prices(self, sku: str) -> list[dict[str, Any]]:
        """Prices need a right of their own, which a bot can do without."""
        condition = [["item_code", "=", sku], ["selling", "=", 1]]
        try:
            return await self._list("Item Price", condition, ["price_list_rate", "currency"], 1)
        except ErpForbidden:
            return []

    async def _whole(self, one: dict[str, Any]) -> Order:
        number = one["name"]
        delivered = [["Delivery Note Item", "against_sales_order", "=", number], ["docstatus", "!=", 2]]
        billed = [["Sales Invoice Item", "sales_order", "=", number], ["docstatus", "=", 1]]
        document, notes, invoices = await asyncio.gather(
            self._http.get(f"/api/resource/Sales Order/{number}"),
            self._list("Delivery Note", delivered, _NOTES, 50), self._list("Sales Invoice", billed, _INVOICES, 50),
        )  # fmt: skip
        with told_as_contract():
            items = records(record(document)["data"]["items"])
            return self._reader.order(one, Papers(items, notes, invoices))

    async def _list(
        self, doctype: str, filters: list[Any], fields: list[str], limit: int = 20, order: str | None = None
    ) -> list[dict[str, Any]]:
        params = [("filters", json.dumps(filters)), ("fields", json.dumps(fields)), ("limit_page_length", str(limit))]
        params += [("order_by", order)] if order else []
        with told_as_contract():
            return records(record(await self._http.get(f"/api/resource/{doctype}", *params))["data"])
