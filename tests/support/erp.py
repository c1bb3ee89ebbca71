"""An ERP whose transport does what a test says, and orders to answer with."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from crm_core.erp.port import Customer, Fulfilment, Order, OrderLine, Payment, Product, Stage
from crm_core.erp.query import AgentIdentity, OrderQuery, VerifiedBuyer
from crm_core.errors import ErpError

FETCHED_AT = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)


def order(number: str = "1001", customer_id: str = "C1", **changes: object) -> Order:
    values: dict[str, object] = {
        "id": number,
        "number": number,
        "customer_id": customer_id,
        "stage": Stage.OPEN,
        "fulfilment": Fulfilment.NOT_STARTED,
        "payment": Payment.UNPAID,
        "fetched_at": FETCHED_AT,
    }
    return Order(**{**values, **changes})  # type: ignore[arg-type]


def theirs(ref: str, customer_id: str) -> OrderQuery:
    return OrderQuery(ref, VerifiedBuyer(customer_id))


def anyones(ref: str) -> OrderQuery:
    return OrderQuery(ref, AgentIdentity("pavel"))


def line(ordered: int, shipped: int = 0, returned: int = 0, *, is_service: bool = False) -> OrderLine:
    return OrderLine("CH", "Chair", Decimal(ordered), Decimal(shipped), Decimal(returned), is_service=is_service)


class ManualClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class ScriptedErp:
    """Every operation awaits `transport(operation)` first; `calls` tells what reached it."""

    name: str = "scripted"
    orders: dict[str, Order] = field(default_factory=dict)
    customers: tuple[Customer, ...] = ()
    calls: list[str] = field(default_factory=list)
    failures: list[ErpError] = field(default_factory=list)  # raised by the next calls, one each
    down: ErpError | None = None  # raised by every call
    gate: asyncio.Event | None = None  # every call waits for it
    closed: bool = False

    async def _answer(self, operation: str) -> None:
        self.calls.append(operation)
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        if self.down is not None:
            raise self.down

    def capabilities(self) -> frozenset[str]:
        return frozenset({"orders"})

    async def health(self) -> str:
        await self._answer("health")
        return "scripted 1.0"

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        await self._answer("find_customers")
        return tuple(one for one in self.customers if email in one.emails or phone in one.phones)[:limit]

    async def get_customer(self, customer_id: str) -> Customer | None:
        await self._answer("get_customer")
        return next((one for one in self.customers if one.id == customer_id), None)

    async def get_order(self, query: OrderQuery) -> Order | None:
        await self._answer("get_order")
        found = self.orders.get(query.ref)
        return found if found and query.customer_id in (None, found.customer_id) else None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        await self._answer("list_orders")
        return tuple(one for one in self.orders.values() if one.customer_id == customer_id)[:limit]

    async def get_product(self, sku: str) -> Product | None:
        await self._answer("get_product")
        return None

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        return ()

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        await self._answer("create_return")
        return f"RMA-{key}"

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:
        await self._answer("add_note")

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:
        await self._answer("request_address_change")
        return f"ADR-{key}"

    async def aclose(self) -> None:
        self.closed = True


async def spin(times: int = 20) -> None:
    """Let the other tasks run until they wait."""
    for _ in range(times):
        await asyncio.sleep(0)
