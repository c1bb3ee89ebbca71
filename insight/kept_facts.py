"""Facts kept in tables, so that a report need not make them of the events each time; the leader keeps them up.

What was written since then is the tail: those few conversations are made of their events when a report is read. So
the figures are the same with and without these tables, whatever moment they were last brought up to.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from insight import facts_sql, story_sql
from insight.extract_sql import touched

LEADER_KEY = 7_316_016
BATCH = 2_000  # conversations of one transaction
LONGEST_TAIL = 5_000  # conversations; with more, reading the events is as quick

# the events of some conversations, and when their people came into a line after the bot had said goodbye
TOLD = """
with told as (
    select e.id, e.at as happened_at, e.conversation_id, e.contact_id, e.kind, e.data from event e
    where e.conversation_id = any(:ids) and e.at <= :as_of and e.kind = any(:kinds)
), known as (
    select c.id as conversation_id, c.language, c.intent, i.channel
    from (select id, inbox_id, language, intent from conversation where id = any(:ids)) c
    left join inbox i on i.id = c.inbox_id
), goodbye as (
    select happened_at from told
    where kind = 'closed' and conversation_id <> all(array(select conversation_id from told where kind = 'queued'))
), entered as (
    select contact_id, at as queued_at from event
    where kind = 'queued' and at <= :as_of and contact_id = any(array(select contact_id from told))
      and at >= (select min(happened_at) from goodbye)
      and at <= (select max(happened_at) + interval '24 hours' from goodbye)
)
"""
_HISTORY = TOLD + story_sql.STORY + story_sql.ABOUT
_ABOUT = "conversation_id, queue, channel, language, intent, agent"
_STATE = text("select since, horizon, done, newest_at from report_state where one = 1")
_HORIZON = text("select cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint)")
_LEAD = text("select pg_try_advisory_xact_lock(:key)")
_NEWEST = text("select max(at) from event where conversation_id = any(:ids) and kind = any(:kinds)")
_NOTE = text("""
insert into report_state (one, since, horizon, done, newest_at) values (1, :since, :horizon, :done, :newest_at)
on conflict (one) do update set since = excluded.since, horizon = excluded.horizon, done = excluded.done,
                                newest_at = greatest(report_state.newest_at, excluded.newest_at)
""")


@dataclass(frozen=True, slots=True)
class Kept:
    """A table of facts: the part of the SQL that makes them, what it calls them, their moment and other columns."""

    table: str
    made_by: str
    name: str
    at: str
    columns: str

    @property
    def all_columns(self) -> str:
        return f"{_ABOUT}, {self.at}, {self.columns}"

    def insertion(self) -> str:
        columns = self.all_columns
        return f"{_HISTORY}{self.made_by} insert into {self.table} ({columns}) select {columns} from {self.name}"

    def with_tail(self) -> str:
        """A `with` clause that ends with the facts of the period: the kept ones, and the tail's made anew."""
        return self._with_tail(f"{self.at} >= :since and {self.at} < :until")

    def with_tail_of_all(self) -> str:
        """The same with the facts of any time."""
        return self._with_tail("true")

    def _with_tail(self, condition: str) -> str:
        fresh = self.made_by.replace(f"), {self.name} as (", f"), fresh_{self.name} as (")
        return f"""{_HISTORY}{fresh}, {self.name} as (
            select {self.all_columns} from {self.table} where {condition} and conversation_id <> all(:ids)
            union all select {self.all_columns} from fresh_{self.name}
        )"""


SEGMENTS = Kept(
    "report_segment", story_sql.SEGMENTS, "segment", "queued_at",
    "answered_at, left_at, ended_at, ended_how, callback_at, offers, declines, p50_s, p80_s",
)  # fmt: skip
RUNS = Kept("report_run", story_sql.RUNS, "run", "began_at", "is_first, replied_at, over_at")
CONVERSATIONS = Kept(
    "report_conversation", story_sql.CONVERSATIONS, "conversation_fact", "opened_at",
    "first_solved_at, last_solved_at, closed_at, reopens, is_open, is_human, has_bot, is_surveyed, score, back_at",
)  # fmt: skip
KEPT = (SEGMENTS, RUNS, CONVERSATIONS)
ENGINE = facts_sql.Engine(
    (
        (SEGMENTS.with_tail() + facts_sql.SEGMENT_FACTS, facts_sql.SEGMENT_FAMILY),
        (RUNS.with_tail() + facts_sql.OPEN_RUN_FACTS, facts_sql.OPEN_RUN_FAMILY),
        (CONVERSATIONS.with_tail() + facts_sql.CONVERSATION_FACTS, facts_sql.CONVERSATION_FAMILY),
    ),
    facts_sql.SLOT,
)

REASONS = f"""{CONVERSATIONS.with_tail_of_all()}
select coalesce(e.data->>'reason', '') as reason, count(*) as n
from event e left join conversation_fact d on d.conversation_id = e.conversation_id
where e.kind = 'handoff_requested' and e.at >= :since and e.at < :until and {facts_sql.NARROWED}
group by 1 order by 2 desc, 1
"""


async def keep_up(session: AsyncSession, now: datetime, batch: int = BATCH) -> bool:
    """Bring the tables up to date, at most so many conversations; whether there is nothing left. One does it at a time.

    As in `extract.py`: the horizon is noted before anything is read, and what it may have missed is read again.
    """
    if not await session.scalar(_LEAD, {"key": LEADER_KEY}):
        return True
    state = (await session.execute(_STATE)).one_or_none()
    since, done = (state.since, state.done) if state else (None, 0)
    horizon = state.horizon if state and state.horizon is not None else await session.scalar(_HORIZON)
    ids = list(await session.scalars(text(_next(since, done, batch))))
    newest_at = await _remake(session, now, ids) if ids else None
    is_done = len(ids) < batch
    told = (
        {"since": horizon, "horizon": None, "done": 0}
        if is_done
        else {"since": since, "horizon": horizon, "done": ids[-1]}
    )
    await session.execute(_NOTE, {**told, "newest_at": newest_at})
    return is_done


def _next(since: int | None, done: int, batch: int) -> str:
    """The first reading walks along the index, which needs not find all of them each time."""
    if since is None:
        return (
            "select distinct conversation_id as id from event "
            f"where conversation_id > {done} order by conversation_id limit {batch}"
        )
    return f"select id from ({touched(since)}) t where id > {done} order by id limit {batch}"


async def _remake(session: AsyncSession, now: datetime, ids: list[int]) -> datetime | None:
    asked = {"ids": ids, "as_of": now, "kinds": list(story_sql.KINDS)}
    await session.execute(text(facts_sql.PLAN))
    for kept in KEPT:
        await session.execute(text(f"delete from {kept.table} where conversation_id = any(:ids)"), {"ids": ids})
        await session.execute(text(kept.insertion()), asked)
    newest: datetime | None = await session.scalar(_NEWEST, {"ids": ids, "kinds": list(story_sql.KINDS)})
    return newest


async def tail(session: AsyncSession, as_of: datetime) -> list[int] | None:
    """The conversations whose kept facts are out of date; None while the tables cannot answer for that moment."""
    state = (await session.execute(_STATE)).one_or_none()
    if state is None or state.since is None or (state.newest_at is not None and as_of < state.newest_at):
        return None
    ids = list(await session.scalars(text(f"select id from ({touched(state.since)}) t limit {LONGEST_TAIL + 1}")))
    return ids if len(ids) <= LONGEST_TAIL else None
