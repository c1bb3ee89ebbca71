"""What a line is told of its wait: how fast it was served lately, kept with the conversation and checked afterwards."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import JsonObject
from crm_core.events import SYSTEM, Event, EventKind, record
from crm_core.routing_values import Load
from crm_core.sla_clocks import Terms
from crm_core.waiting_time import Estimate, Line, estimate

LATELY = timedelta(days=7)
ENOUGH = 20  # with fewer of them the guess is better than the average
GUESSED_S: Mapping[Load, float] = {Load.CALL: 240.0, Load.CHAT: 480.0, Load.MAIL: 900.0}

_LINE = text("""
with served as (
    select extract(epoch from c.at - a.at) as handled_s
    from event c
    join lateral (
        select at, data from event where conversation_id = c.conversation_id and kind = 'assigned'
        order by id desc limit 1
    ) a on true
    where c.kind = 'closed' and c.at > :since and a.data ->> 'queue' = :queue and a.data ->> 'load' = :load
    order by c.at desc limit 300
), waited as (
    select count(*) filter (where kind = 'abandoned') as gave_up, sum((data ->> 'waited_s')::float) as waited_s
    from event where kind in ('assigned', 'abandoned') and at > :since and data ->> 'queue' = :queue
), working as (
    select count(*) as agents, coalesce(sum(capacity), 0) as slots from app_user
    where state = 'available' and disabled_at is null and teams ?| cast(:teams as text[])
)
select (select count(*) from served) as served, (select avg(handled_s) from served) as handled_s,
       gave_up, waited_s, agents, slots,
       (select count(*) from conversation o where o.queue_key = :queue and o.state in ('queued', 'offered')
        and (o.route_by, o.id) < (:route_by, :id)) as before
from waited, working
""")


async def promise_wait(
    session: AsyncSession, now: datetime, conversation: models.Conversation, terms: Terms
) -> Estimate | None:
    """Estimate the wait of who has just come into line, and keep it; None while nobody serves the line."""
    queue_key = conversation.queue_key or ""
    bound = {
        "since": now - LATELY, "queue": queue_key, "load": terms.load.value, "route_by": conversation.route_by or now,
        "id": conversation.id, "teams": sorted(terms.rules.teams(queue_key)),
    }  # fmt: skip
    row = (await session.execute(_LINE, bound)).one()
    handled_s = float(row.handled_s) if row.served >= ENOUGH else GUESSED_S[terms.load]
    servers = row.agents if terms.load is Load.CALL else row.slots
    leaving = row.gave_up / row.waited_s if row.waited_s else 0.0
    line, position = Line(float(servers), handled_s, leaving), row.before + 1
    told = estimate(position, line)
    conversation.estimate = None if told is None else _stored(told, line)
    if told is not None:
        detail: JsonObject = {
            "queue": queue_key, "position": position, "p50_s": round(told.p50_s, 1), "p80_s": round(told.p80_s, 1),
            "method": told.method.value,
        }  # fmt: skip
        event = Event(EventKind.WAIT_ESTIMATED, SYSTEM, conversation.id, conversation.contact_id, detail)
        await record(session, now, [event])
    return told


def _stored(told: Estimate, line: Line) -> JsonObject:
    return {
        "p50_s": round(told.p50_s, 1), "p80_s": round(told.p80_s, 1), "servers": line.servers,
        "service_s": line.service_s, "abandons_per_s": line.abandons_per_s,
    }  # fmt: skip


def promised(stored: JsonObject | None) -> JsonObject:
    """What was told, for the event that knows the outcome."""
    told = stored or {}
    return {"promised_p50_s": told.get("p50_s"), "promised_p80_s": told.get("p80_s")}


def wait_from(stored: JsonObject | None, position: int | None) -> Estimate | None:
    """The wait from the place somebody has by now, at the speed that was found when they came."""
    if stored is None or position is None:
        return None
    numbers = [stored.get(name) for name in ("servers", "service_s", "abandons_per_s")]
    servers, service_s, leaving = (float(number) if isinstance(number, int | float) else 0.0 for number in numbers)
    return estimate(position, Line(servers, service_s, leaving))
