"""Customers and their contacts in our own tables, for ERPs that cannot be searched by e-mail or telephone."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.erp.port import Customer
from crm_core.erp.quantities import clean_email, clean_ref, phone_key
from crm_core.erp.tables import ErpCustomer, ErpCustomerContact
from crm_core.erp.upsert import Row, upsert


class CustomerBook(Protocol):
    """Where customers are looked up; the embedded ERP is one."""

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]: ...

    async def get_customer(self, customer_id: str) -> Customer | None: ...


async def keep_customers(session: AsyncSession, customers: Sequence[Customer]) -> int:
    """Write `customers` over what we knew: an address that is gone proves nothing any more. The number kept."""
    kept = {one.id: one for one in customers if clean_ref(one.id) and one.name}
    if not kept:
        return 0
    people = [
        {"number": one.id, "name": one.name, "language": one.language, "blocked": one.blocked} for one in kept.values()
    ]
    await upsert(session, ErpCustomer, people)
    await session.execute(delete(ErpCustomerContact).where(ErpCustomerContact.customer_number.in_(list(kept))))
    contacts = {_identity(row): row for one in kept.values() for row in _contacts(one)}
    await upsert(session, ErpCustomerContact, list(contacts.values()))
    return len(kept)


def _contacts(customer: Customer) -> list[Row]:
    keyed = [("email", value, clean_email(value)) for value in customer.emails]
    keyed += [("phone", value, phone_key(value)) for value in customer.phones]
    return [
        {"customer_number": customer.id, "kind": kind, "value": value, "key": key}
        for kind, value, key in keyed
        if key is not None
    ]


def _identity(row: Row) -> tuple[object, ...]:
    return row["customer_number"], row["kind"], row["value"]
