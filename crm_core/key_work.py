"""What a program does with a conversation by its key: say, note, close, pass on, snooze; each asks for access first.

A program owns no conversation, and the system says what it says: no agent gets words or figures that are not theirs.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import conversations, models
from crm_core.access import Action, Reach
from crm_core.agent_work import allowed, storable_text
from crm_core.api_keys import actor_of
from crm_core.contracts import ConversationId, JsonObject, MessageId, UserId
from crm_core.conversations import Handoff, Trigger, move
from crm_core.errors import Conflict, InvalidInput
from crm_core.events import Event, EventKind, record
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.line import Entry, enter_line
from crm_core.outbox import SYSTEM_VOICE, Utterance, Voice, post
from crm_core.passing_on import LONGEST_SNOOZE
from crm_core.queue import offer_directly, require_available
from crm_core.saying import release_held
from crm_core.states import Author, ConversationState, Visibility

PROGRAM = "program"  # the reason of a handoff that a program asked for
NOTE = Voice(Author.SYSTEM, visibility=Visibility.INTERNAL)


async def say_to_customer(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, text: str
) -> MessageId:
    """Through the same outbox as an agent's reply, after what an agent is just sending."""
    conversation = await _open_one(session, reach, Action.REPLY, conversation_id)
    await release_held(session, now, conversation)
    (message_id,) = await post(session, now, conversation, SYSTEM_VOICE, [Utterance(storable_text(text))])
    await _record(session, now, reach, conversation, (EventKind.PROGRAM_REPLIED, {"message_id": message_id}))
    return message_id


async def note_for_colleagues(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, text: str
) -> MessageId:
    conversation = await allowed(session, reach, Action.NOTE, conversation_id)
    (message_id,) = await post(session, now, conversation, NOTE, [Utterance(storable_text(text))])
    await _record(session, now, reach, conversation, (EventKind.NOTE_ADDED, {"message_id": message_id}))
    return message_id


async def close(
    session: AsyncSession,
    now: datetime,
    reach: Reach,
    conversation_id: ConversationId,
    disposition: tuple[str, Collection[str]],
) -> models.Conversation:
    """The chosen disposition, and those the company knows. Closing what is closed changes nothing."""
    conversation = await allowed(session, reach, Action.CLOSE, conversation_id)
    chosen, known = disposition
    if chosen not in known:
        raise InvalidInput(f"Say how the conversation ended, with one of: {', '.join(sorted(known))}.")
    if conversation.state != ConversationState.CLOSED:
        await release_held(session, now, conversation)
        await conversations.close(session, now, conversation, chosen, actor_of(reach.viewer))
    return conversation


async def pass_to_queue(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, queue_key: str
) -> models.Conversation:
    """From the bot it is handed over; from a person or another line it goes to the end of this one."""
    conversation = await _open_one(session, reach, Action.TRANSFER, conversation_id)
    if queue_key not in reach.queue_teams:
        raise InvalidInput(f"There is no such queue; there are: {', '.join(sorted(reach.queue_teams))}.")
    if conversation.state == ConversationState.BOT:
        language = conversation.language or reach.viewer.language
        handoff = Handoff(PROGRAM, queue_key, conversation.intent, language)
        await conversations.hand_off(session, now, conversation, handoff)
    else:
        await release_held(session, now, conversation)
        await conversations.transfer(session, now, conversation, queue_key, actor_of(reach.viewer))
    return conversation


async def offer_to_agent(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, agent_id: UserId
) -> models.Conversation:
    """Who declines leaves it to the line of its queue. Raises AgentAway."""
    conversation = await _open_one(session, reach, Action.TRANSFER, conversation_id)
    await require_available(session, agent_id)
    await release_held(session, now, conversation)
    actor, queue = actor_of(reach.viewer), conversation.queue_key
    detail: JsonObject = {"from_queue": queue, "to_queue": queue, "to_agent_id": agent_id}
    await move(session, now, conversation, Trigger.TRANSFER, (actor, detail))
    await enter_line(session, now, conversation, (Entry.TRANSFER, actor))
    await offer_directly(session, now, conversation, agent_id, {"how": "transfer"})
    conversation.offer = {**(conversation.offer or {}), "from_name": reach.viewer.name}
    await session.flush()
    return conversation


async def snooze(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, until: datetime
) -> models.Conversation:
    """For its agent, until then or until the customer writes."""
    conversation = await _open_one(session, reach, Action.SNOOZE, conversation_id)
    if not now < until <= now + LONGEST_SNOOZE:
        raise InvalidInput(f"Choose a time within the next {LONGEST_SNOOZE.days} days.")
    conversation.snoozed_until = until
    detail: JsonObject = {"agent_id": conversation.agent_id, "until_s": until.timestamp()}
    await move(session, now, conversation, Trigger.SNOOZE, (actor_of(reach.viewer), detail))
    job = NewJob(JobKind.WAKE, conversation_id, {"until": until.isoformat()}, (until - now).total_seconds())
    await enqueue(session, now, job)
    return conversation


async def _open_one(
    session: AsyncSession, reach: Reach, action: Action, conversation_id: ConversationId
) -> models.Conversation:
    conversation = await allowed(session, reach, action, conversation_id)
    if conversation.state == ConversationState.CLOSED:
        raise Conflict("This conversation is closed; the customer's next message opens a new one.")
    return conversation


async def _record(
    session: AsyncSession, now: datetime, reach: Reach, about: models.Conversation, what: tuple[EventKind, JsonObject]
) -> None:
    kind, detail = what
    await record(session, now, [Event(kind, actor_of(reach.viewer), about.id, about.contact_id, detail)])
