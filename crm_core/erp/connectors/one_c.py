"""1C:Enterprise over `standard.odata`: orders, shipments, customers and articles, under the names of the configuration.

E-mail and telephone stand in a table part, which older platforms cannot search: then our own copy of them is asked.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from crm_core.erp.book import CustomerBook
from crm_core.erp.connectors.odata import MOST_IN_ONE, asked, literal
from crm_core.erp.connectors.one_c_names import OneCNames
from crm_core.erp.connectors.one_c_records import NOTHING, Around, OneCOrders, customer_of, product_of
from crm_core.erp.connectors.reading import told_as_contract
from crm_core.erp.connectors.transport import Address, ErpHttp, unavailable
from crm_core.erp.port import Capability, Customer, Order, Product
from crm_core.erp.quantities import clean_email, clean_ref, phone_digits, same_phone
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpBadRequest, ErpError, ErpNotSupported

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PHONE_END, _ALIKE = 7, 50
_PAGE = 500
_NO_WRITING = "Nothing is written to 1C."


def _server_error(status: int, body: bytes) -> ErpError:
    """A question that the platform or the configuration does not know comes as 500 or 501, as if 1C were down."""
    try:
        told = json.loads(body)
    except ValueError:
        return unavailable(status, body)
    if isinstance(told, dict) and "odata.error" in told:
        return ErpBadRequest("1C does not understand our question: is the object published, and the name right?")
    return unavailable(status, body)


class OneC:
    """`address.url` ends with `/odata/standard.odata`. `book` is our copy of the contacts."""

    name = "1c"

    def __init__(self, address: Address, orders: OneCOrders, book: CustomerBook) -> None:
        self._http, self._reader, self._book = ErpHttp(address, server_error=_server_error), orders, book
        self._names: OneCNames = orders.names
        self._searches_tables = True
        self._lists: dict[str, dict[str, str]] = {}

    def capabilities(self) -> frozenset[str]:
        return frozenset({Capability.CUSTOMERS, Capability.ORDERS, Capability.SHIPMENTS, Capability.PRODUCTS})

    async def health(self) -> str:
        await asked(self._http, self._names.orders, select="Ref_Key", top=1)
        names = await self._state_names()
        unmapped = sorted(set(names.values()) - set(self._reader.states.stages))
        return "1C:Enterprise, OData 3" + (f"; states without a mapping: {', '.join(unmapped)}" if unmapped else "")

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        if (email is None) == (phone is None):
            raise ErpBadRequest("Customers are looked up by exactly one of e-mail and telephone.")
        condition = _by_email(email) if email is not None else _by_phone(phone or "")
        if condition is None:
            return ()
        found = await self._searched(f"{self._names.contacts}/any(x: {condition})")
        if found is None:
            return await self._book.find_customers(email=email, phone=phone, limit=limit)
        return tuple(one for one in found if phone is None or _has_phone(one, phone))[:limit]

    async def get_customer(self, customer_id: str) -> Customer | None:
        if not _GUID.fullmatch(customer_id):
            return None
        found = await self._customers(filter=f"Ref_Key eq guid'{customer_id}'", top=1)
        return found[0] if found else None

    async def get_order(self, query: OrderQuery) -> Order | None:
        key = clean_ref(query.ref)
        if key is None or (query.customer_id is not None and not _GUID.fullmatch(query.customer_id)):
            return None
        named = f"Number eq {literal(key)}"
        if self._names.customer_ref:
            named = f"({named} or {self._names.customer_ref} eq {literal(key)})"
        own = f" and {self._names.customer} eq guid'{query.customer_id}'" if query.customer_id is not None else ""
        # numbers begin anew each year: the newest is meant
        found = await self._orders(named + own, 1)
        return found[0] if found else None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        if not _GUID.fullmatch(customer_id):
            return ()
        return await self._orders(f"{self._names.customer} eq guid'{customer_id}'", limit)

    async def get_product(self, sku: str) -> Product | None:
        key = clean_ref(sku)
        found = await self._articles(f"{self._names.article_code} eq {literal(key)}", 1) if key else []
        with told_as_contract():
            return product_of(found[0], self._names) if found else None

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        found = await self._articles("DeletionMark eq false and IsFolder eq false", limit)
        with told_as_contract():
            products = [product_of(one, self._names) for one in found]
        return tuple(sorted((one for one in products if one.sku), key=lambda one: one.sku))

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:  # noqa: ARG002 - the port's
        raise ErpNotSupported(_NO_WRITING)

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:  # noqa: ARG002 - the port's
        raise ErpNotSupported(_NO_WRITING)

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:  # noqa: ARG002 - the port's
        raise ErpNotSupported(_NO_WRITING)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def contacts(self) -> AsyncIterator[tuple[Customer, ...]]:
        """All customers with their contacts, page by page, for our own copy of them."""
        start = 0
        while page := await self._customers(orderby="Ref_Key", top=_PAGE, skip=start):
            yield page
            start += _PAGE

    async def _searched(self, condition: str) -> tuple[Customer, ...] | None:
        """None when this platform cannot search inside a table part; it is not tried again."""
        if not self._searches_tables:
            return None
        try:
            return await self._customers(filter=condition, top=_ALIKE)
        except ErpBadRequest:
            self._searches_tables = False
            return None

    async def _customers(self, **options: str | int) -> tuple[Customer, ...]:
        names = self._names
        fields = f"Ref_Key,Description,DeletionMark,{names.contacts}"
        found = await asked(self._http, names.customers, select=fields, **options)
        with told_as_contract():
            return tuple(customer_of(one, names) for one in found)

    async def _orders(self, condition: str, limit: int) -> tuple[Order, ...]:
        names = self._names
        wanted = (
            "Ref_Key", "Number", "Date", "Posted", "DeletionMark", names.customer, names.customer_ref, names.promised,
            names.total, names.currency, names.state, names.goods,
        )  # fmt: skip
        found = await asked(
            self._http, names.orders, filter=condition, select=",".join(filter(None, wanted)), orderby="Date desc",
            top=limit,
        )  # fmt: skip
        around = await asyncio.gather(*(self._around(one) for one in found))
        with told_as_contract():
            return tuple(self._reader.order(one, its) for one, its in zip(found, around, strict=True))

    async def _around(self, one: dict[str, Any]) -> Around:
        names = self._names
        with told_as_contract():
            keys = sorted({str(row["Номенклатура_Key"]) for row in one[names.goods]} - {NOTHING})
            order = str(one["Ref_Key"])
        of_it = f"{names.shipment_order} eq cast(guid'{order}','{names.orders}')"
        shipments, articles, states, currencies = await asyncio.gather(
            asked(self._http, names.shipments, filter=of_it, orderby="Date",
                  select=f"Ref_Key,Number,Date,Posted,DeletionMark,{names.shipment_goods}"),
            self._articles_by_key(keys), self._state_names(), self._listed(names.currencies),
        )  # fmt: skip
        return Around(articles, states, currencies, shipments)

    async def _articles_by_key(self, keys: list[str]) -> dict[str, dict[str, Any]]:
        parts = [keys[start : start + MOST_IN_ONE] for start in range(0, len(keys), MOST_IN_ONE)]
        found = await asyncio.gather(
            *(self._articles(" or ".join(f"Ref_Key eq guid'{key}'" for key in part), MOST_IN_ONE) for part in parts)
        )
        return {str(one["Ref_Key"]): one for rows in found for one in rows}

    async def _articles(self, condition: str, limit: int) -> list[dict[str, Any]]:
        fields = f"Ref_Key,{self._names.article_code},Description,ТипНоменклатуры"
        return await asked(self._http, self._names.articles, filter=condition, select=fields, top=limit)

    async def _state_names(self) -> dict[str, str]:
        return await self._listed(self._names.state_catalogue) if self._names.state_catalogue else {}

    async def _listed(self, catalogue: str) -> dict[str, str]:
        """A small catalogue, read once: descriptions by key."""
        if catalogue not in self._lists:
            found = await asked(self._http, catalogue, select="Ref_Key,Description")
            with told_as_contract():
                self._lists[catalogue] = {str(one["Ref_Key"]): str(one["Description"]) for one in found}
        return self._lists[catalogue]


def _by_email(email: str) -> str | None:
    address = clean_email(email)
    return f"x/АдресЭП eq {literal(address)}" if address else None


def _by_phone(phone: str) -> str | None:
    """By its end, as somebody may have left the country's code out; compared as a whole afterwards."""
    digits = phone_digits(phone)
    return f"substringof({literal(digits[-_PHONE_END:])}, x/НомерТелефона) eq true" if digits else None


def _has_phone(customer: Customer, phone: str) -> bool:
    return any(same_phone(phone, known) for known in customer.phones)
