"""Reading the embedded ERP whole: it keeps no time of change, and lies in the same database."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row, TextClause, text

from crm_core.erp import sql_rows
from crm_core.erp.extract import Page, Since, page_of
from crm_core.erp.port import Customer, Order, Product

Ask = Callable[[TextClause, Mapping[str, object]], Awaitable[Sequence[Row[tuple[object, ...]]]]]

_BEHIND = "where number > :position order by number limit :limit"
_CUSTOMERS = text(f"select * from ({sql_rows.CUSTOMERS}) c {_BEHIND}")  # noqa: S608 - both parts are ours
_ORDERS = text(f"select * from ({sql_rows.ORDERS}) o {_BEHIND}")  # noqa: S608
_PRODUCTS = text("select * from erp_product where sku > :position order by sku limit :limit")


class SqlExtract:
    """`changed_at` is not looked at."""

    def __init__(self, ask: Ask, now: Callable[[], datetime]) -> None:
        self._ask, self._now = ask, now

    async def customers(self, since: Since) -> Page[Customer]:
        found = tuple(map(sql_rows.customer_of, await self._page(_CUSTOMERS, since)))
        return page_of(found, [one.id for one in found], since.limit)

    async def orders(self, since: Since) -> Page[Order]:
        read_at = self._now()
        found = tuple(sql_rows.order_of(row, read_at) for row in await self._page(_ORDERS, since))
        return page_of(found, [one.id for one in found], since.limit)

    async def products(self, since: Since) -> Page[Product]:
        found = tuple(map(sql_rows.product_of, await self._page(_PRODUCTS, since)))
        return page_of(found, [one.sku for one in found], since.limit)

    async def _page(self, statement: TextClause, since: Since) -> Sequence[Row[tuple[object, ...]]]:
        return await self._ask(statement, {"position": since.position, "limit": since.limit})
