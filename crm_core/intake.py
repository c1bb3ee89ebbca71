"""A message arrives: stored with everything it causes in one transaction, before anyone acknowledges it."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.cards import payload_without_card_numbers, without_card_numbers
from crm_core.consents import ConsentSource, Said, withdraw_consent
from crm_core.contacts import add_contact, add_identity
from crm_core.contracts import ContactId, ConversationId, Inbound, InboxId, Json, JsonObject, MessageId
from crm_core.conversations import Trigger, lock_conversation, move
from crm_core.errors import InvalidInput, Unavailable
from crm_core.events import CONTACT
from crm_core.jobs import ClaimedJob, JobKind, NewJob, enqueue
from crm_core.line import tell_wait
from crm_core.optout_words import asks_to_stop
from crm_core.plain_text import is_storable
from crm_core.reopening import REOPENABLE, came_back, may_reopen, reopen_for
from crm_core.signals import CHANNEL
from crm_core.sla_clocks import customer_wrote
from crm_core.states import ConversationState
from crm_core.threading import threaded

MOST_TEXT_CHARACTERS = 20_000
MOST_KEY_CHARACTERS = 600  # an index row holds 2,700 bytes
_WITH_A_PERSON = frozenset({ConversationState.ASSIGNED, ConversationState.WRAP_UP, ConversationState.SNOOZED})
_BACK_TO_ITS_AGENT = {ConversationState.WRAP_UP: Trigger.RESUME, ConversationState.SNOOZED: Trigger.WAKE}


@dataclass(frozen=True, slots=True)
class InlineClaim:
    """Who will run the turn at once, and for how long the job is theirs (seconds)."""

    worker: str
    lease_s: float


@dataclass(frozen=True, slots=True)
class Received:
    """What intake made of an Inbound. A duplicate has `is_new` False and its first copy's ids."""

    message_id: MessageId
    conversation_id: ConversationId
    contact_id: ContactId
    is_new: bool
    turn: ClaimedJob | None = None


async def inbox_ids(session: AsyncSession) -> dict[str, InboxId]:
    """Key to id of every active inbox."""
    rows = await session.execute(select(models.Inbox.key, models.Inbox.id).where(models.Inbox.active))
    return {key: InboxId(inbox_id) for key, inbox_id in rows}


# nothing is stored while a conversation must be opened again first
_STORE = text(f"""
with sender as materialized (
    select a.id as address_id, a.contact_id, c.language
    from address a join contact c on c.id = a.contact_id
    where a.uri = :uri and not (:may_reopen and exists ({REOPENABLE}))
), payload as (
    insert into inbound_payload (inbox_id, external_id, contact_id, raw, received_at)
    select :inbox_id, :external_id, contact_id, cast(:raw as bytea), :now from sender
    on conflict do nothing
    returning contact_id
), thread as (
    insert into conversation (contact_id, inbox_id, address_id, thread_key, subject, language,
                              opened_at, state_at, last_message_at, last_inbound_at, follows_id)
    select s.contact_id, :inbox_id, s.address_id, :thread_key, cast(:subject as text),
           coalesce(s.language, cast(:language as text)), :now, :now, :now, :now,
           (select max(c.id) from conversation c
            where c.contact_id = s.contact_id and c.inbox_id = :inbox_id and c.thread_key = :thread_key
              and c.closed_at > :now - interval '30 days' and (c.agent_id is not null or c.left_at is not null))
    from sender s join payload p on p.contact_id = s.contact_id
    on conflict (contact_id, inbox_id, thread_key) where state <> 'closed'
    do update set last_message_at = excluded.last_message_at, last_inbound_at = excluded.last_inbound_at,
                  address_id = excluded.address_id
    returning id, contact_id, state, (xmax = 0) as is_opened
), said as (
    insert into message (conversation_id, inbox_id, direction, author, text, content, external_id, language, created_at)
    select id, :inbox_id, 'in', 'contact', :text, cast(:content as jsonb), :external_id, cast(:language as text), :now
    from thread
    returning id, conversation_id
), happened as (
    insert into event (at, conversation_id, contact_id, kind, actor, data)
    select :now, id, contact_id, 'conversation_opened', 'contact',
           jsonb_build_object('channel', (select channel from inbox where id = :inbox_id))
    from thread where is_opened
    union all
    select :now, t.id, t.contact_id, 'message_received', 'contact', jsonb_build_object('message_id', s.id)
    from thread t join said s on s.conversation_id = t.id
), turn as (
    insert into job (kind, conversation_id, created_at, run_at, claimed_by, attempts)
    select 'turn', id, :now, :run_at, cast(:worker as text), :attempts from thread
    where state = 'bot' and not :is_automatic
    returning id
)
select t.id as conversation_id, t.contact_id, t.state, s.id as message_id, turn.id as turn_id,
       pg_notify(:channel, json_build_array('conversation', t.id, case t.state when 'bot' then 'in' else '' end)::text),
       case when turn.id is not null and :attempts = 0
            then pg_notify(:channel, json_build_array('job', turn.id, 'turn')::text) end
from thread t join said s on s.conversation_id = t.id left join turn on true
""")  # noqa: S608 - every part is ours


