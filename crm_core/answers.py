"""The bot's answer, written in one statement: this is the hot path, once for every turn."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.contracts import ConversationId, JsonObject
from crm_core.events import Event
from crm_core.jobs import ClaimedJob
from crm_core.outbox import Utterance
from crm_core.signals import CHANNEL


@dataclass(frozen=True, slots=True)
class Answer:
    """What one turn writes. `before` and `through`: the last inbound message answered until now, and from now on.

    `understood` maps inbound message ids to what the NLU found; `job` is finished with it.
    """

    conversation_id: ConversationId
    before: int
    through: int
    language: str
    intent: str | None
    memory: JsonObject
    utterances: Sequence[Utterance]
    events: Sequence[Event]
    understood: Mapping[int, JsonObject]
    job: ClaimedJob | None


_WRITE = text("""
with thread as (
    update conversation c
    set bot_memory = cast(:memory as jsonb), answered_through = :through, language = :language,
        intent = coalesce(cast(:intent as text), c.intent),
        last_message_at = case when :spoke then :now else c.last_message_at end
    from inbox i
    where c.id = :conversation_id and c.state = 'bot' and c.answered_through = :before and i.id = c.inbox_id
    returning c.id, c.contact_id, c.inbox_id, i.pulled
), said as (
    insert into message (conversation_id, inbox_id, direction, author, text, content, language, delivery,
                         created_at, sent_at)
    select t.id, t.inbox_id, 'out', 'bot', u.text, u.content, :language,
           case when t.pulled then 'sent' else 'pending' end, :now,
           case when t.pulled then cast(:now as timestamptz) end
    from thread t, jsonb_to_recordset(cast(:said as jsonb)) as u(position int, text text, content jsonb)
    order by u.position
    returning id
), sends as (
    insert into job (kind, conversation_id, payload, created_at, run_at)
    select 'send', t.id, jsonb_build_object('message_id', s.id), :now, :now
    from thread t, said s where not t.pulled
    returning id
), happened as (
    insert into event (at, conversation_id, contact_id, kind, actor, data)
    select :now, t.id, t.contact_id, e.kind, e.actor, e.data
    from thread t, jsonb_to_recordset(cast(:events as jsonb)) as e(position int, kind text, actor text, data jsonb)
    order by e.position
), understood as (
    update message m set nlu = u.found
    from thread t, jsonb_to_recordset(cast(:understood as jsonb)) as u(id bigint, found jsonb)
    where m.id = u.id
), done as (
    delete from job j using thread t where j.id = :job_id and j.attempts = :job_attempts
)
select t.id, pg_notify(:channel, json_build_array('conversation', t.id, '')::text),
       case when exists (select 1 from sends)
            then pg_notify(:channel, json_build_array('job', 0, 'send')::text) end
from thread t
""")


async def write_answer(session: AsyncSession, now: datetime, answer: Answer) -> bool:
    """Messages, memory, events, understanding, and the end of the job, all or nothing.

    False, and nothing written, when a person owns the conversation by now or another turn answered first: the
    update's own condition decides, under the row's lock.
    """
    said = [
        {"position": number, "text": utterance.text, "content": utterance.content()}
        for number, utterance in enumerate(answer.utterances)
    ]
    events = [
        {"position": number, "kind": event.kind.value, "actor": event.actor.name, "data": event.data}
        for number, event in enumerate(answer.events)
    ]
    understood = [{"id": message_id, "found": found} for message_id, found in answer.understood.items()]
    bound = {
        "conversation_id": answer.conversation_id, "before": answer.before, "through": answer.through,
        "language": answer.language, "intent": answer.intent, "now": now, "spoke": bool(said),
        "memory": json.dumps(answer.memory), "said": json.dumps(said), "events": json.dumps(events),
        "understood": json.dumps(understood), "channel": CHANNEL,
        "job_id": answer.job.id if answer.job else 0, "job_attempts": answer.job.attempts if answer.job else 0,
    }  # fmt: skip
    return (await session.execute(_WRITE, bound)).one_or_none() is not None
