"""What became of a campaign: each lot with what its person did, counted by arm as drawn, not as sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Viewer, require_role
from crm_core.contracts import JsonObject

# Orders from the day of the lot on, for everybody alike: also for those whom no message reached.
BOUGHT = """
    select m.id, count(distinct (s.source, s.order_id)) as orders, sum(s.amount) as revenue
    from campaign_member m join campaign c on c.id = m.campaign_id
    join fact_sale_line s on s.customer_id = m.customer_ref
        and s.stage not in ('cancelled', 'draft')
        and s.ordered_on >= cast(m.assigned_at as date)
        and s.ordered_on < cast(m.assigned_at as date) + c.conversion_days
"""
_ORDERS = f"""
bought as (
    {BOUGHT}
    where m.campaign_id = cast(:campaign_id as bigint) or m.contact_id = any(cast(:contacts as bigint[]))
    group by m.id
)"""
_SETTLE = text(f"""
with {_ORDERS}
update campaign_member m set orders = coalesce(b.orders, 0), revenue = coalesce(b.revenue, 0)
from campaign_member o left join bought b on b.id = o.id
where m.id = o.id and m.contact_id = any(:contacts) and m.orders is null
""")  # noqa: S608 - every part is ours
_LOTS = text(f"""
with {_ORDERS}, told as (
    select e.contact_id, e.kind from event e join campaign c on c.id = :campaign_id
    where e.kind in ('message_received', 'consent_withdrawn')
      and e.at >= c.started_at and e.at < c.started_at + make_interval(days => c.conversion_days)
)
select m.id, a.key as arm, a.is_hold_out, m.state, m.reason, m.traits, g.delivery,
       coalesce(m.orders, b.orders, 0) as orders, coalesce(m.revenue, b.revenue, 0) as revenue,
       m.contact_id in (select contact_id from told where kind = 'message_received') as wrote,
       m.contact_id in (select contact_id from told where kind = 'consent_withdrawn') as left_us
from campaign_member m join campaign_arm a on a.id = m.arm_id
left join bought b on b.id = m.id left join message g on g.id = m.message_id
where m.campaign_id = cast(:campaign_id as bigint) order by m.id
""")  # noqa: S608 - every part is ours


@dataclass(frozen=True, slots=True)
class Lot:
    """One person of a campaign, without saying who."""

    id: int
    arm: str
    is_hold_out: bool
    state: str
    reason: str | None
    traits: JsonObject
    delivery: str | None
    orders: int
    revenue: Decimal
    wrote: bool
    left_us: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How many are in which state, and why they were left out."""

    states: Mapping[str, int]
    reasons: Mapping[str, int]
    deliveries: Mapping[str, int]


async def settle_lots(session: AsyncSession, now: datetime, contact_ids: Sequence[int]) -> None:
    """Keep what was counted so far for contacts whose orders can no longer be found afterwards."""
    del now
    await session.execute(_SETTLE, {"contacts": list(contact_ids), "campaign_id": None})


async def read_lots(session: AsyncSession, viewer: Viewer, campaign_id: int) -> list[Lot]:
    """Everybody who was drawn. Raises Forbidden."""
    require_role(viewer, Action.CAMPAIGN)
    rows = (await session.execute(_LOTS, {"campaign_id": campaign_id, "contacts": []})).mappings()
    return [
        Lot(
            row["id"], row["arm"], row["is_hold_out"], row["state"], row["reason"], row["traits"], row["delivery"],
            row["orders"], row["revenue"], row["wrote"], row["left_us"],
        )
        for row in rows
    ]  # fmt: skip


_PROGRESS = text("""
select m.state, m.reason, g.delivery, count(*) as n
from campaign_member m left join message g on g.id = m.message_id
where m.campaign_id = :campaign_id group by 1, 2, 3
""")


async def read_progress(session: AsyncSession, viewer: Viewer, campaign_id: int) -> Progress:
    require_role(viewer, Action.CAMPAIGN)
    states: dict[str, int] = {}
    reasons: dict[str, int] = {}
    deliveries: dict[str, int] = {}
    for state, reason, delivery, n in await session.execute(_PROGRESS, {"campaign_id": campaign_id}):
        for counted, key in ((states, state), (reasons, reason), (deliveries, delivery)):
            if key is not None:
                counted[key] = counted.get(key, 0) + n
    return Progress(states, reasons, deliveries)
