"""Reading ERPs into the star schema: once each, in pages, from where it stopped; the embedded one and live Tryton."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from crm_core.db import Sessions, unit_of_work
from crm_core.erp.extract import Extractable, Page, Since
from crm_core.erp.extraction import OVERLAP, Kind, Progress, Run, Source, extract_pages, is_due
from crm_core.erp.port import Customer, Money, Order, Product
from crm_core.erp.sql import SqlErp
from crm_core.errors import ErpError, ErpUnavailable
from tests.support.erp import line, order
from tests.support.erp_golden import fill_golden
from tests.support.erp_subjects import NO_TRYTON, RIGHT, has_tryton, tryton_subject
from tests.support.tryton_server import TrytonServer, running_tryton

LINES = "select order_number, position, sku, quantity, shipped, amount, customer_id from fact_sale_line order by 1, 2"


@dataclass
class Ledger:
    """An ERP of as many orders as a test wants, in pages of two; it fails when told to."""

    orders_there: list[Order]
    customers_there: tuple[Customer, ...] = (Customer("C1", "Ada", language="en"),)
    failures: list[ErpError] = field(default_factory=list)
    asked: list[Since] = field(default_factory=list)

    async def customers(self, since: Since) -> Page[Customer]:
        return Page(self.customers_there, None)

    async def products(self, since: Since) -> Page[Product]:
        return Page((Product("CH", "Chair", Money(Decimal(89), "EUR"), names={"es": "Silla"}),), None)

    async def orders(self, since: Since) -> Page[Order]:
        self.asked.append(since)
        if self.failures:
            raise self.failures.pop()
        behind = [one for one in self.orders_there if one.id > since.position]
        return Page(tuple(behind[:2]), behind[1].id if len(behind) > 2 else None)


def orders(count: int) -> list[Order]:
    chair = replace(line(4, shipped=2), price=Decimal("89.00"))
    total = Money(Decimal(356), "EUR")
    return [order(f"{number}", lines=(chair, line(1)), total=total) for number in range(1001, 1001 + count)]


async def read(sessions: Sessions, ledger: Ledger, at: datetime, *, full: bool = False) -> list[Progress]:
    told: list[Progress] = []
    await extract_pages(Run(sessions, lambda: at, at, full), [Source("shop", ledger)], told.append)
    return told


async def rows(sessions: Sessions, statement: str) -> list[tuple[object, ...]]:
    async with sessions() as session:
        return [tuple(row) for row in await session.execute(text(statement))]


async def test_every_line_arrives_with_its_amount_and_the_progress_is_told(sessions: Sessions, now: datetime) -> None:
    told = await read(sessions, Ledger(orders(3)), now)
    assert [(one.kind, one.items, one.is_finished) for one in told] == [
        (Kind.CUSTOMERS, 1, True), (Kind.PRODUCTS, 1, True), (Kind.ORDERS, 2, False), (Kind.ORDERS, 3, True),
    ]  # fmt: skip
    found = await rows(sessions, LINES)
    assert len(found) == 6
    assert found[0] == ("1001", 1, "CH", Decimal(4), Decimal(2), Decimal("356.00"), "C1")
    assert found[1][5] is None


async def test_reading_twice_changes_nothing(sessions: Sessions, now: datetime) -> None:
    ledger = Ledger(orders(3))
    await read(sessions, ledger, now)
    before = await rows(sessions, LINES)
    await read(sessions, ledger, now + timedelta(days=1), full=True)
    assert await rows(sessions, LINES) == before
    assert await rows(sessions, "select count(*) from dim_customer") == [(1,)]


async def test_the_next_night_asks_only_for_what_changed(sessions: Sessions, now: datetime) -> None:
    ledger = Ledger(orders(1))
    await read(sessions, ledger, now)
    await read(sessions, ledger, now + timedelta(days=1))
    await read(sessions, ledger, now + timedelta(days=2), full=True)
    assert [since.changed_at for since in ledger.asked] == [None, now - OVERLAP, None]


async def test_a_failure_is_a_pause(sessions: Sessions, now: datetime) -> None:
    """The pages that came are kept, and the next run goes on behind them."""
    ledger = Ledger(orders(5))
    await extract_pages_until_page(sessions, ledger, now)
    ledger.failures = [ErpUnavailable("down")]
    with pytest.raises(ErpUnavailable):
        await read(sessions, ledger, now + timedelta(hours=1))
    assert len(await rows(sessions, LINES)) == 4
    ledger.asked.clear()
    await read(sessions, ledger, now + timedelta(hours=2))
    assert [since.position for since in ledger.asked] == ["1002", "1004"]
    assert len(await rows(sessions, LINES)) == 10


async def extract_pages_until_page(sessions: Sessions, ledger: Ledger, at: datetime) -> None:
    """Stopped after the first page of orders, as a job is at the end of its time."""
    left = iter([True, True, True, False])
    run = Run(sessions, lambda: at, at)
    assert not await extract_pages(run, [Source("shop", ledger)], lambda _: None, go_on=lambda: next(left))


async def test_a_line_taken_out_of_an_order_is_gone(sessions: Sessions, now: datetime) -> None:
    ledger = Ledger(orders(1))
    await read(sessions, ledger, now)
    ledger.orders_there = [replace(ledger.orders_there[0], lines=ledger.orders_there[0].lines[1:])]
    await read(sessions, ledger, now + timedelta(days=1))
    assert [row[1] for row in await rows(sessions, LINES)] == [1]


async def test_a_customer_who_changed_keeps_their_past(sessions: Sessions, now: datetime) -> None:
    ledger = Ledger([])
    await read(sessions, ledger, now)
    ledger.customers_there = (Customer("C1", "Ada", language="es"),)
    later = now + timedelta(days=1)
    await read(sessions, ledger, later)
    found = await rows(sessions, "select language, valid_from, valid_to from dim_customer order by key")
    assert found == [("en", now, later), ("es", later, None)]


async def test_ids_of_several_erps_do_not_mix(sessions: Sessions, now: datetime) -> None:
    sources = [Source(name, Ledger(orders(1)), is_one_of_several=True) for name in ("north", "south")]
    await extract_pages(Run(sessions, lambda: now, now), sources, lambda _: None)
    found = await rows(sessions, "select distinct customer_id from fact_sale_line order by 1")
    assert found == [("north/C1",), ("south/C1",)]


async def test_it_is_due_until_all_is_read(sessions: Sessions, now: datetime) -> None:
    async def due(since: datetime) -> bool:
        async with unit_of_work(sessions) as session:
            return await is_due(session, ["shop"], since)

    assert await due(now)
    await extract_pages_until_page(sessions, Ledger(orders(3)), now)
    assert await due(now)
    await read(sessions, Ledger(orders(3)), now)
    assert not await due(now)
    assert await due(now + timedelta(days=1))


async def test_the_embedded_erp_is_read_in_pages(sessions: Sessions, now: datetime) -> None:
    await fill_golden(sessions)
    erp = SqlErp(sessions)
    assert isinstance(erp, Extractable)
    extract, found, position = erp.extract(), [], ""
    while True:
        page = await extract.orders(Since(position=position, limit=2))
        found += [one.number for one in page.items]
        if page.position is None:
            break
        position = page.position
    assert found == ["S-1", "S-2", "S-3", "S-4", "S-5", "S-6"]
    await extract_pages(Run(sessions, lambda: now, now), [Source("embedded", extract)], lambda _: None)
    assert len(await rows(sessions, LINES)) == 8
    assert await rows(sessions, "select count(*) from dim_product") == [(2,)]


@pytest.fixture(scope="module")
def tryton() -> Iterator[TrytonServer]:
    with running_tryton() as server:
        yield server


@pytest.mark.slow
@pytest.mark.skipif(not has_tryton, reason=NO_TRYTON)
@pytest.mark.parametrize("door", ["rest", "rpc"])
async def test_a_live_tryton_is_read_whole_and_then_only_what_changed(
    tryton: TrytonServer, sessions: Sessions, now: datetime, door: str
) -> None:
    erp = tryton_subject(tryton, door).make(RIGHT)
    assert isinstance(erp, Extractable)
    extract = erp.extract()
    await extract_pages(Run(sessions, lambda: now, now), [Source("tryton", extract)], lambda _: None)
    found = await rows(
        sessions, "select sku, quantity, shipped, amount from fact_sale_line where amount = 360.00 order by position"
    )
    assert found == [("RT-100", Decimal(3), Decimal(1), Decimal("360.00"))]
    assert await rows(sessions, "select count(distinct order_id) from fact_sale_line") == [(5,)]
    first = await extract.orders(Since(limit=2))
    assert (len(first.items), len((await extract.orders(Since(None, first.position or "", 2))).items)) == (2, 2)
    tomorrow = datetime.now(now.tzinfo) + timedelta(days=1)
    for page in (await extract.orders(Since(tomorrow)), await extract.customers(Since(tomorrow))):
        assert page.items == ()
    assert len((await extract.orders(Since(tomorrow - timedelta(days=3650)))).items) == 5
    assert (await extract.products(Since(tomorrow))).items == ()
    await erp.aclose()
