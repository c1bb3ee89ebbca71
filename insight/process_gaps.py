"""Where the bot's flows fail, by intent: handed over and why, not understood, the same person back again."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.step_findings import Gap
from insight.facts_sql import HISTORY, NARROWED

# `unsure`: at least one message the model gave to a person, or the dialogue did
GAPS = f"""{HISTORY}, talk as (
    select conversation_id, min(contact_id) as contact_id,
           min(happened_at) filter (where kind = 'conversation_opened') as opened_at,
           max(happened_at) filter (where kind = 'closed') as closed_at,
           bool_or(kind in ('intent_recognised', 'bot_replied')) as has_bot,
           bool_or(kind = 'intent_recognised' and data->>'zone' = 'handoff'
                   or kind = 'handoff_requested' and data->>'reason' = 'not_understood') as unsure,
           (array_agg(coalesce(data->>'reason', '') order by happened_at, id)
             filter (where kind = 'handoff_requested'))[1] as reason
    from story group by conversation_id
), failing as (
    select t.*, coalesce(d.intent, '') as intent
    from talk t join dimension d on d.conversation_id = t.conversation_id
    where {NARROWED}
), again as (
    select distinct k.conversation_id
    from failing k join failing l on l.contact_id = k.contact_id and l.intent = k.intent
    where l.conversation_id <> k.conversation_id and l.opened_at > k.closed_at
      and l.opened_at <= k.closed_at + interval '7 days' and k.intent <> ''
)
select k.intent, k.reason, count(*) as conversations, count(*) filter (where k.unsure) as not_understood,
       count(a.conversation_id) as came_again
from failing k left join again a on a.conversation_id = k.conversation_id
where k.has_bot and k.opened_at >= :since and k.opened_at < :until
group by 1, 2
"""  # noqa: S608 - every part is a constant of ours


async def read_gaps(session: AsyncSession, asked: Mapping[str, object]) -> tuple[Gap, ...]:
    """Of the conversations that `asked_of` of the reports describes; what fails most often first."""
    rows = (await session.execute(text(GAPS), dict(asked))).all()
    intents: defaultdict[str, list[tuple[str | None, int, int, int]]] = defaultdict(list)
    for intent, *counted in rows:
        intents[intent].append(tuple(counted))
    found = [_gap(intent, counted) for intent, counted in intents.items()]
    return tuple(sorted(found, key=lambda each: (-_failures(each), each.intent)))


def _gap(intent: str, counted: list[tuple[str | None, int, int, int]]) -> Gap:
    reasons = {reason: n for reason, n, _, _ in counted if reason is not None}
    return Gap(
        intent, sum(n for _, n, _, _ in counted), sum(reasons.values()), sum(unsure for _, _, unsure, _ in counted),
        sum(again for _, _, _, again in counted), dict(sorted(reasons.items(), key=lambda each: -each[1])),
    )  # fmt: skip


def _failures(gap: Gap) -> int:
    return gap.handed_over + gap.not_understood + gap.came_again
