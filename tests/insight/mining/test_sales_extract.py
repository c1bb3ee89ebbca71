"""What the ERPs' nightly extract and the events of the lines give to mining."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert

from crm_core.db import Sessions, unit_of_work
from crm_core.erp.star_tables import FactSaleLine
from crm_core.errors import InvalidInput, NotFound
from crm_core.models import Event
from insight.mining.rows import ItemWeek, Sale
from insight.mining.sales import item_weeks, read_arrival_days, read_sales_extract

ON = date(2026, 11, 2)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def line(position: int, **differs: object) -> dict[str, object]:
    return {
        "source": "erp", "order_id": "o1", "position": position, "order_number": "1", "customer_id": "c1", "sku": "tea",
        "stage": "open", "ordered_on": ON, "quantity": Decimal(3), "shipped": Decimal(0), "returned": Decimal(1),
        "amount": Decimal("7.50"), "currency": "EUR", "extracted_at": NOW,
    } | differs  # fmt: skip


async def keep(sessions: Sessions, *lines: dict[str, object]) -> None:
    async with unit_of_work(sessions) as session:
        await session.execute(insert(FactSaleLine), list(lines))


async def test_sales_are_read_without_cancelled_orders_and_without_what_came_back(sessions: Sessions) -> None:
    await keep(sessions, line(1), line(2, stage="cancelled"), line(3, ordered_on=None), line(4, amount=None))
    async with sessions() as session:
        assert await read_sales_extract(session) == [Sale("c1", ON, 7.5, 2.0, "tea", "erp:o1")]


async def test_several_currencies_are_not_added_up(sessions: Sessions) -> None:
    await keep(sessions, line(1), line(2, currency="USD"))
    async with sessions() as session:
        with pytest.raises(InvalidInput, match="EUR, USD"):
            await read_sales_extract(session)
        assert len(await read_sales_extract(session, "USD")) == 1


async def test_before_the_first_extract_it_says_what_to_do(sessions: Sessions) -> None:
    async with sessions() as session:
        with pytest.raises(NotFound, match="erp extract"):
            await read_sales_extract(session)


async def test_arrivals_are_counted_by_half_hours_of_the_company_and_transfers_are_none(sessions: Sessions) -> None:
    moments = [(datetime(2026, 11, 2, 23, 10, tzinfo=UTC), {}), (datetime(2026, 11, 2, 23, 20, tzinfo=UTC), {}),
               (datetime(2026, 11, 2, 23, 25, tzinfo=UTC), {"entry": "transfer"})]  # fmt: skip
    rows = [{"at": at, "kind": "queued", "actor": "system", "data": data} for at, data in moments]
    async with unit_of_work(sessions) as session:
        await session.execute(insert(Event), rows)
    async with sessions() as session:
        days = await read_arrival_days(session, "Europe/Madrid", NOW)
    assert [(day.date, day.counts[0], sum(day.counts)) for day in days] == [(date(2026, 11, 3), 2.0, 2.0)]


def test_weeks_end_at_the_last_day_and_a_price_is_what_a_unit_brought() -> None:
    sold = [Sale("a", ON, 10.0, 4.0, "tea"), Sale("b", ON - timedelta(days=6), 2.0, 1.0, "tea"),
            Sale("b", ON - timedelta(days=7), 9.0, 3.0, "tea"), Sale("c", ON, 9.0, 3.0)]  # fmt: skip
    assert item_weeks(sold, ON) == [ItemWeek("tea", -1, 3.0, 3.0), ItemWeek("tea", 0, 5.0, 2.4)]
