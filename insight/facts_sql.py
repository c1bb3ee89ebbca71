"""The facts of `facts.py`, made by PostgreSQL from the event table: one statement for each kind of fact.

`:since` and `:until` bound what is counted; what became of it is looked at until `:as_of`.
"""

from collections.abc import Mapping

from crm_core.reporting import Dimension

# The planner takes a common table expression for a few rows and would compare each with each; with this it hashes.
# What is read from tables is found by lists of ids, which need no join.
PLAN = """
select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true), set_config('work_mem', '64MB', true)
"""

# Every conversation in which anything was told in the period, with all that was ever told of it.
STORY = """
with touched as (
    select distinct conversation_id from event
    where at >= :since and at < :until and conversation_id is not null and kind = any(:kinds)
), story as (
    select e.id, e.at, e.conversation_id, e.contact_id, e.kind, e.data,
           count(*) filter (where e.kind = 'queued') over said as number
    from event e
    where e.conversation_id = any(array(select conversation_id from touched))
      and e.at <= :as_of and e.kind = any(:kinds)
    window said as (partition by e.conversation_id order by e.at, e.id)
), about as (
    select conversation_id,
           (array_agg(data->>'queue' order by at desc, id desc)
              filter (where kind = 'queued' and data->>'queue' is not null))[1] as queue,
           (array_agg(data->>'channel' order by at desc, id desc)
              filter (where kind = 'conversation_opened' and data->>'channel' is not null))[1] as channel,
           (array_agg(data->>'language' order by at desc, id desc)
              filter (where kind in ('intent_recognised', 'queued') and data->>'language' is not null))[1] as language,
           (array_agg(data->>'intent' order by at desc, id desc)
              filter (where kind in ('intent_recognised', 'handoff_requested') and data->>'intent' is not null))[1]
              as intent,
           (array_agg(data->>'agent_id' order by at desc, id desc)
              filter (where kind = 'assigned' and data->>'agent_id' is not null))[1] as agent
    from story group by conversation_id
), dimension as (
    select a.conversation_id, a.queue, coalesce(a.channel, i.channel) as channel,
           coalesce(a.language, c.language) as language, coalesce(a.intent, c.intent) as intent, a.agent
    from about a
    left join (select id, inbox_id, language, intent from conversation
               where id = any(array(select conversation_id from touched))) c on c.id = a.conversation_id
    left join inbox i on i.id = c.inbox_id
)
"""
KINDS = (
    "conversation_opened", "message_received", "intent_recognised", "bot_replied", "handoff_requested", "queued",
    "wait_estimated", "offered", "declined", "assigned", "agent_replied", "transferred", "closed", "reopened",
    "abandoned", "callback_requested", "snoozed", "resumed", "survey_sent", "survey_answered",
)  # fmt: skip

