"""Of the nightly extract of sales: who bought again, and what a customer buys, in one period."""

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.reporting import Figure
from insight.figures import share

LOOKED_BACK_DAYS = 180
REPEATED = """
with sale as (
    select source || ':' || customer_id as customer, ordered_on, amount from fact_sale_line
    where ordered_on is not null and amount is not null and stage not in ('cancelled', 'draft')
      and currency = :currency and ordered_on < :until and ordered_on >= cast(:since as date) - cast(:days as integer)
), known as (select distinct customer from sale where ordered_on < :since),
   bought as (select customer, sum(amount) as amount from sale where ordered_on >= :since group by customer)
select (select count(*) from known), (select count(*) from known join bought using (customer)),
       (select count(*) from bought), (select coalesce(sum(amount), 0) from bought)
"""


async def read_buyers(session: AsyncSession, currency: str, since: date, until: date) -> tuple[Figure, float | None]:
    """The share of who bought within LOOKED_BACK_DAYS before that bought again, and money for each customer."""
    asked = {"currency": currency, "since": since, "until": until, "days": LOOKED_BACK_DAYS}
    known, again, customers, money = (await session.execute(text(REPEATED), asked)).one()
    return share("retention", again, known), float(money) / customers if customers else None
