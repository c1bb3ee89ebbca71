"""What is counted of the facts of `story_sql.py`, and those facts read from the event table of PostgreSQL.

`:since` and `:until` bound what is counted; what became of it is looked at until `:as_of`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.reporting import Dimension
from insight import open_hours, story_sql


@dataclass(frozen=True, slots=True)
class Family:
    """What is counted of one kind of fact: names to conditions, to what is summed, and to durations with theirs."""

    counts: Mapping[str, str]
    sums: Mapping[str, str]
    spreads: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Engine:
    """Where facts come from: a `with` clause that ends with `fact` for each family, and what a chart's slot is."""

    families: tuple[tuple[str, Family], ...]
    slot: str


# The planner takes a common table expression for a few rows and would compare each with each; with this it hashes.
# What is read from tables is found by lists of ids, which need no join.
PLAN = """
select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true), set_config('work_mem', '64MB', true)
"""

# Every conversation in which anything was told in the period, with all that was ever told of it.
TOLD = """
with touched as (
    select distinct conversation_id from event
    where at >= :since and at < :until and conversation_id is not null and kind = any(:kinds)
), told as (
    select e.id, e.at as happened_at, e.conversation_id, e.contact_id, e.kind, e.data from event e
    where e.conversation_id = any(array(select conversation_id from touched))
      and e.at <= :as_of and e.kind = any(:kinds)
), known as (
    select c.id as conversation_id, c.language, c.intent, i.channel
    from (select id, inbox_id, language, intent from conversation
          where id = any(array(select conversation_id from touched))) c
    left join inbox i on i.id = c.inbox_id
), entered as (
    select contact_id, at as queued_at from event where kind = 'queued' and at >= :since and at <= :as_of
)
"""
HISTORY = TOLD + story_sql.STORY + story_sql.ABOUT

SEGMENT_FACTS = """, fact as (
    select queue, channel, language, intent, agent, queued_at as began_at,
           answered_at, left_at, ended_at, ended_how, callback_at, offers, declines, p50_s, p80_s,
           extract(epoch from answered_at - queued_at) as wait_s,
           extract(epoch from left_at - queued_at) as left_s,
           extract(epoch from callback_at - queued_at) as callback_s,
           extract(epoch from :as_of - queued_at) as open_s,
           extract(epoch from coalesce(answered_at, left_at, ended_at, :as_of) - queued_at) as passed_s,
           extract(epoch from ended_at - answered_at) as handle_s,
           answered_at is not null and callback_at is null as is_answered,
           answered_at is null and callback_at is null as is_unanswered
    from segment where queued_at >= :since and queued_at < :until
)"""
SEGMENT_COUNTS = {
    "offered": "true",
    "answered": "is_answered",
    "abandoned": "left_at is not null",
    "callbacks": "callback_at is not null",
    "elsewhere": "is_unanswered and left_at is null and ended_at is not null",
    "waiting": "is_unanswered and left_at is null and ended_at is null",
    "waiting_late": "is_unanswered and left_at is null and ended_at is null and open_s > :within_s",
    "soon": "is_answered and wait_s <= :within_s",
    "short": "left_s < 5",
    "gone_soon": "left_s <= :within_s",
    "callback_soon": "callback_s <= :within_s",
    "taken": "answered_at is not null",
    "transferred": "answered_at is not null and ended_how = 'transferred'",
    "kept": "is_answered and wait_s <= p80_s",
    "promised": "p80_s is not null and callback_at is null and (answered_at is not null or passed_s > p80_s)",
}
SEGMENT_SUMS = {"offers": "offers", "declines": "declines"}
SEGMENT_SPREADS = {
    "wait": ("wait_s", "is_answered"),
    "handle": ("handle_s", "handle_s is not null"),
    "error": ("abs(wait_s - p50_s)", "is_answered and p50_s is not null"),
}

RUN_FACTS = """, fact as (
    select queue, channel, language, intent, agent, began_at, is_first, replied_at,
           replied_at is null and over_at is not null as is_over,
           extract(epoch from replied_at - began_at) as reply_s
    from run where began_at >= :since and began_at < :until
)"""
RUN_COUNTS = {
    "first_pending": "is_first and replied_at is null and not is_over",
    "first_never": "is_first and is_over",
    "next_pending": "not is_first and replied_at is null and not is_over",
    "next_never": "not is_first and is_over",
}
RUN_SPREADS = {
    "first": ("reply_s", "is_first and replied_at is not null"),
    "next": ("reply_s", "not is_first and replied_at is not null"),
}
# beside calendar time, where the opening hours of the queues are a parameter
OPEN_RUN_FACTS = RUN_FACTS.replace(", fact as", ", reply as") + open_hours.IN_OPEN_HOURS
OPEN_RUN_SPREADS = {
    **RUN_SPREADS,
    "first_open": ("open_s", "is_first and replied_at is not null"),
    "next_open": ("open_s", "not is_first and replied_at is not null"),
}

