"""What the extraction asks PostgreSQL, and how DuckDB makes the tables of the warehouse of the answers.

Numbers stand in the text of a statement: they are ids that we read before, and the bulk driver binds no lists.
"""

import re
from collections.abc import Mapping, Sequence

from insight import story_sql
from insight.facts import LETS_GO, TAKES

HORIZON = """
select cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint) as horizon,
       cast((select system_identifier from pg_control_system()) as text) as cluster
"""
LOCK = "select pg_try_advisory_lock(7316015) as is_ours"
KEYS = ("queue", "channel", "language", "intent", "agent_id", "disposition", "reason", "score", "p50_s", "p80_s")
_KINDS = ", ".join(f"'{kind}'" for kind in story_sql.KINDS)
# one look at the text of an event instead of one for each key
_SHAPE = "{" + ", ".join(f'"{key}": "VARCHAR"' for key in KEYS) + "}"


def new_events(since: int | None) -> str:
    """Which rows a run reads; those before the column was added have no transaction."""
    return "true" if since is None else f"transaction_id >= {since}"


def touched(since: int | None) -> str:
    """The conversations to make anew: with something new, of a person erased, and those the bot had thought solved."""
    if since is None:
        return "select distinct conversation_id as id from event where conversation_id is not null"
    return f"""
with fresh as (select conversation_id, contact_id, kind, at from event where {new_events(since)}),
lined as (select contact_id, min(at) as at from fresh where kind = 'queued' group by contact_id)
select distinct conversation_id as id from fresh where conversation_id is not null
union
select e.conversation_id from event e join lined l on l.contact_id = e.contact_id
where e.kind = 'closed' and e.at >= (select min(at) from lined) - interval '24 hours'
  and e.at >= l.at - interval '24 hours' and e.conversation_id is not null
union
select c.id from conversation c where c.contact_id in (select contact_id from fresh where kind = 'contact_erased')
"""


def among(column: str, ids: Sequence[int]) -> str:
    """The ids of a batch; where they lie close together a range, which reads a few more and saves a lookup each."""
    first, last = ids[0], ids[-1]
    if last - first < 2 * len(ids):
        return f"{column} between {first} and {last}"
    return f"{column} = any('{{{','.join(map(str, ids))}}}'::bigint[])"


def told(ids: Sequence[int]) -> str:
    return f"""
select id, at at time zone 'UTC' as happened_at, conversation_id, contact_id, kind, actor, cast(data as text) as data
from event where {among("conversation_id", ids)} and kind in ({_KINDS})
"""


def known(ids: Sequence[int]) -> str:
    return f"""
select c.id as conversation_id, c.language, c.intent, i.channel
from conversation c left join inbox i on i.id = c.inbox_id where {among("c.id", ids)}
"""


def entered(bounds: tuple[str, str]) -> str:
    """When contacts came into a line within a day of what the batch holds."""
    since, until = bounds
    return f"""
select contact_id, at at time zone 'UTC' as queued_at from event where kind = 'queued'
and at >= '{since}+00' and at <= '{until}+00'::timestamptz + interval '24 hours' and contact_id is not null
"""


def for_duckdb(statement: str) -> str:
    """Keys of `data` are columns there, and parameters are written with a dollar."""
    return re.sub(r"(?<![:\w]):(\w+)", r"$\1", re.sub(r"data->>'(\w+)'", r"\1", statement))


CLOSED_BETWEEN = """
select coalesce(cast(min(happened_at) as varchar), '2000-01-01'),
       coalesce(cast(max(happened_at) as varchar), '2000-01-01') from told where kind = 'closed'
"""
TYPED = f"""
select id, happened_at, conversation_id, contact_id, kind, actor,
       unnest(json_transform(cast(data as json), '{_SHAPE}')) from incoming
where conversation_id in (select id from batch)
"""
_ALONE = "with alone as (select 1)"
STORY = for_duckdb(f"create or replace temp table story as {_ALONE}{story_sql.STORY} select * from story")
DIMENSION = for_duckdb(f"create or replace temp table dimension as {_ALONE}{story_sql.ABOUT} select * from dimension")


def _of_story(part: str, name: str) -> str:
    return for_duckdb(f"{_ALONE}{part} select * from {name}")


_ABOUT = "d.queue, d.channel, d.language, d.intent, d.agent"
_TAKES, _HANDS = (", ".join(f"'{kind}'" for kind in sorted(kinds)) for kinds in (TAKES, TAKES | LETS_GO))
FACTS: Mapping[str, str] = {
    "fact_segment": _of_story(story_sql.SEGMENTS, "segment"),
    "fact_run": _of_story(story_sql.RUNS, "run"),
    "fact_conversation": _of_story(story_sql.CONVERSATIONS, "conversation_fact"),
    "fact_message": """
        select s.id as event_id, s.conversation_id, s.contact_id, d.channel, d.language, s.happened_at as sent_at,
               case s.kind when 'message_received' then 'contact' when 'bot_replied' then 'bot' else 'agent' end
                 as author, nullif(split_part(s.actor, ':', 2), '') as agent
        from story s join dimension d on d.conversation_id = s.conversation_id
        where s.kind in ('message_received', 'bot_replied', 'agent_replied')""",
    "fact_handoff": f"""
        select s.id as event_id, s.conversation_id, {_ABOUT}, s.happened_at as requested_at,
               coalesce(s.reason, '') as reason
        from story s join dimension d on d.conversation_id = s.conversation_id where s.kind = 'handoff_requested'""",
    "fact_survey": f"""
        select s.conversation_id, min(s.contact_id) as contact_id, {_ABOUT},
               min(s.happened_at) filter (where s.kind = 'survey_sent') as asked_at,
               max(s.happened_at) filter (where s.kind = 'survey_answered') as answered_at,
               cast(arg_max(s.score, (s.happened_at, s.id)) filter (where s.kind = 'survey_answered') as bigint)
                 as score
        from story s join dimension d on d.conversation_id = s.conversation_id
        where s.kind in ('survey_sent', 'survey_answered')
        group by all having min(s.happened_at) filter (where s.kind = 'survey_sent') is not null""",
    "fact_contact_interval": f"""
        select conversation_id, agent, started_at, ended_at from (
            select conversation_id, agent_id as agent, kind, happened_at as started_at,
                   lead(happened_at) over (partition by conversation_id order by happened_at, id) as ended_at
            from told where kind in ({_HANDS})
        ) as hand where kind in ({_TAKES}) and agent is not null""",
}  # fmt: skip
PRESENCE = """
select agent, started_at, ended_at from (
    select split_part(actor, ':', 2) as agent, data->>'state' as state, at at time zone 'UTC' as started_at,
           lead(at at time zone 'UTC') over (partition by actor order by at, id) as ended_at
    from event where kind = 'agent_state_changed'
) as moment where state = 'available'
"""
