"""Figures of sales from the ERP's extract, from leads and from what campaigns cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from config.sales_files import Sales
from crm_core.access import Action, Viewer, require_role
from crm_core.sales_report import SalesQuestion, SalesReport, SellerFigures, StageFigures
from insight.figures import share

_SOLD = text("""
with line as (
    select *, currency is not distinct from cast(:currency as text) as counts from fact_sale_line
    where stage not in ('cancelled', 'draft') and ordered_on is not null and amount is not null
), customer as (
    select customer_id, sum(amount) as spent, count(distinct (source, order_id)) as orders from line
    where counts and ordered_on >= :since and ordered_on < :until group by customer_id
)
select count(*) as customers, coalesce(sum(orders), 0) as orders, coalesce(sum(spent), 0) as revenue,
       avg(spent) as mean, percentile_cont(0.5) within group (order by spent) as median,
       (select count(*) from (select customer_id from line group by customer_id
                              having min(ordered_on) >= :since and min(ordered_on) < :until) as first) as fresh,
       (select count(*) from line where not counts and ordered_on >= :since and ordered_on < :until) as others,
       (select coalesce(sum(cost), 0) from campaign where started_at >= :since and started_at < :until) as cost
from customer
""")
_CYCLE = text("""
select count(*) as n, percentile_cont(array[0.5, 0.9]) within group (order by won_on - cast(first_contact_at as date))
       as days
from lead where won_on >= :since and won_on < :until
""")
_SELLERS = text("""
select l.owner_id, u.name,
       count(*) filter (where won_on >= :since and won_on < :until) as won,
       count(*) filter (where lost_reason is not null and closed_at >= :since and closed_at < :until) as lost,
       count(*) filter (where closed_at is null) as open,
       coalesce(sum(won_amount) filter (where won_on >= :since and won_on < :until), 0) as amount,
       coalesce(jsonb_object_agg(l.stage, value_of_stage) filter (where value_of_stage is not null), '{}') as pipeline
from (select *, sum(value) filter (where closed_at is null) over (partition by owner_id, stage) as value_of_stage
      from lead) l
join app_user u on u.id = l.owner_id
group by l.owner_id, u.name order by amount desc, u.name
""")
_STAGES = text("""
with came as (
    select distinct cast(e.data ->> 'lead_id' as bigint) as lead_id, e.data ->> 'stage' as stage from event e
    where e.kind in ('lead_created', 'lead_moved') and e.at >= :since
)
select c.stage, count(*) as reached, count(*) filter (where l.won_on is not null) as won
from came c join lead l on l.id = c.lead_id
where l.created_at >= :since and l.created_at < :until group by c.stage
""")


@dataclass(frozen=True, slots=True)
class Sold:
    """Orders of a period in one currency; `mean` and `median` a customer, `others`: lines in other currencies."""

    customers: int
    orders: int
    revenue: float
    mean: float | None
    median: float | None
    new_customers: int
    campaign_cost: float
    others: int

    @property
    def acquisition_cost(self) -> float | None:
        return self.campaign_cost / self.new_customers if self.campaign_cost and self.new_customers else None


@dataclass(frozen=True, slots=True)
class Cycle:
    """Days from first contact to first order, of the `n` leads won in a period."""

    n: int
    p50: float | None
    p90: float | None


async def sales_report(session: AsyncSession, viewer: Viewer, asked: SalesQuestion) -> SalesReport:
    """Raises Forbidden."""
    require_role(viewer, Action.REPORT)
    bound = {"since": asked.since, "until": asked.until}
    sold = await read_sold(session, asked.currency, asked.since, asked.until)
    cycle = await read_cycle(session, asked.since, asked.until)
    return SalesReport(
        sold.customers, sold.orders, sold.revenue, sold.mean, sold.median, cycle.n, cycle.p50, cycle.p90,
        sold.new_customers, sold.campaign_cost, sold.acquisition_cost,
        await _sellers(session, bound, asked.sales), await _stages(session, bound, asked.sales), sold.others,
    )  # fmt: skip


async def read_sold(session: AsyncSession, currency: str, since: date, until: date) -> Sold:
    bound = {"since": since, "until": until, "currency": currency}
    row = (await session.execute(_SOLD, bound)).one()
    return Sold(
        row.customers, row.orders, float(row.revenue), _float(row.mean), _float(row.median), row.fresh,
        float(row.cost), row.others,
    )  # fmt: skip


async def read_cycle(session: AsyncSession, since: date, until: date) -> Cycle:
    row = (await session.execute(_CYCLE, {"since": since, "until": until})).one()
    p50, p90 = row.days or (None, None)
    return Cycle(row.n, _float(p50), _float(p90))


def _float(value: object) -> float | None:
    return float(value) if value is not None else None  # type: ignore[arg-type]


async def _sellers(session: AsyncSession, bound: Mapping[str, object], sales: Sales) -> tuple[SellerFigures, ...]:
    chances = {stage.key: stage.chance / 100 for stage in sales.stages}
    return tuple(
        SellerFigures(
            row["owner_id"], row["name"], row["won"], row["lost"], row["open"], float(row["amount"]),
            sum(float(value) * chances.get(stage, 0.0) for stage, value in row["pipeline"].items()),
        )
        for row in (await session.execute(_SELLERS, bound)).mappings()
    )  # fmt: skip


async def _stages(session: AsyncSession, bound: Mapping[str, object], sales: Sales) -> tuple[StageFigures, ...]:
    """In the order of the file."""
    found = {stage: (reached, won) for stage, reached, won in await session.execute(_STAGES, bound)}
    counted = ((stage.key, *found.get(stage.key, (0, 0))) for stage in sales.stages)
    return tuple(StageFigures(stage, reached, share("won", won, reached)) for stage, reached, won in counted)
