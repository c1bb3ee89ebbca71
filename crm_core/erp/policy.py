"""How an ERP is called while a customer waits: deadline, one retry, cache, single flight, circuit breaker."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from config.settings import ErpSettings
from crm_core.erp.breaker import CircuitState
from crm_core.erp.calls import Calls, OnCall, Read, before
from crm_core.erp.port import Customer, Erp, Order, Product
from crm_core.erp.quantities import clean_email, clean_ref, clean_text, phone_digits
from crm_core.erp.query import OrderQuery
from crm_core.errors import ErpBadRequest


class Guarded:
    """Any connector, made safe to wait for. `on_call` is told (operation, seconds, outcome) of each call of the ERP."""

    def __init__(
        self,
        erp: Erp,
        settings: ErpSettings,
        *,
        on_call: OnCall | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._erp, self._settings = erp, settings
        self._calls = Calls(settings, on_call, clock)

    @property
    def name(self) -> str:
        return self._erp.name

    @property
    def circuit_state(self) -> CircuitState:
        return self._calls.circuit_state

    def capabilities(self) -> frozenset[str]:
        return self._erp.capabilities()

    async def health(self) -> str:
        """Asked anew each time, whatever the circuit says."""
        until = asyncio.get_running_loop().time() + self._settings.deadline_s
        return await before(until, self._erp.health())

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        if (email is None) == (phone is None):
            raise ErpBadRequest("Customers are looked up by exactly one of e-mail and telephone.")
        address, number = clean_email(email or ""), phone.strip() if phone and phone_digits(phone) else None
        if address is None and number is None:
            return ()
        read = Read("find_customers", (address, number, limit), self._settings.customer_ttl_s)
        return await self._calls.read(read, lambda: self._erp.find_customers(email=address, phone=number, limit=limit))

    async def get_customer(self, customer_id: str) -> Customer | None:
        read = Read("get_customer", customer_id, self._settings.customer_ttl_s)
        return await self._calls.read(read, lambda: self._erp.get_customer(customer_id))

    async def get_order(self, query: OrderQuery) -> Order | None:
        key = clean_ref(query.ref)
        if key is None:
            return None
        asked = replace(query, ref=key)
        read = Read("get_order", (key, query.customer_id), self._settings.order_ttl_s)
        return await self._calls.read(read, lambda: self._erp.get_order(asked))

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        read = Read("list_orders", (customer_id, limit), self._settings.order_ttl_s)
        return await self._calls.read(read, lambda: self._erp.list_orders(customer_id, limit=limit))

    async def get_product(self, sku: str) -> Product | None:
        key = clean_ref(sku)
        if key is None:
            return None
        read = Read("get_product", key, self._settings.customer_ttl_s)
        return await self._calls.read(read, lambda: self._erp.get_product(key))

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        read = Read("list_products", limit, self._settings.customer_ttl_s)
        return await self._calls.read(read, lambda: self._erp.list_products(limit=limit))

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        text = clean_text(reason)
        return await self._calls.write(
            "create_return", order_id, lambda: self._erp.create_return(order_id, text, key=key)
        )

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:
        remark = clean_text(text)
        await self._calls.write("add_note", order_id, lambda: self._erp.add_note(order_id, remark, key=key))

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:
        wanted = clean_text(address)
        return await self._calls.write(
            "request_address_change", order_id,
            lambda: self._erp.request_address_change(order_id, wanted, key=key),
        )  # fmt: skip

    async def aclose(self) -> None:
        await self._calls.aclose()
        await self._erp.aclose()
