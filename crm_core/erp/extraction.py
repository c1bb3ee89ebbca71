"""The nightly reading of the ERPs: page by page, each written with how far it came, so that any end is a pause."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.db import Sessions, unit_of_work
from crm_core.erp.extract import Extract, Page, Since
from crm_core.erp.port import Customer, Order, Product
from crm_core.erp.several import MARK
from crm_core.erp.star import write_customers, write_orders, write_products
from crm_core.erp.star_tables import ErpExtract

# ERPs write their times by their own clocks and zones, and commit late; to read a day twice costs little
OVERLAP = timedelta(days=1)


class Kind(StrEnum):
    """In this order: what others refer to goes first."""

    CUSTOMERS = "customers"
    PRODUCTS = "products"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class Source:
    """An ERP under its name. `is_one_of_several`: its ids carry the name, as everywhere else."""

    name: str
    extract: Extract
    is_one_of_several: bool = False

    def named(self, own_id: str) -> str:
        return f"{self.name}{MARK}{own_id}" if self.is_one_of_several else own_id


@dataclass(frozen=True, slots=True)
class Progress:
    """After one page: so many records of this kind in this run."""

    source: str
    kind: Kind
    items: int
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One night's reading. `began_at`: what was finished since is done. `full` reads everything again."""

    sessions: Sessions
    now: Callable[[], datetime]
    began_at: datetime
    full: bool = False


async def extract_pages(
    run: Run, sources: Sequence[Source], tell: Callable[[Progress], None], *, go_on: Callable[[], bool] = lambda: True
) -> bool:
    """True when all is read; False when `go_on` ended it before. Raises ErpError; what was read is kept."""
    for source, kind in product(sources, Kind):
        is_finished = False
        while not is_finished:
            if not go_on():
                return False
            progress = await _next_page(run, source, kind)
            is_finished = progress.is_finished
            tell(progress)
    return True


async def _next_page(run: Run, source: Source, kind: Kind) -> Progress:
    """No transaction is open while the ERP is asked."""
    async with unit_of_work(run.sessions) as session:
        state = await _state(session, run, source.name, kind)
    if state.finished_at is not None:
        return Progress(source.name, kind, state.items, is_finished=True)
    since = Since(state.changed_at, state.position)
    reader = _READERS[kind]
    page, write = await reader(source, since)
    async with unit_of_work(run.sessions) as session:
        now = run.now()
        await write(session, now)
        kept = await session.get_one(ErpExtract, (source.name, kind.value), with_for_update=True)
        kept.items, kept.position = state.items + len(page.items), page.position or ""
        kept.finished_at = now if page.position is None else None
        await session.flush()
    return Progress(source.name, kind, state.items + len(page.items), is_finished=page.position is None)


async def _state(session: AsyncSession, run: Run, source: str, kind: Kind) -> ErpExtract:
    """Where to go on; a new run where the last one was finished before this night."""
    found = await session.get(ErpExtract, (source, kind.value), with_for_update=True)
    if found is not None and (found.finished_at is None or found.finished_at >= run.began_at):
        return found
    changed_at = found.started_at - OVERLAP if found is not None and not run.full else None
    values = {
        "changed_at": changed_at, "started_at": run.now(), "position": "", "items": 0, "finished_at": None,
    }  # fmt: skip
    statement = insert(ErpExtract).values(source=source, kind=kind.value, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["source", "kind"], set_=values))
    return await session.get_one(ErpExtract, (source, kind.value), populate_existing=True)


async def is_due(session: AsyncSession, sources: Sequence[str], since: datetime) -> bool:
    """Whether anything was not read to its end since."""
    done = select(ErpExtract.source, ErpExtract.kind).where(ErpExtract.finished_at >= since)
    finished = {(row.source, row.kind) for row in await session.execute(done)}
    return any((source, kind.value) not in finished for source in sources for kind in Kind)


Write = Callable[[AsyncSession, datetime], Awaitable[None]]
Read = Callable[[Source, Since], Awaitable[tuple[Page[object], Write]]]


async def _customers(source: Source, since: Since) -> tuple[Page[Customer], Write]:
    page = await source.extract.customers(since)
    named = [replace(one, id=source.named(one.id)) for one in page.items]
    return page, lambda session, now: write_customers(session, now, source.name, named)


async def _products(source: Source, since: Since) -> tuple[Page[Product], Write]:
    page = await source.extract.products(since)
    return page, lambda session, now: write_products(session, now, source.name, page.items)


async def _orders(source: Source, since: Since) -> tuple[Page[Order], Write]:
    page = await source.extract.orders(since)
    named = [replace(one, id=source.named(one.id), customer_id=source.named(one.customer_id)) for one in page.items]
    return page, lambda session, now: write_orders(session, now, source.name, named)


_READERS: dict[Kind, Read] = {Kind.CUSTOMERS: _customers, Kind.PRODUCTS: _products, Kind.ORDERS: _orders}