SEGMENTS = """, part as (
    select conversation_id,
           min(at) filter (where kind = 'queued') as queued_at,
           (array_agg(data->>'queue' order by at, id) filter (where kind = 'queued'))[1] as queue,
           min(at) filter (where kind = 'assigned') as answered_at,
           (array_agg(data->>'agent_id' order by at, id) filter (where kind = 'assigned'))[1] as agent,
           min(at) filter (where kind = 'abandoned') as left_at,
           min(at) filter (where kind in ('closed', 'transferred')) as ended_at,
           (array_agg(kind order by at, id) filter (where kind in ('closed', 'transferred')))[1] as ended_how,
           min(at) filter (where kind = 'callback_requested') as callback_at,
           count(*) filter (where kind = 'offered') as offers,
           count(*) filter (where kind = 'declined') as declines,
           (array_agg(data->'p50_s' order by at, id) filter (where kind = 'wait_estimated'))[1] as p50,
           (array_agg(data->'p80_s' order by at, id) filter (where kind = 'wait_estimated'))[1] as p80
    from story where number > 0 group by conversation_id, number
), fact as (
    select p.queue, d.channel, d.language, d.intent, p.agent, p.queued_at as began_at,
           p.answered_at, p.left_at, p.ended_at, p.ended_how, p.callback_at, p.offers, p.declines,
           extract(epoch from p.answered_at - p.queued_at) as wait_s,
           extract(epoch from p.left_at - p.queued_at) as left_s,
           extract(epoch from p.callback_at - p.queued_at) as callback_s,
           extract(epoch from :as_of - p.queued_at) as open_s,
           extract(epoch from coalesce(p.answered_at, p.left_at, p.ended_at, :as_of) - p.queued_at) as passed_s,
           extract(epoch from p.ended_at - p.answered_at) as handle_s,
           cast(p.p50 as numeric) as p50_s, cast(p.p80 as numeric) as p80_s,
           p.answered_at is not null and p.callback_at is null as is_answered,
           p.answered_at is null and p.callback_at is null as is_unanswered
    from part p join dimension d on d.conversation_id = p.conversation_id
    where p.queued_at >= :since and p.queued_at < :until
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

# Open seconds of a queue until a moment: `edges` alternate between opening and closing, `opened` is the sum until each.
OPEN_UNTIL = """
    (coalesce(h.opened[width_bucket(extract(epoch from {at}), h.edges)], 0)
     + case when width_bucket(extract(epoch from {at}), h.edges) % 2 = 1
            then extract(epoch from {at}) - h.edges[width_bucket(extract(epoch from {at}), h.edges)] else 0 end)