CONVERSATION_FACTS = """, fact as (
    select queue, channel, language, intent, agent, opened_at as began_at,
           is_human, is_open, reopens, has_bot, closed_at, first_solved_at, last_solved_at, score, is_surveyed,
           has_bot and not is_human as is_alone,
           back_at is not null as came_back,
           extract(epoch from first_solved_at - opened_at) as first_s,
           extract(epoch from last_solved_at - opened_at) as last_s
    from conversation_fact where opened_at >= :since and opened_at < :until
)"""
CONVERSATION_COUNTS = {
    "human": "is_human",
    "human_open": "is_human and is_open and first_solved_at is null",
    "bot": "has_bot",
    "lenient": "is_alone",
    "strict": "is_alone and closed_at is not null and not came_back",
    "provisional": "is_alone and closed_at is not null and not came_back and closed_at + interval '24 hours' > :as_of",
    "surveyed": "is_surveyed",
    "rated": "is_surveyed and score is not null",
    "satisfied": "is_surveyed and score >= 4",
}
CONVERSATION_SUMS = {"reopens": "case when is_human then reopens else 0 end"}
CONVERSATION_SPREADS = {
    "solved_first": ("first_s", "is_human and first_s is not null"),
    "solved_last": ("last_s", "is_human and last_s is not null"),
}

SLOT = (
    "cast(extract(epoch from date_bin(cast(:slot as interval), began_at at time zone cast(:zone as text),"
    " timestamp '2000-01-01')) as bigint)"
)
GROUPED = (*(dimension.value for dimension in Dimension), "slot")
NARROWED = " and ".join(
    f"(cast(:{dimension} as text) is null or {dimension} = :{dimension})" for dimension in Dimension
) + " and (cast(:queues as text[]) is null or queue = any(:queues))"  # fmt: skip

REASONS = f"""{HISTORY}
select coalesce(s.data->>'reason', '') as reason, count(*) as n
from story s join dimension d on d.conversation_id = s.conversation_id
where s.kind = 'handoff_requested' and s.happened_at >= :since and s.happened_at < :until and {NARROWED}
group by 1 order by 2 desc, 1
"""  # noqa: S608 - every part is a constant of ours


SEGMENT_FAMILY = Family(SEGMENT_COUNTS, SEGMENT_SUMS, SEGMENT_SPREADS)
RUN_FAMILY = Family(RUN_COUNTS, {}, RUN_SPREADS)
OPEN_RUN_FAMILY = Family(RUN_COUNTS, {}, OPEN_RUN_SPREADS)
CONVERSATION_FAMILY = Family(CONVERSATION_COUNTS, CONVERSATION_SUMS, CONVERSATION_SPREADS)
POSTGRES = Engine(
    (
        (HISTORY + story_sql.SEGMENTS + SEGMENT_FACTS, SEGMENT_FAMILY),
        (HISTORY + story_sql.RUNS + OPEN_RUN_FACTS, OPEN_RUN_FAMILY),
        (HISTORY + story_sql.CONVERSATIONS + CONVERSATION_FACTS, CONVERSATION_FAMILY),
    ),
    SLOT,
)


def whole(facts: str, family: Family) -> str:
    """One row: everything that the filters leave."""
    return f"{facts} select {columns_of(family)} from fact where {NARROWED}"  # noqa: S608 - every part is ours


def broken_down(facts: str, family: Family, slot: str) -> str:
    """The same row, and one for each value of each dimension and for each slot: `grouped` says which."""
    names = ", ".join(GROUPED)
    sets = ", ".join(f"({name})" for name in GROUPED)
    return (
        f"{facts} select grouping({names}) as grouped, {names}, {columns_of(family)} "  # noqa: S608 - every part is ours
        f"from (select fact.*, {slot} as slot from fact where {NARROWED}) as fact group by grouping sets ((), {sets})"
    )


def columns_of(family: Family) -> str:
    parts = [f"count(*) filter (where {condition}) as {name}" for name, condition in family.counts.items()]
    parts += [f"coalesce(sum({what}), 0) as {name}" for name, what in family.sums.items()]
    for name, (what, condition) in family.spreads.items():
        of = f"filter (where {condition})"
        parts += [
            f"count(*) {of} as {name}_n",
            f"sum({what}) {of} as {name}_total",
            f"sum(({what}) * ({what})) {of} as {name}_squares",
            f"percentile_cont(array[0.5, 0.9, 0.95]) within group (order by {what}) {of} as {name}_quantiles",
        ]
    return ", ".join(parts)
