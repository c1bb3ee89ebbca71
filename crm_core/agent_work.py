"""What an agent does with a conversation: accept, reply, note, transfer, resolve; each asks for access first."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import conversations, models
from crm_core.access import Action, Reach, require
from crm_core.contracts import ConversationId, JsonObject, MessageId, UserId
from crm_core.errors import Conflict, InvalidInput
from crm_core.events import Actor, Event, EventKind, record
from crm_core.outbox import Utterance, Voice, post
from crm_core.states import Author, ConversationState, Visibility

MOST_CHARACTERS = 10_000
_ENDED = ConversationState.CLOSED


def _said(text: str) -> str:
    """Raises InvalidInput for nothing, too much, or NUL."""
    said = text.strip()
    if not said:
        raise InvalidInput("Write something first.")
    if len(said) > MOST_CHARACTERS:
        raise InvalidInput(f"That is too long: {MOST_CHARACTERS} characters at most.")
    if "\x00" in said:
        raise InvalidInput("The text holds a NUL character; paste it as plain text.")
    return said


async def _allowed(
    session: AsyncSession, reach: Reach, action: Action, conversation_id: ConversationId
) -> models.Conversation:
    conversation = await conversations.lock_conversation(session, conversation_id)
    require(reach, action, conversation)
    return conversation


async def accept_conversation(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId
) -> None:
    """From the queue, or from the bot by who may take over. Raises AlreadyTaken for the second of two."""
    await _allowed(session, reach, Action.ACCEPT, conversation_id)
    await conversations.accept(session, now, conversation_id, UserId(reach.viewer.user_id))


async def reply(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, text: str
) -> MessageId:
    """Say `text` to the customer. Only the owner may, so that two never answer at once."""
    conversation = await _allowed(session, reach, Action.REPLY, conversation_id)
    if conversation.state == _ENDED:
        raise Conflict("This conversation is closed; the customer's next message opens a new one.")
    voice = Voice(Author.AGENT, reach.viewer.user_id)
    (message_id,) = await post(session, now, conversation, voice, [Utterance(_said(text))])
    since = conversation.last_inbound_at
    detail: JsonObject = {
        "message_id": message_id, "first": conversation.first_replied_at is None,
        "waited_s": (now - since).total_seconds() if since else None,
    }  # fmt: skip
    conversation.first_replied_at = conversation.first_replied_at or now
    await session.flush()
    await _record(session, now, reach, conversation, (EventKind.AGENT_REPLIED, detail))
    return message_id


async def add_note(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, text: str
) -> MessageId:
    """For colleagues only: it never leaves the desk."""
    conversation = await _allowed(session, reach, Action.NOTE, conversation_id)
    voice = Voice(Author.AGENT, reach.viewer.user_id, Visibility.INTERNAL)
    (message_id,) = await post(session, now, conversation, voice, [Utterance(_said(text))])
    await _record(session, now, reach, conversation, (EventKind.NOTE_ADDED, {"message_id": message_id}))
    return message_id


async def transfer_to_queue(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, queue_key: str
) -> None:
    """The caller has checked that the queue exists."""
    conversation = await _allowed(session, reach, Action.TRANSFER, conversation_id)
    await conversations.transfer(session, now, conversation, queue_key, Actor.agent(reach.viewer.user_id))


async def close_conversation(
    session: AsyncSession,
    now: datetime,
    reach: Reach,
    conversation_id: ConversationId,
    disposition: tuple[str, Collection[str]],
) -> None:
    """End it with a disposition: the chosen key, and the keys the company knows."""
    conversation = await _allowed(session, reach, Action.CLOSE, conversation_id)
    chosen, known = disposition
    if chosen not in known:
        raise InvalidInput("Choose how the conversation ended.")
    if conversation.state == _ENDED:
        return
    await conversations.close(session, now, conversation, chosen, Actor.agent(reach.viewer.user_id))


async def _record(
    session: AsyncSession, now: datetime, reach: Reach, about: models.Conversation, what: tuple[EventKind, JsonObject]
) -> None:
    kind, detail = what
    event = Event(kind, Actor.agent(reach.viewer.user_id), about.id, about.contact_id, detail)
    await record(session, now, [event])