"""
RUNS = f""", hours as (
    select key as queue,
           array(select cast(edge as numeric) from jsonb_array_elements_text(value->'edges') edge) as edges,
           array(select cast(open_s as numeric) from jsonb_array_elements_text(value->'opened') open_s) as opened
    from jsonb_each(cast(:hours as jsonb))
), ahead as (
    select conversation_id, at, id, kind, number,
           min(at) filter (where kind = 'agent_replied') over later as replied_at,
           min(at) filter (where kind in ('closed', 'abandoned')) over later as over_at
    from story where number > 0
    window later as (partition by conversation_id order by at desc, id desc
                     rows between unbounded preceding and 1 preceding)
), talk as (
    select conversation_id, at, kind, replied_at, over_at,
           lag(kind) over (partition by conversation_id order by at, id) as before
    from ahead where kind in ('message_received', 'agent_replied')
), start as (
    select conversation_id, at, replied_at, over_at, false as is_first from talk
    where kind = 'message_received' and before = 'agent_replied'
    union all
    select conversation_id, at, replied_at, over_at, true from ahead where kind = 'queued' and number = 1
), fact as (
    select d.queue, d.channel, d.language, d.intent, d.agent, s.at as began_at, s.is_first, s.replied_at,
           s.replied_at is null and s.over_at is not null as is_over,
           extract(epoch from s.replied_at - s.at) as reply_s,
           case when h.queue is null then extract(epoch from s.replied_at - s.at)
                else {OPEN_UNTIL.format(at="s.replied_at")} - {OPEN_UNTIL.format(at="s.at")} end as open_s
    from start s join dimension d on d.conversation_id = s.conversation_id
    left join hours h on h.queue = d.queue
    where s.at >= :since and s.at < :until
)"""  # noqa: S608 - every part is a constant of ours
RUN_COUNTS = {
    "first_pending": "is_first and replied_at is null and not is_over",
    "first_never": "is_first and is_over",
    "next_pending": "not is_first and replied_at is null and not is_over",
    "next_never": "not is_first and is_over",
}
RUN_SPREADS = {
    "first": ("reply_s", "is_first and replied_at is not null"),
    "next": ("reply_s", "not is_first and replied_at is not null"),
    "first_open": ("open_s", "is_first and replied_at is not null"),
    "next_open": ("open_s", "not is_first and replied_at is not null"),
}

CONVERSATIONS = """, whole as (
    select conversation_id,
           min(contact_id) as contact_id,
           min(at) filter (where kind = 'conversation_opened') as opened_at,
           min(at) filter (where kind = 'closed' and coalesce(data->>'disposition', '') not in ('spam', 'no_answer'))
             as first_solved_at,
           max(at) filter (where kind = 'closed' and coalesce(data->>'disposition', '') not in ('spam', 'no_answer'))
             as last_solved_at,
           max(at) filter (where kind = 'closed') as closed_at,
           count(*) filter (where kind = 'reopened') as reopens,
           coalesce((array_agg(kind order by at desc, id desc)
             filter (where kind in ('closed', 'abandoned', 'reopened', 'queued')))[1], 'opened')
             not in ('closed', 'abandoned') as is_open,
           bool_or(kind in ('queued', 'assigned')) as is_human,
           bool_or(kind in ('intent_recognised', 'bot_replied')) as has_bot,
           bool_or(kind = 'survey_sent') as is_surveyed,
           cast((array_agg(data->>'score' order by at desc, id desc)
             filter (where kind = 'survey_answered'))[1] as integer) as score
    from story group by conversation_id
), back as (
    select distinct w.conversation_id from whole w join event e on e.contact_id = w.contact_id
    where e.kind = 'queued' and e.at >= :since and e.at <= :as_of
      and e.at >= w.closed_at and e.at <= w.closed_at + interval '24 hours'
), fact as (
    select d.queue, d.channel, d.language, d.intent, d.agent, w.opened_at as began_at,
           w.is_human, w.is_open, w.reopens, w.has_bot, w.closed_at, w.first_solved_at, w.last_solved_at, w.score,
           w.is_surveyed, w.has_bot and not w.is_human as is_alone,
           b.conversation_id is not null as came_back,
           extract(epoch from w.first_solved_at - w.opened_at) as first_s,
           extract(epoch from w.last_solved_at - w.opened_at) as last_s
    from whole w join dimension d on d.conversation_id = w.conversation_id
    left join back b on b.conversation_id = w.conversation_id
    where w.opened_at >= :since and w.opened_at < :until
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

REASONS = f"""{STORY}
select coalesce(s.data->>'reason', '') as reason, count(*) as n
from story s join dimension d on d.conversation_id = s.conversation_id
where s.kind = 'handoff_requested' and s.at >= :since and s.at < :until and {NARROWED}
group by 1 order by 2 desc, 1
"""  # noqa: S608 - every part is a constant of ours


def whole(facts: str, columns: str) -> str:
    """One row: everything that the filters leave."""
    return f"{STORY}{facts} select {columns} from fact where {NARROWED}"  # noqa: S608 - every part is ours


def broken_down(facts: str, columns: str) -> str:
    """The same row, and one for each value of each dimension and for each slot: `grouped` says which."""
    names = ", ".join(GROUPED)
    sets = ", ".join(f"({name})" for name in GROUPED)
    return (
        f"{STORY}{facts} select grouping({names}) as grouped, {names}, {columns} "  # noqa: S608 - every part is ours
        f"from (select fact.*, {SLOT} as slot from fact where {NARROWED}) as fact group by grouping sets ((), {sets})"
    )


def columns_of(counts: Mapping[str, str], sums: Mapping[str, str], spreads: Mapping[str, tuple[str, str]]) -> str:
    parts = [f"count(*) filter (where {condition}) as {name}" for name, condition in counts.items()]
    parts += [f"coalesce(sum({what}), 0) as {name}" for name, what in sums.items()]
    for name, (what, condition) in spreads.items():
        of = f"filter (where {condition})"
        parts += [
            f"count(*) {of} as {name}_n",
            f"sum({what}) {of} as {name}_total",
            f"sum(({what}) * ({what})) {of} as {name}_squares",
            f"percentile_cont(array[0.5, 0.9, 0.95]) within group (order by {what}) {of} as {name}_quantiles",
        ]
    return ", ".join(parts)
