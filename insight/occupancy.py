"""How busy agents were: the union of their contacts over the time in which they were there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_core.events import EventKind
from crm_core.reporting import Period
from insight.facts import LETS_GO, TAKES, Moment

# `contact`: from taking a conversation until it leaves the agent's hands; wrap-up belongs to it. `there`: available.
OCCUPANCY = """
with hand as (
    select e.conversation_id, e.at, e.kind, e.data,
           lead(e.at) over (partition by e.conversation_id order by e.at, e.id) as next_at
    from event e
    where e.at <= :as_of and e.conversation_id is not null and e.kind = any(:hands)
      and e.conversation_id in (select conversation_id from event
                                where kind = any(:hands) and at >= :since and at < :until)
), contact as (
    select data->>'agent_id' as agent,
           tstzrange(at, greatest(at, coalesce(next_at, :as_of))) * tstzrange(:since, least(:until, :as_of)) as span
    from hand where kind = any(:takes) and data->>'agent_id' is not null
), state as (
    select split_part(actor, ':', 2) as agent, at, data->>'state' as state,
           lead(at) over (partition by actor order by at, id) as next_at
    from event where kind = 'agent_state_changed' and at <= :as_of
      and at >= cast(:since as timestamptz) - interval '7 days'
), there as (
    select agent, tstzrange(at, coalesce(next_at, :as_of)) * tstzrange(:since, least(:until, :as_of)) as span
    from state where state = 'available'
), both_of as (
    select agent, range_agg(span) filter (where is_contact) as busy, range_agg(span) as present
    from (select agent, span, true as is_contact from contact union all select agent, span, false from there) spans
    where not isempty(span) group by agent
)
select agent,
       coalesce((select sum(extract(epoch from upper(r) - lower(r))) from unnest(busy) r), 0) as busy_s,
       coalesce((select sum(extract(epoch from upper(r) - lower(r))) from unnest(present) r), 0) as present_s
from both_of
"""


@dataclass(frozen=True, slots=True)
class Busy:
    """Seconds."""

    busy_s: float
    present_s: float


Span = tuple[datetime, datetime]


def occupancy_of(moments: Sequence[Moment], period: Period, as_of: datetime) -> Mapping[str, Busy]:
    """The same in plain Python, by agent's id."""
    bounds = (period.since, min(period.until, as_of))
    contact = _contacts(moments, as_of)
    there = _present(moments, as_of)
    agents = contact.keys() | there.keys()
    busy = {agent: _clipped(contact.get(agent, []), bounds) for agent in agents}
    present = {agent: busy[agent] + _clipped(there.get(agent, []), bounds) for agent in agents}
    return {agent: Busy(_length_s(busy[agent]), _length_s(present[agent])) for agent in agents if present[agent]}


def _contacts(moments: Iterable[Moment], as_of: datetime) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    held: dict[int, tuple[str, datetime]] = {}
    for at, event in sorted(moments, key=lambda each: each[0]):
        if event.conversation_id is None or event.kind not in TAKES | LETS_GO:
            continue
        if before := held.pop(event.conversation_id, None):
            found.setdefault(before[0], []).append((before[1], at))
        if event.kind in TAKES:
            held[event.conversation_id] = (str(event.data["agent_id"]), at)
    for agent, since in held.values():
        found.setdefault(agent, []).append((since, as_of))
    return found


def _present(moments: Iterable[Moment], as_of: datetime) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    since: dict[str, datetime] = {}
    for at, event in sorted(moments, key=lambda each: each[0]):
        if event.kind is not EventKind.AGENT_STATE_CHANGED:
            continue
        agent = event.actor.name.partition(":")[2]
        if agent in since:
            found.setdefault(agent, []).append((since.pop(agent), at))
        if event.data["state"] == "available":
            since[agent] = at
    for agent, at in since.items():
        found.setdefault(agent, []).append((at, as_of))
    return found


def _clipped(spans: Iterable[Span], bounds: Span) -> list[Span]:
    cut = ((max(start, bounds[0]), min(end, bounds[1])) for start, end in spans)
    return [(start, end) for start, end in cut if start < end]


def _length_s(spans: Iterable[Span]) -> float:
    """Of their union."""
    total, reached = timedelta(), None
    for start, end in sorted(spans):
        begins = start if reached is None else max(start, reached)
        total += max(timedelta(), end - begins)
        reached = end if reached is None else max(reached, end)
    return total.total_seconds()
