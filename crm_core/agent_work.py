"""What an agent does with a conversation: accept, reply, note, transfer, resolve; each asks for access first."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import conversations, models
from crm_core.access import Action, Reach, require
from crm_core.audit import AuditAction, Deed, append
from crm_core.cards import without_card_numbers
from crm_core.contracts import ConversationId, JsonObject, MessageId, UserId
from crm_core.errors import Conflict, InvalidInput
from crm_core.events import Actor, Event, EventKind, record
from crm_core.outbox import Utterance, Voice, post
from crm_core.plain_text import is_storable
from crm_core.queue import decline
from crm_core.saying import release_held, say
from crm_core.states import Author, ConversationState, Visibility

MOST_CHARACTERS = 10_000
_ENDED = ConversationState.CLOSED


def storable_text(text: str) -> str:
    """Without card numbers. Raises InvalidInput for nothing, too much, or what cannot be stored."""
    said = text.strip()
    if not said:
        raise InvalidInput("Write something first.")
    if len(said) > MOST_CHARACTERS:
        raise InvalidInput(f"That is too long: {MOST_CHARACTERS} characters at most.")
    if not is_storable(said):
        raise InvalidInput("The text holds a NUL or a broken character; paste it as plain text.")
    return without_card_numbers(said)


async def allowed(
    session: AsyncSession, reach: Reach, action: Action, conversation_id: ConversationId
) -> models.Conversation:
    """The conversation, locked, where `action` is allowed. Raises NotFound and Forbidden."""
    conversation = await conversations.lock_conversation(session, conversation_id)
    require(reach, action, conversation)
    return conversation


async def accept_conversation(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId
) -> None:
    """From the queue, or from the bot by who may take over. Raises AlreadyTaken for the second of two."""
    await allowed(session, reach, Action.ACCEPT, conversation_id)
    await conversations.accept(session, now, conversation_id, UserId(reach.viewer.user_id))


async def decline_conversation(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId
) -> None:
    """An offer to oneself goes on to the next. Raises Conflict when there is none (any more)."""
    conversation = await allowed(session, reach, Action.ACCEPT, conversation_id)
    await decline(session, now, conversation, UserId(reach.viewer.user_id))


async def take_over(session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId) -> None:
    """From the bot, the line or a colleague, by who supervises."""
    conversation = await allowed(session, reach, Action.TAKE_OVER, conversation_id)
    before = conversation.agent_id
    await conversations.take_over(session, now, conversation, UserId(reach.viewer.user_id))
    taker, taken = Actor.agent(reach.viewer.user_id), f"conversation:{conversation_id}"
    await append(session, now, Deed(AuditAction.TAKEN_OVER, taker, taken, detail={"from_agent_id": before}))


async def may_reply(session: AsyncSession, reach: Reach, conversation_id: ConversationId) -> models.Conversation:
    """The conversation, locked, if the viewer may answer in it. Raises Conflict for one that is closed."""
    conversation = await allowed(session, reach, Action.REPLY, conversation_id)
    if conversation.state == _ENDED:
        raise Conflict("This conversation is closed; open it again to answer.")
    return conversation


async def reply(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, text: str
) -> MessageId:
    """Say `text` to the customer at once. Only the owner may, so that two never answer at once."""
    conversation = await may_reply(session, reach, conversation_id)
    await release_held(session, now, conversation)
    return await say(session, now, conversation, (UserId(reach.viewer.user_id), storable_text(text)))


async def add_note(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, text: str
) -> MessageId:
    """For colleagues only: it never leaves the desk."""
    conversation = await allowed(session, reach, Action.NOTE, conversation_id)
    voice = Voice(Author.AGENT, reach.viewer.user_id, Visibility.INTERNAL)
    (message_id,) = await post(session, now, conversation, voice, [Utterance(storable_text(text))])
    await _record(session, now, reach, conversation, (EventKind.NOTE_ADDED, {"message_id": message_id}))
    return message_id


async def transfer_to_queue(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, queue_key: str
) -> None:
    """Raises InvalidInput for a queue that the company does not have."""
    conversation = await allowed(session, reach, Action.TRANSFER, conversation_id)
    if queue_key not in reach.queue_teams:
        raise InvalidInput("Choose a queue.")
    await release_held(session, now, conversation)
    await conversations.transfer(session, now, conversation, queue_key, Actor.agent(reach.viewer.user_id))


async def close_conversation(
    session: AsyncSession,
    now: datetime,
    reach: Reach,
    conversation_id: ConversationId,
    disposition: tuple[str, Collection[str]],
) -> None:
    """End it with a disposition: the chosen key, and the keys the company knows."""
    conversation = await allowed(session, reach, Action.CLOSE, conversation_id)
    chosen, known = disposition
    if chosen not in known:
        raise InvalidInput("Choose how the conversation ended.")
    if conversation.state == _ENDED:
        return
    await release_held(session, now, conversation)
    await conversations.close(session, now, conversation, chosen, Actor.agent(reach.viewer.user_id))


async def _record(
    session: AsyncSession, now: datetime, reach: Reach, about: models.Conversation, what: tuple[EventKind, JsonObject]
) -> None:
    kind, detail = what
    event = Event(kind, Actor.agent(reach.viewer.user_id), about.id, about.contact_id, detail)
    await record(session, now, [event])
