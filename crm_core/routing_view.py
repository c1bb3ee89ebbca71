"""Rows as routing sees them: who waits and needs what, and which agents could take how much."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from config.routing_files import AfterHours
from crm_core.contracts import JsonObject
from crm_core.routing_rules import Rules
from crm_core.routing_values import Candidate, Capacity, Holding, Waiting, load_of
from crm_core.states import AbilityKind

KNOWN_FOR = timedelta(days=7)  # so long a customer is kept for the agent who served them last

# who wants a call is called, who left is answered in writing
_CHANNEL = """
    case when c.callback_at is not null then 'phone' when c.left_at is not null then 'email' else i.channel end
"""
_WAITING = text(f"""
select c.id, c.queue_key, {_CHANNEL} as channel, c.intent,
       c.language, c.queued_at, c.callback_at, c.passed_by,
       coalesce(c.route_by, c.queued_at + interval '1 hour', c.state_at) as route_by,
       coalesce(c.queued_at, c.state_at) as since,
       c.handoff -> 'signals' ->> 'urgent' = 'true' as urgent,
       coalesce(c.last_agent_id, (
           select p.agent_id from conversation p
           where p.contact_id = c.contact_id and p.id < c.id and p.agent_id is not null and p.closed_at > :known_since
           order by p.id desc limit 1)) as last_agent
from conversation c join inbox i on i.id = c.inbox_id
where c.state = 'queued' and c.queue_key is not null and (cast(:ids as bigint[]) is null or c.id = any(:ids))
  and (:calls or not exists (
      select from call l where l.conversation_id = c.id and (l.ended_at is null or l.callback_wanted_at is not null)))
order by c.id
""")  # noqa: S608 - every part is ours

_AGENTS = """
select u.id, u.teams, u.state, u.disabled_at is null as enabled, u.capacity, u.limits,
       coalesce(u.idle_since, u.state_at, u.created_at) as idle_since,
       (select jsonb_agg(jsonb_build_array(s.kind, s.name, s.level))
        from agent_skill s where s.user_id = u.id) as abilities
from app_user u
where {condition}
order by u.id {lock}
"""
_AVAILABLE = text(_AGENTS.format(condition="u.state = 'available' and u.disabled_at is null", lock=""))
_NAMED = text(_AGENTS.format(condition="u.id = any(:ids)", lock=""))
_LOCKED = text(_AGENTS.format(condition="u.id = any(:ids)", lock="for no key update of u"))

_HOLDING = text(f"""
select c.agent_id, {_CHANNEL} as channel, count(*) as number
from conversation c join inbox i on i.id = c.inbox_id
where c.agent_id = any(:ids) and c.state in ('offered', 'assigned', 'wrap_up')
group by 1, 2
""")  # noqa: S608 - every part is ours


async def read_waiting(
    session: AsyncSession, now: datetime, rules: Rules, ids: Sequence[int] | None = None, *, calls: bool = False
) -> list[Waiting]:
    """Everybody in line, or who of `ids` still is; who is on the telephone only with `calls`: agents are rung there."""
    bound = {"known_since": now - KNOWN_FOR, "ids": None if ids is None else list(ids), "calls": calls}
    rows = (await session.execute(_WAITING, bound)).mappings()
    return [_waiting(row, now, rules) for row in rows]


def _waiting(row: RowMapping, now: datetime, rules: Rules) -> Waiting:
    queue = rules.queues.get(row["queue_key"])
    since = row["since"].timestamp()
    need = rules.need(
        row["queue_key"], load_of(row["channel"]), row["intent"], row["language"], urgent=bool(row["urgent"])
    )
    return Waiting(
        row["id"], need, row["route_by"].timestamp(), since, row["last_agent"],
        prefer_until=since + queue.last_agent_s if queue is not None else 0.0,
        not_before=_not_before(row, now, rules),
        passed_by=frozenset(row["passed_by"]),
    )  # fmt: skip


def _not_before(row: RowMapping, now: datetime, rules: Rules) -> float:
    """A callback waits for its time; where the queue holds who comes after hours, they wait for the opening."""
    queue, hours = rules.queues.get(row["queue_key"]), rules.hours(row["queue_key"])
    is_held = queue is not None and queue.after_hours is AfterHours.HOLD and not hours.is_open(now)
    moments = (row["callback_at"], hours.next_opening(now) if is_held else None)
    return max((at.timestamp() for at in moments if at is not None), default=0.0)


async def read_available(session: AsyncSession, rules: Rules) -> list[Candidate]:
    return await _candidates(session, rules, list((await session.execute(_AVAILABLE)).mappings()))


async def read_agents(
    session: AsyncSession, rules: Rules, ids: Collection[int], *, lock: bool = False
) -> list[Candidate]:
    """These agents, whatever their state; with `lock` nothing is offered to them by others until the commit."""
    statement = _LOCKED if lock else _NAMED
    return await _candidates(session, rules, list((await session.execute(statement, {"ids": list(ids)})).mappings()))


async def _candidates(session: AsyncSession, rules: Rules, rows: Sequence[RowMapping]) -> list[Candidate]:
    held: dict[int, Holding] = {}
    if rows:
        for agent_id, channel, number in await session.execute(_HOLDING, {"ids": [row["id"] for row in rows]}):
            held[agent_id] = held.get(agent_id, Holding()).plus(load_of(channel), number)
    spoken = frozenset(language for queue in rules.queues.values() for language in queue.languages)
    return [_candidate(row, held.get(row["id"], Holding()), spoken) for row in rows]


def _candidate(row: RowMapping, holding: Holding, spoken: frozenset[str]) -> Candidate:
    """Who has no languages noted speaks all that the queues serve."""
    abilities = row["abilities"] or []
    languages = frozenset(name for kind, name, _ in abilities if kind == AbilityKind.LANGUAGE)
    skills = frozenset((name, level) for kind, name, level in abilities if kind == AbilityKind.SKILL)
    return Candidate(
        row["id"], frozenset(row["teams"]), languages or spoken, skills,
        present=row["enabled"] and row["state"] == "available", capacity=_capacity(row["capacity"], row["limits"]),
        holding=holding, idle_since=row["idle_since"].timestamp(),
    )  # fmt: skip


def _capacity(slots: int, limits: JsonObject) -> Capacity:
    calls, chats, mails = (limits.get(kind) for kind in ("call", "chat", "mail"))
    return Capacity(
        slots, calls if isinstance(calls, int) else 1, chats if isinstance(chats, int) else None,
        mails if isinstance(mails, int) else None,
    )  # fmt: skip
