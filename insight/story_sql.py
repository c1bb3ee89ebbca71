"""Events made into facts, in SQL that PostgreSQL and DuckDB both run: the one definition behind reports and warehouse.

Each statement is part of a `with` clause. Before it stand `told` (the events of whole conversations), `known` (what the
conversation's row says) and `entered` (when each contact came into a line). The same rules in Python: `facts.py`.
"""

KINDS = (
    "conversation_opened", "message_received", "intent_recognised", "bot_replied", "handoff_requested", "queued",
    "wait_estimated", "offered", "declined", "assigned", "agent_replied", "transferred", "closed", "reopened",
    "abandoned", "callback_requested", "snoozed", "resumed", "survey_sent", "survey_answered",
)  # fmt: skip

STORY = """, story as (
    select t.*, count(*) filter (where t.kind = 'queued') over said as number
    from told t window said as (partition by t.conversation_id order by t.happened_at, t.id)
)
"""

ABOUT = """, about as (
    select conversation_id,
           (array_agg(data->>'queue' order by happened_at desc, id desc)
              filter (where kind = 'queued' and data->>'queue' is not null))[1] as queue,
           (array_agg(data->>'channel' order by happened_at desc, id desc)
              filter (where kind = 'conversation_opened' and data->>'channel' is not null))[1] as channel,
           (array_agg(data->>'language' order by happened_at desc, id desc)
              filter (where kind in ('intent_recognised', 'queued') and data->>'language' is not null))[1] as language,
           (array_agg(data->>'intent' order by happened_at desc, id desc)
              filter (where kind in ('intent_recognised', 'handoff_requested') and data->>'intent' is not null))[1]
              as intent,
           (array_agg(data->>'agent_id' order by happened_at desc, id desc)
              filter (where kind = 'assigned' and data->>'agent_id' is not null))[1] as agent
    from story group by conversation_id
), dimension as (
    select a.conversation_id, a.queue, coalesce(a.channel, k.channel) as channel,
           coalesce(a.language, k.language) as language, coalesce(a.intent, k.intent) as intent, a.agent
    from about a left join known k on k.conversation_id = a.conversation_id
)
"""

SEGMENTS = """, part as (
    select conversation_id, number, min(contact_id) as contact_id,
           min(happened_at) filter (where kind = 'queued') as queued_at,
           (array_agg(data->>'queue' order by happened_at, id) filter (where kind = 'queued'))[1] as queue,
           min(happened_at) filter (where kind = 'assigned') as answered_at,
           (array_agg(data->>'agent_id' order by happened_at, id) filter (where kind = 'assigned'))[1] as agent,
           min(happened_at) filter (where kind = 'abandoned') as left_at,
           min(happened_at) filter (where kind in ('closed', 'transferred')) as ended_at,
           (array_agg(kind order by happened_at, id) filter (where kind in ('closed', 'transferred')))[1] as ended_how,
           min(happened_at) filter (where kind = 'callback_requested') as callback_at,
           count(*) filter (where kind = 'offered') as offers,
           count(*) filter (where kind = 'declined') as declines,
           (array_agg(data->>'p50_s' order by happened_at, id) filter (where kind = 'wait_estimated'))[1] as p50_s,
           (array_agg(data->>'p80_s' order by happened_at, id) filter (where kind = 'wait_estimated'))[1] as p80_s
    from story where number > 0 group by conversation_id, number
), segment as (
    select p.conversation_id, p.number, p.contact_id, p.queue, d.channel, d.language, d.intent, p.agent,
           p.queued_at, p.answered_at, p.left_at, p.ended_at, p.ended_how, p.callback_at, p.offers, p.declines,
           cast(p.p50_s as numeric(18, 6)) as p50_s, cast(p.p80_s as numeric(18, 6)) as p80_s
    from part p join dimension d on d.conversation_id = p.conversation_id
)
"""

RUNS = """, ahead as (
    select conversation_id, happened_at, id, kind, number,
           min(happened_at) filter (where kind = 'agent_replied') over later as replied_at,
           min(happened_at) filter (where kind in ('closed', 'abandoned')) over later as over_at
    from story where number > 0
    window later as (partition by conversation_id order by happened_at desc, id desc
                     rows between unbounded preceding and 1 preceding)
), talk as (
    select conversation_id, happened_at, kind, replied_at, over_at,
           lag(kind) over (partition by conversation_id order by happened_at, id) as before
    from ahead where kind in ('message_received', 'agent_replied')
), start as (
    select conversation_id, happened_at, replied_at, over_at, false as is_first from talk
    where kind = 'message_received' and before = 'agent_replied'
    union all
    select conversation_id, happened_at, replied_at, over_at, true from ahead where kind = 'queued' and number = 1
), run as (
    select s.conversation_id, d.queue, d.channel, d.language, d.intent, d.agent, s.happened_at as began_at, s.is_first,
           s.replied_at, s.over_at
    from start s join dimension d on d.conversation_id = s.conversation_id
)
"""

CONVERSATIONS = """, whole as (
    select conversation_id,
           min(contact_id) as contact_id,
           min(happened_at) filter (where kind = 'conversation_opened') as opened_at,
           min(happened_at) filter (where kind = 'closed'
             and coalesce(data->>'disposition', '') not in ('spam', 'no_answer')) as first_solved_at,
           max(happened_at) filter (where kind = 'closed'
             and coalesce(data->>'disposition', '') not in ('spam', 'no_answer')) as last_solved_at,
           max(happened_at) filter (where kind = 'closed') as closed_at,
           count(*) filter (where kind = 'reopened') as reopens,
           coalesce((array_agg(kind order by happened_at desc, id desc)
             filter (where kind in ('closed', 'abandoned', 'reopened', 'queued')))[1], 'opened')
             not in ('closed', 'abandoned') as is_open,
           bool_or(kind in ('queued', 'assigned')) as is_human,
           bool_or(kind in ('intent_recognised', 'bot_replied')) as has_bot,
           bool_or(kind = 'survey_sent') as is_surveyed,
           cast((array_agg(data->>'score' order by happened_at desc, id desc)
             filter (where kind = 'survey_answered'))[1] as integer) as score
    from story group by conversation_id
), back as (
    select w.conversation_id, min(e.queued_at) as back_at from whole w join entered e on e.contact_id = w.contact_id
    where e.queued_at >= w.closed_at and e.queued_at <= w.closed_at + interval '24 hours' group by w.conversation_id
), conversation_fact as (
    select w.conversation_id, w.contact_id, d.queue, d.channel, d.language, d.intent, d.agent, w.opened_at,
           w.first_solved_at, w.last_solved_at, w.closed_at, w.reopens, w.is_open, w.is_human, w.has_bot,
           w.is_surveyed, w.score, b.back_at
    from whole w join dimension d on d.conversation_id = w.conversation_id
    left join back b on b.conversation_id = w.conversation_id
    where w.opened_at is not null
)
"""
