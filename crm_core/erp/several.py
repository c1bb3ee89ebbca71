"""Several ERPs as one: an order is asked where its number belongs, a customer wherever they may be known."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from crm_core.erp.port import Customer, Erp, Order, Product
from crm_core.erp.query import OrderQuery, VerifiedBuyer
from crm_core.errors import ErpBadRequest, ErpError

MARK = "/"  # between the name of an ERP and its own id
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Member:
    """An ERP under its name; `prefixes` begin the order numbers that are its own, none: whatever no other claims."""

    name: str
    erp: Erp
    prefixes: tuple[str, ...] = ()


class SeveralErps:
    """Ids of customers and orders carry the name of their ERP, so that they mean one thing only."""

    name = "several"

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = tuple(members)
        self._by_name = {member.name: member for member in members}

    def capabilities(self) -> frozenset[str]:
        return frozenset().union(*(member.erp.capabilities() for member in self._members))

    async def health(self) -> str:
        told = await asyncio.gather(*(member.erp.health() for member in self._members))
        return "; ".join(f"{member.name}: {state}" for member, state in zip(self._members, told, strict=True))

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        asked = [member.erp.find_customers(email=email, phone=phone, limit=limit) for member in self._members]
        found = await _whoever_answers(asked)
        named = [
            replace(customer, id=f"{member.name}{MARK}{customer.id}")
            for member, customers in zip(self._members, found, strict=True)
            for customer in customers or ()
        ]
        return tuple(named[:limit])

    async def get_customer(self, customer_id: str) -> Customer | None:
        member, own_id = self._member_of(customer_id)
        if member is None:
            return None
        found = await member.erp.get_customer(own_id)
        return replace(found, id=customer_id) if found else None

    async def get_order(self, query: OrderQuery) -> Order | None:
        owner, own_id = self._member_of(query.customer_id) if query.customer_id is not None else (None, "")
        if query.customer_id is not None and owner is None:
            return None
        own = replace(query, asker=VerifiedBuyer(own_id)) if owner is not None else query
        for member in self._asked_for(query.ref):
            if owner is None or member is owner:
                found = await member.erp.get_order(own)
                if found is not None:
                    return _named(member, found)
        return None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        member, own_id = self._member_of(customer_id)
        found = await member.erp.list_orders(own_id, limit=limit) if member else ()
        return tuple(_named(member, one) for one in found) if member else ()

    async def get_product(self, sku: str) -> Product | None:
        found = await _whoever_answers([member.erp.get_product(sku) for member in self._members])
        return next((product for product in found if product is not None), None)

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        found = await _whoever_answers([member.erp.list_products(limit=limit) for member in self._members])
        by_sku = {product.sku: product for products in reversed(found) for product in products or ()}
        return tuple(sorted(by_sku.values(), key=lambda product: product.sku)[:limit])

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        member, own_id = self._required(order_id)
        return await member.erp.create_return(own_id, reason, key=key)

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:
        member, own_id = self._required(order_id)
        await member.erp.add_note(own_id, text, key=key)

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:
        member, own_id = self._required(order_id)
        return await member.erp.request_address_change(own_id, address, key=key)

    async def aclose(self) -> None:
        for member in self._members:
            await member.erp.aclose()

    def _asked_for(self, ref: str) -> list[Member]:
        """Those whose prefix begins the number, the longest first; else those that have none."""
        wanted = ref.strip().lstrip("#№").strip().upper()
        claims = [
            (len(prefix), member)
            for member in self._members
            for prefix in member.prefixes
            if wanted.startswith(prefix.upper())
        ]
        if claims:
            longest = max(length for length, _ in claims)
            return [member for length, member in claims if length == longest]
        return [member for member in self._members if not member.prefixes] or list(self._members)

    def _member_of(self, named_id: str) -> tuple[Member | None, str]:
        name, mark, own_id = named_id.partition(MARK)
        return (self._by_name.get(name), own_id) if mark and own_id else (None, "")

    def _required(self, order_id: str) -> tuple[Member, str]:
        member, own_id = self._member_of(order_id)
        if member is None:
            raise ErpBadRequest("This order belongs to no ERP that we know.")
        return member, own_id


def _named(member: Member, order: Order) -> Order:
    return replace(
        order, id=f"{member.name}{MARK}{order.id}", customer_id=f"{member.name}{MARK}{order.customer_id}"
    )  # fmt: skip


async def _whoever_answers(asked: Sequence[Awaitable[Found]]) -> list[Found | None]:
    """None for an ERP that failed. Where the rest has nothing, the failure is told: “not found” would be a guess."""
    told = await asyncio.gather(*asked, return_exceptions=True)
    failures = [one for one in told if isinstance(one, BaseException)]
    for failure in failures:
        if not isinstance(failure, ErpError):
            raise failure
    found = [None if isinstance(one, BaseException) else one for one in told]
    if failures and not any(found):
        raise failures[0]
    return found
