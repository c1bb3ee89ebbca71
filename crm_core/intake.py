"""A message arrives: stored with everything it causes in one transaction, before anyone acknowledges it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, literal_column, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contacts import KnownContact, add_identity, ensure_contact, find_contact
from crm_core.contracts import ContactId, ConversationId, Inbound, InboxId, JsonObject, MessageId
from crm_core.conversations import Trigger, lock_conversation, move
from crm_core.errors import InvalidInput
from crm_core.events import CONTACT, Event, EventKind, record
from crm_core.jobs import ClaimedJob, JobKind, NewJob, enqueue
from crm_core.signals import Signal, Topic, publish
from crm_core.states import Author, ConversationState, Direction

MOST_TEXT_CHARACTERS = 20_000


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


async def receive(
    session: AsyncSession,
    now: datetime,
    inbox_id: InboxId,
    inbound: Inbound,
    *,
    inline: InlineClaim | None = None,
) -> Received:
    """Store one message: raw payload, address, contact, open conversation, message, event and `turn` job.

    Idempotent by the unique (inbox, external id): redeliveries, however many at once, change nothing.
    A person's conversation gets no turn. Raises InvalidInput for text over MOST_TEXT_CHARACTERS or with NUL.
    """
    _check(inbound)
    payload_id = await session.scalar(
        insert(models.InboundPayload)
        .values(inbox_id=inbox_id, external_id=inbound.external_id, raw=inbound.raw, received_at=now)
        .on_conflict_do_nothing()
        .returning(models.InboundPayload.id)
    )
    if payload_id is None:
        return await _first_copy(session, inbox_id, inbound.external_id)
    contact = await find_contact(session, inbound.sender) or await ensure_contact(session, now, inbound.sender)
    if inbound.identity is not None:
        await add_identity(session, now, contact.id, inbound.identity)
    conversation_id, state, is_opened = await _open_conversation(session, now, inbox_id, inbound, contact)
    message_id = await _store_message(session, now, inbox_id, inbound, conversation_id)
    await _store_attachments(session, inbound, conversation_id, message_id)
    if state is ConversationState.WRAP_UP:
        wrapping_up = await lock_conversation(session, conversation_id)
        await move(session, now, wrapping_up, Trigger.RESUME, (CONTACT, {"agent_id": wrapping_up.agent_id}))
    await session.execute(
        update(models.InboundPayload).where(models.InboundPayload.id == payload_id).values(contact_id=contact.id)
    )
    events = [Event(EventKind.MESSAGE_RECEIVED, CONTACT, conversation_id, contact.id, {"message_id": message_id})]
    if is_opened:
        events.insert(0, Event(EventKind.CONVERSATION_OPENED, CONTACT, conversation_id, contact.id))
    await record(session, now, events)
    turn = await _enqueue_turn(session, now, conversation_id, inline) if state is ConversationState.BOT else None
    await publish(session, Signal(Topic.CONVERSATION, conversation_id))
    return Received(message_id, conversation_id, contact.id, is_new=True, turn=turn)


def _check(inbound: Inbound) -> None:
    if len(inbound.text) > MOST_TEXT_CHARACTERS:
        raise InvalidInput(f"The message is too long: {MOST_TEXT_CHARACTERS} characters at most.")
    if "\x00" in inbound.text or "\x00" in inbound.external_id:
        raise InvalidInput("The message holds a NUL character; send plain text.")
    if not inbound.external_id:
        raise InvalidInput("The message has no id; send one that a repeated delivery repeats.")


async def _first_copy(session: AsyncSession, inbox_id: InboxId, external_id: str) -> Received:
    row = (
        await session.execute(
            select(models.Message.id, models.Message.conversation_id, models.Conversation.contact_id)
            .join(models.Conversation, models.Conversation.id == models.Message.conversation_id)
            .where(models.Message.inbox_id == inbox_id, models.Message.external_id == external_id)
        )
    ).one()
    return Received(MessageId(row.id), ConversationId(row.conversation_id), ContactId(row.contact_id), is_new=False)


async def _open_conversation(
    session: AsyncSession, now: datetime, inbox_id: InboxId, inbound: Inbound, contact: KnownContact
) -> tuple[ConversationId, ConversationState, bool]:
    """The one open conversation, made when there is none; its row stays locked until the commit."""
    language = contact.language or inbound.language
    statement = (
        insert(models.Conversation)
        .values(
            contact_id=contact.id, inbox_id=inbox_id, thread_key=inbound.thread_key, subject=inbound.subject,
            language=language, opened_at=now, state_at=now, last_message_at=now, last_inbound_at=now,
        )
        .on_conflict_do_update(
            index_elements=["contact_id", "inbox_id", "thread_key"],
            # literally: with a parameter PostgreSQL finds no index once it makes a generic plan
            index_where=sql("state <> 'closed'"),
            set_={"last_message_at": now, "last_inbound_at": now},
        )
        .returning(
            models.Conversation.id, models.Conversation.state,
            literal_column("(xmax = 0)", Boolean).label("is_opened"),  # PostgreSQL: no xmax on a row just inserted
        )
    )  # fmt: skip
    row = (await session.execute(statement)).one()
    return ConversationId(row.id), ConversationState(row.state), row.is_opened


async def _store_message(
    session: AsyncSession, now: datetime, inbox_id: InboxId, inbound: Inbound, conversation_id: ConversationId
) -> MessageId:
    content: JsonObject = {} if inbound.choice is None else {"choice": inbound.choice}
    statement = (
        insert(models.Message)
        .values(
            conversation_id=conversation_id, inbox_id=inbox_id, direction=Direction.IN.value,
            author=Author.CONTACT.value, text=inbound.text, content=content, external_id=inbound.external_id,
            language=inbound.language, created_at=now,
        )
        .returning(models.Message.id)
    )  # fmt: skip
    return MessageId((await session.execute(statement)).scalar_one())


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


async def _enqueue_turn(
    session: AsyncSession, now: datetime, conversation_id: ConversationId, inline: InlineClaim | None
) -> ClaimedJob | None:
    job = NewJob(JobKind.TURN, conversation_id)
    if inline is not None:
        job = NewJob(JobKind.TURN, conversation_id, worker=inline.worker, lease_s=inline.lease_s)
    return await enqueue(session, now, job)
