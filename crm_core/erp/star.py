"""Writing pages of an ERP's records into the star schema: the same page twice changes nothing."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.erp.port import Customer, Order, OrderLine, Product
from crm_core.erp.star_tables import DimProduct, FactSaleLine
from crm_core.erp.upsert import upsert

_CLOSE_CHANGED = text("""
update dim_customer d set valid_to = :now
from jsonb_to_recordset(cast(:customers as jsonb)) as c(customer_id text, language text, blocked boolean)
where d.source = :source and d.customer_id = c.customer_id and d.valid_to is null
  and (d.language, d.blocked) is distinct from (c.language, c.blocked)
""")
_OPEN_NEW = text("""
insert into dim_customer (source, customer_id, language, blocked, valid_from)
select :source, c.customer_id, c.language, c.blocked, :now
from jsonb_to_recordset(cast(:customers as jsonb)) as c(customer_id text, language text, blocked boolean)
on conflict (source, customer_id) where valid_to is null do nothing
""")


async def write_customers(session: AsyncSession, now: datetime, source: str, customers: Sequence[Customer]) -> None:
    """Who changed gets a new row; the old one says until when it held."""
    rows = {
        one.id: {"customer_id": one.id, "language": one.language, "blocked": one.blocked} for one in customers
    }  # fmt: skip
    values = {"source": source, "now": now, "customers": json.dumps(list(rows.values()))}
    for statement in (_CLOSE_CHANGED, _OPEN_NEW):
        await session.execute(statement, values)


async def write_products(session: AsyncSession, now: datetime, source: str, products: Sequence[Product]) -> None:
    rows = {
        one.sku: {
            "source": source, "sku": one.sku, "name": one.name, "names": dict(one.names),
            "price": one.price.amount if one.price else None,
            "currency": one.price.currency if one.price else None, "extracted_at": now,
        }
        for one in products
    }  # fmt: skip
    if rows:
        await upsert(session, DimProduct, list(rows.values()))


async def write_orders(session: AsyncSession, now: datetime, source: str, orders: Sequence[Order]) -> None:
    """All lines of an order anew: one that was taken out of it is gone."""
    ids = [order.id for order in orders]
    await session.execute(delete(FactSaleLine).where(FactSaleLine.source == source, FactSaleLine.order_id.in_(ids)))
    by_id = {order.id: order for order in orders}
    rows = [
        {"source": source, "extracted_at": now, **_line(order, position, line)}
        for order in by_id.values()
        for position, line in enumerate(order.lines, 1)
    ]
    if rows:
        await upsert(session, FactSaleLine, rows)


def _line(order: Order, position: int, line: OrderLine) -> dict[str, object]:
    return {
        "order_id": order.id, "position": position, "order_number": order.number, "customer_id": order.customer_id,
        "sku": line.sku, "stage": order.stage.value, "ordered_on": order.ordered_on, "quantity": line.ordered,
        "shipped": line.shipped, "returned": line.returned,
        "amount": None if line.price is None else line.price * line.ordered,
        "currency": order.total.currency if order.total else None,
    }  # fmt: skip
