"""Who supervises a live conversation: a whisper to its agent (`agent_work.take_over` takes it from them)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Reach
from crm_core.agent_work import allowed, storable_text
from crm_core.contracts import ConversationId, JsonObject, MessageId
from crm_core.errors import Conflict
from crm_core.events import Actor, Event, EventKind, record
from crm_core.outbox import Utterance, Voice, post
from crm_core.states import Author, ConversationState, Visibility


async def whisper(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, text: str
) -> MessageId:
    """To the agent who has it now, whoever has it later. Raises Conflict where nobody, or oneself, listens."""
    conversation = await allowed(session, reach, Action.WHISPER, conversation_id)
    own_id, agent_id = reach.viewer.user_id, conversation.agent_id
    if agent_id in (None, own_id) or conversation.state == ConversationState.CLOSED:
        raise Conflict("Nobody has this conversation who could hear you.")
    voice = Voice(Author.AGENT, own_id, Visibility.WHISPER)
    said = Utterance(storable_text(text), whisper_to=agent_id)
    (message_id,) = await post(session, now, conversation, voice, [said])
    detail: JsonObject = {"message_id": message_id, "agent_id": agent_id}
    event = Event(EventKind.WHISPERED, Actor.agent(own_id), conversation.id, conversation.contact_id, detail)
    await record(session, now, [event])
    return message_id
