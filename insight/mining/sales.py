"""Sales and weeks of items as the ERP extract and the warehouse hold them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.errors import InvalidInput, NotFound
from insight.arrivals import Day
from insight.mining.histories import WEEK_DAYS
from insight.mining.rows import ItemWeek, Sale

# The same in PostgreSQL and in DuckDB, where the warehouse has a table of this name.
SALES = """
select customer_id, ordered_on, amount, quantity - returned, sku, source || ':' || order_id, currency
from fact_sale_line
where ordered_on is not null and amount is not null and stage <> 'cancelled' and stage <> 'draft'
"""
ARRIVALS = """
select date_bin(make_interval(secs => :slot_s), at at time zone :zone, timestamp '2000-01-01') as slot, count(*)
from event where kind = 'queued' and data ->> 'entry' is distinct from 'transfer' and at >= :since and at < :until
  and (cast(:queue as text) is null or data ->> 'queue' = :queue)
group by slot order by slot
"""
SLOT_S = 1800
EVER = datetime(2000, 1, 1, tzinfo=UTC)
Record = tuple[str, date, Decimal | float, Decimal | float, str | None, str, str | None]


def sales_of(records: Iterable[Record], currency: str | None = None) -> list[Sale]:
    """Rows of SALES. Raises InvalidInput when there are several currencies and none was chosen."""
    known = list(records)
    found = Counter(record[-1] for record in known)
    if currency is None and len(found) > 1:
        raise InvalidInput(f"The sales are in {', '.join(sorted(map(str, found)))}: choose one currency.")
    return [
        Sale(customer, on, float(amount), float(quantity), sku or "", order)
        for customer, on, amount, quantity, sku, order, money in known if currency in (None, money)
    ]  # fmt: skip


async def read_sales_extract(session: AsyncSession, currency: str | None = None) -> list[Sale]:
    """From the nightly extract of the ERPs. Raises NotFound before the first."""
    records = (await session.execute(text(SALES))).all()
    if not records:
        raise NotFound("No sales are here yet: run `python -m bot erp extract`, or name a file with --csv.")
    return sales_of(records, currency)


async def read_arrival_days(
    session: AsyncSession, zone: str, until: datetime, queue: str | None = None, since: datetime = EVER
) -> list[Day]:
    """Contacts that entered a line, or this one, by half hours of the company's wall clock; days before `until`."""
    asked = {"slot_s": SLOT_S, "zone": zone, "since": since, "until": until, "queue": queue}
    counted = (await session.execute(text(ARRIVALS), asked)).all()
    by_day: defaultdict[date, dict[int, int]] = defaultdict(dict)
    for slot, count in counted:
        by_day[slot.date()][(slot.hour * 3600 + slot.minute * 60) // SLOT_S] = count
    return [_day(on, slots) for on, slots in sorted(by_day.items())]


def _day(on: date, slots: dict[int, int]) -> Day:
    whole = 86_400 // SLOT_S
    opens_at = datetime(on.year, on.month, on.day, tzinfo=UTC)
    return Day(opens_at, SLOT_S, tuple(float(slots.get(slot, 0)) for slot in range(whole)))


def item_weeks(sales: Sequence[Sale], until: date) -> list[ItemWeek]:
    """Whole weeks that end at `until`, the last one numbered 0; the price is what a unit brought on average."""
    units: defaultdict[tuple[str, int], float] = defaultdict(float)
    money: defaultdict[tuple[str, int], float] = defaultdict(float)
    for sale in sales:
        if sale.item and sale.on <= until and sale.quantity > 0:
            key = sale.item, -((until - sale.on).days // WEEK_DAYS)
            units[key] += sale.quantity
            money[key] += sale.amount
    return [ItemWeek(*key, units[key], max(0.0, money[key]) / units[key]) for key in sorted(units)]
