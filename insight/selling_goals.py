"""What selling achieved in a period, for the goals and the economics: sellers, cycle, acquisition, campaigns by lot."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from config.five_steps import HoldOut
from crm_core.campaign_results import BOUGHT
from crm_core.campaign_values import ConversionKind
from crm_core.reporting import Period
from insight.benefits import YEAR
from insight.sales_reports import read_cycle, read_sold

_WON = text("""
select count(distinct owner_id) as sellers, coalesce(sum(won_amount), 0) as amount
from lead where won_on >= :since and won_on < :until
""")
# campaigns of the period whose counting is over, that left somebody alone and wrote to somebody
_RESPONSES = text(f"""
with counted as (
    select id, conversion, conversion_days, started_at from campaign
    where started_at >= :since and started_at < :until
      and started_at + make_interval(days => conversion_days) <= :now
), bought as (
    {BOUGHT} where m.campaign_id in (select id from counted) group by m.id
), person as (
    select m.campaign_id, a.is_hold_out,
           case when c.conversion = '{ConversionKind.ORDER}' then coalesce(m.orders, b.orders, 0) > 0
                else exists (select from event e where e.contact_id = m.contact_id and e.kind = 'message_received'
                             and e.at >= c.started_at
                             and e.at < c.started_at + make_interval(days => c.conversion_days)) end as responded
    from campaign_member m join counted c on c.id = m.campaign_id join campaign_arm a on a.id = m.arm_id
    left join bought b on b.id = m.id
)
select count(*) filter (where not is_hold_out) as written, count(*) filter (where is_hold_out) as left_alone,
       count(*) filter (where responded and not is_hold_out) as written_responded,
       count(*) filter (where responded and is_hold_out) as left_responded
from person group by campaign_id
having count(*) filter (where is_hold_out) > 0 and count(*) filter (where not is_hold_out) > 0
""")  # noqa: S608 - every part is ours


@dataclass(frozen=True, slots=True)
class Selling:
    """Money won by each seller who won a lead, days from first contact to first order, and campaign cost ÷ customer."""

    per_seller: float | None
    cycle_days: float | None
    acquisition_cost: float | None


async def read_selling(session: AsyncSession, currency: str, since: date, until: date) -> Selling:
    bound = {"since": since, "until": until}
    sellers, amount = (await session.execute(_WON, bound)).one()
    sold, cycle = await read_sold(session, currency, since, until), await read_cycle(session, since, until)
    return Selling(float(amount) / sellers if sellers else None, cycle.p50, sold.acquisition_cost)


async def read_hold_out(session: AsyncSession, period: Period, now: datetime) -> HoldOut:
    """All campaigns by lot together, as if the people left alone had been written to in the same proportions.

    So a campaign that left many alone among people who buy anyway does not pass for harm: those left alone count with
    the weight of the people written to beside them (direct standardisation), rounded to whole responses.
    """
    bound = {"since": period.since, "until": period.until, "now": now}
    rows = (await session.execute(_RESPONSES, bound)).all()
    written, left = sum(row.written for row in rows), sum(row.left_alone for row in rows)
    if not written:
        return HoldOut()
    rate = sum(row.written * row.left_responded / row.left_alone for row in rows) / written
    return HoldOut(
        written_to=written, written_responded=sum(row.written_responded for row in rows), left_alone=left,
        left_responded=round(rate * left), a_year=round(written * (YEAR / period.length)),
    )  # fmt: skip


def response(found: HoldOut) -> float | None:
    """The share of people written to who responded."""
    return found.written_responded / found.written_to if found.written_to else None
