"""The embedded ERP: our own tables, filled by import; also the mirror of an ERP that only exports files."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

from sqlalchemy import Row, TextClause
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.db import Sessions, unit_of_work, utc_now
from crm_core.erp import sql_rows
from crm_core.erp.port import Capability, Customer, Order, Product
from crm_core.erp.quantities import clean_email, clean_ref, clean_text, phone_key, same_phone
from crm_core.erp.query import OrderQuery
from crm_core.erp.sql_extract import SqlExtract
from crm_core.errors import ErpBadRequest, ErpContract, ErpUnavailable

Rows = Sequence[Row[tuple[object, ...]]]


class SqlErp:
    """The connector to the tables `erp_*`."""

    name = "sql"

    def __init__(self, sessions: Sessions, *, now: Callable[[], datetime] = utc_now) -> None:
        self._sessions, self._now = sessions, now

    def capabilities(self) -> frozenset[str]:
        return frozenset(Capability)

    async def health(self) -> str:
        row = (await self._read(sql_rows.HEALTH, {}))[0]
        return f"{row.orders} orders, PostgreSQL {row.version}"

    async def find_customers(
        self, *, email: str | None = None, phone: str | None = None, limit: int = 5
    ) -> tuple[Customer, ...]:
        if (email is None) == (phone is None):
            raise ErpBadRequest("Customers are looked up by exactly one of e-mail and telephone.")
        key = clean_email(email) if email is not None else phone_key(phone or "")
        if key is None:
            return ()
        kind = "phone" if email is None else "email"
        rows = await self._read(sql_rows.CUSTOMERS_BY_CONTACT, {"kind": kind, "key": key, "limit": limit})
        found = map(sql_rows.customer_of, rows)
        # the key is the end of a number, which two countries may share
        return tuple(one for one in found if phone is None or any(same_phone(phone, known) for known in one.phones))

    async def get_customer(self, customer_id: str) -> Customer | None:
        if clean_ref(customer_id) is None:
            return None
        rows = await self._read(sql_rows.CUSTOMER_BY_NUMBER, {"customer_id": customer_id})
        return sql_rows.customer_of(rows[0]) if rows else None

    async def get_order(self, query: OrderQuery) -> Order | None:
        key = clean_ref(query.ref)
        if key is None:
            return None
        rows = await self._read(sql_rows.ORDER_BY_REF, {"ref": key, "customer_id": query.customer_id})
        return sql_rows.order_of(rows[0], self._now()) if rows else None

    async def list_orders(self, customer_id: str, *, limit: int = 10) -> tuple[Order, ...]:
        if clean_ref(customer_id) is None:
            return ()
        rows = await self._read(sql_rows.ORDERS_OF_CUSTOMER, {"customer_id": customer_id, "limit": limit})
        fetched_at = self._now()
        return tuple(sql_rows.order_of(row, fetched_at) for row in rows)

    async def get_product(self, sku: str) -> Product | None:
        key = clean_ref(sku)
        rows = await self._read(sql_rows.PRODUCT_BY_SKU, {"sku": key}) if key else ()
        return sql_rows.product_of(rows[0]) if rows else None

    async def list_products(self, *, limit: int = 5_000) -> tuple[Product, ...]:
        return tuple(map(sql_rows.product_of, await self._read(sql_rows.PRODUCTS, {"limit": limit})))

    async def create_return(self, order_id: str, reason: str, *, key: str) -> str:
        async with self._writing() as session:
            await session.execute(sql_rows.ADD_RETURN, self._entry(order_id, reason, key))
            made = (await session.execute(sql_rows.RETURN_BY_KEY, {"key": key})).one()
        if made.order_number != order_id:
            raise ErpBadRequest("This key was used for a return of another order.")
        return f"RMA-{made.id}"

    async def add_note(self, order_id: str, text: str, *, key: str) -> None:
        async with self._writing() as session:
            await session.execute(sql_rows.ADD_NOTE, self._entry(order_id, text, key))

    async def request_address_change(self, order_id: str, address: str, *, key: str) -> str:
        async with self._writing() as session:
            await session.execute(sql_rows.ADD_NOTE, self._entry(order_id, f"Change of address: {address}", key))
            made = (await session.execute(sql_rows.NOTE_BY_KEY, {"key": key})).one()
        if made.order_number != order_id:
            raise ErpBadRequest("This key was used for a request about another order.")
        return f"NOTE-{made.id}"

    def extract(self) -> SqlExtract:
        return SqlExtract(self._read, self._now)

    async def aclose(self) -> None:
        """The database is not ours to close."""

    def _entry(self, order_id: str, text: str, key: str) -> dict[str, object]:
        return {"order_id": order_id, "text": clean_text(text), "key": key, "now": self._now()}

    async def _read(self, statement: TextClause, values: Mapping[str, object]) -> Rows:
        """One round trip: outside a transaction, which one statement does not need."""
        with _told_as_erp_errors():
            async with self._sessions() as session:
                await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
                return (await session.execute(statement, values)).all()

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncSession]:
        with _told_as_erp_errors():
            async with unit_of_work(self._sessions) as session:
                yield session


@contextmanager
def _told_as_erp_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise ErpUnavailable("The database of the embedded ERP does not answer.") from error
    except ProgrammingError as error:
        raise ErpContract("The tables of the embedded ERP are missing: run `python -m bot migrate`.") from error
    except IntegrityError as error:
        raise ErpBadRequest("The ERP does not know this order.") from error
    except DBAPIError as error:
        raise ErpBadRequest("The database refused the question to the embedded ERP.") from error