async def receive(
    session: AsyncSession,
    now: datetime,
    inbox_id: InboxId,
    inbound: Inbound,
    *,
    inline: InlineClaim | None = None,
) -> Received:
    """Store one message: raw payload, address, contact, open conversation, message, event and `turn` job.

    One statement for a sender who is known and whose matter is open: this is the hot path. Idempotent by the unique
    (inbox, external id): redeliveries, however many at once, change nothing. A person's conversation and an automatic
    message get no turn.
    Raises InvalidInput for text over MOST_TEXT_CHARACTERS, for ids over MOST_KEY_CHARACTERS, for NUL.
    """
    _check(inbound)
    inbound = await threaded(session, now, inbox_id, _without_card_numbers(inbound))
    values = _values_of(now, inbox_id, inbound, inline)
    row = (await session.execute(_STORE, values)).one_or_none()
    if row is None:  # a redelivery, nobody has written from this address yet, or it goes on with what was closed
        first = await _first_copy(session, inbox_id, inbound.external_id)
        if first is not None:
            return first
        if await add_contact(session, now, inbound.sender) is None:
            await reopen_for(session, now, inbox_id, inbound)
        row = (await session.execute(_STORE, values)).one_or_none()
    if row is None:  # the first copy was written meanwhile
        first = await _first_copy(session, inbox_id, inbound.external_id)
        if first is None:
            raise Unavailable("The message could not be stored; send it again.")
        return first
    contact_id, conversation_id = ContactId(row.contact_id), ConversationId(row.conversation_id)
    message_id = MessageId(row.message_id)
    await _store_what_came_with_it(session, now, inbound, (conversation_id, contact_id, message_id))
    await _tell_who_has_it(session, now, conversation_id, row.state)
    claimed = inline is not None and row.turn_id is not None
    turn = ClaimedJob(row.turn_id, JobKind.TURN, conversation_id, {}, 1, now) if claimed else None
    return Received(message_id, conversation_id, contact_id, is_new=True, turn=turn)


async def _store_what_came_with_it(
    session: AsyncSession, now: datetime, inbound: Inbound, ids: tuple[ConversationId, ContactId, MessageId]
) -> None:
    conversation_id, contact_id, message_id = ids
    if inbound.identity is not None:
        await add_identity(session, now, contact_id, inbound.identity)
    if asks_to_stop(inbound.text):
        await withdraw_consent(session, now, contact_id, Said(CONTACT, ConsentSource.STOP_WORD))
    if inbound.attachments:
        await _store_attachments(session, inbound, conversation_id, message_id)
    for file in inbound.remote_files:
        wanted: JsonObject = {"message_id": message_id, **asdict(file)}
        await enqueue(session, now, NewJob(JobKind.FETCH, conversation_id, wanted))


async def _tell_who_has_it(session: AsyncSession, now: datetime, conversation_id: ConversationId, state: str) -> None:
    """The bot has its turn already."""
    if state in _WITH_A_PERSON:
        await _tell_its_agent(session, now, conversation_id)
    elif state != ConversationState.BOT:
        await _tell_who_waits(session, now, conversation_id)


async def _tell_its_agent(session: AsyncSession, now: datetime, conversation_id: ConversationId) -> None:
    """What rested goes back to its agent, and the next reply is due."""
    conversation = await lock_conversation(session, conversation_id)
    trigger = _BACK_TO_ITS_AGENT.get(ConversationState(conversation.state))
    if trigger is not None:
        await move(session, now, conversation, trigger, (CONTACT, {"agent_id": conversation.agent_id}))
    await customer_wrote(session, now, conversation)


async def _tell_who_waits(session: AsyncSession, now: datetime, conversation_id: ConversationId) -> None:
    """Their place in line, which who had left has again."""
    conversation = await lock_conversation(session, conversation_id)
    await came_back(session, now, conversation)
    await tell_wait(session, now, conversation)


def _values_of(now: datetime, inbox_id: InboxId, inbound: Inbound, inline: InlineClaim | None) -> dict[str, object]:
    """What _STORE binds. An inline turn is born claimed: due again when its lease has run out."""
    content: JsonObject = {**inbound.extra}
    if inbound.choice is not None:
        content["choice"] = inbound.choice
    if inbound.marks:
        content["marks"] = [*sorted(mark.value for mark in inbound.marks)]
    return {
        "uri": inbound.sender.uri, "may_reopen": may_reopen(inbound), "inbox_id": inbox_id,
        "external_id": inbound.external_id, "raw": inbound.raw,
        "now": now, "thread_key": inbound.thread_key, "subject": inbound.subject, "language": inbound.language,
        "text": inbound.text, "content": json.dumps(content), "channel": CHANNEL,
        "run_at": now + timedelta(seconds=inline.lease_s) if inline else now,
        "worker": inline.worker if inline else None, "attempts": int(inline is not None),
        "is_automatic": inbound.is_automatic,
    }  # fmt: skip


def _without_card_numbers(inbound: Inbound) -> Inbound:
    """Everything the customer may have written one in; addresses and ids are not theirs to word."""
    return replace(
        inbound,
        text=without_card_numbers(inbound.text),
        subject=inbound.subject and without_card_numbers(inbound.subject),
        choice=inbound.choice and without_card_numbers(inbound.choice),
        identity=inbound.identity
        and replace(inbound.identity, name=inbound.identity.name and without_card_numbers(inbound.identity.name)),
        attachments=tuple(replace(file, name=without_card_numbers(file.name)) for file in inbound.attachments),
        remote_files=tuple(replace(file, name=without_card_numbers(file.name)) for file in inbound.remote_files),
        raw=payload_without_card_numbers(inbound.raw),
        extra={key: _masked(value) for key, value in inbound.extra.items()},
    )


def _masked(value: Json) -> Json:
    if isinstance(value, str):
        return without_card_numbers(value)
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return value


def _check(inbound: Inbound) -> None:
    if len(inbound.text) > MOST_TEXT_CHARACTERS:
        raise InvalidInput(f"The message is too long: {MOST_TEXT_CHARACTERS} characters at most.")
    if not inbound.external_id:
        raise InvalidInput("The message has no id; send one that a repeated delivery repeats.")
    keys = (inbound.external_id, inbound.thread_key, inbound.sender.value)
    if any(len(key) > MOST_KEY_CHARACTERS for key in keys):
        raise InvalidInput(f"An id or address of the message is too long: {MOST_KEY_CHARACTERS} characters at most.")
    said = (*keys, inbound.text, inbound.subject, inbound.language, inbound.choice)
    if not all(is_storable(word) for word in (*said, *_further_words(inbound)) if word):
        raise InvalidInput("The message holds a NUL or a broken character; send plain text.")


def _further_words(inbound: Inbound) -> Iterator[str | None]:
    yield from _words_in(inbound.extra)
    for file in inbound.attachments:
        yield from (file.name, file.content_type)
    for wanted in inbound.remote_files:
        yield from (wanted.ref, wanted.name, wanted.content_type)
    if inbound.identity is not None:
        yield from (inbound.identity.customer_ref, inbound.identity.name)


def _words_in(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _words_in(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _words_in(item)


async def _first_copy(session: AsyncSession, inbox_id: InboxId, external_id: str) -> Received | None:
    row = (
        await session.execute(
            select(models.Message.id, models.Message.conversation_id, models.Conversation.contact_id)
            .join(models.Conversation, models.Conversation.id == models.Message.conversation_id)
            .where(models.Message.inbox_id == inbox_id, models.Message.external_id == external_id)
        )
    ).one_or_none()
    if row is None:
        return None
    return Received(MessageId(row.id), ConversationId(row.conversation_id), ContactId(row.contact_id), is_new=False)


async def _store_attachments(
    session: AsyncSession, inbound: Inbound, conversation_id: ConversationId, message_id: MessageId
) -> None:
    rows = [
        {
            "conversation_id": conversation_id, "message_id": message_id, "token": file.stored_as, "name": file.name,
            "content_type": file.content_type, "size": len(file.content),
        }
        for file in inbound.attachments
    ]  # fmt: skip
    if rows:
        await session.execute(insert(models.AttachmentRow).on_conflict_do_nothing(), rows)
