"""An agent's words reach the customer: as a message, with what that means for waits and promises."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import ConversationId, JsonObject, MessageId, UserId
from crm_core.events import Actor, Event, EventKind, record
from crm_core.models_desk import HeldReply
from crm_core.outbox import Utterance, Voice, post
from crm_core.outgoing_files import StoredFile, attach_files
from crm_core.sla_clocks import person_replied
from crm_core.states import Author, Direction, Visibility


async def say(
    session: AsyncSession, now: datetime, conversation: models.Conversation, said: tuple[UserId, str]
) -> MessageId:
    """By whom, and what; the conversation is locked.

    The event's `waited_s` is how long the customer waited for a person; None when they waited for nothing.
    """
    agent_id, text = said
    since = await _waiting_since(session, conversation)
    (message_id,) = await post(session, now, conversation, Voice(Author.AGENT, agent_id), [Utterance(text)])
    detail: JsonObject = {
        "message_id": message_id, "first": conversation.first_replied_at is None,
        "waited_s": (now - since).total_seconds() if since else None,
    }  # fmt: skip
    conversation.first_replied_at = conversation.first_replied_at or now
    await session.flush()
    await person_replied(session, now, conversation)
    agent = Actor.agent(agent_id)
    event = Event(EventKind.AGENT_REPLIED, agent, conversation.id, conversation.contact_id, detail)
    await record(session, now, [event])
    return message_id


async def release_held(
    session: AsyncSession, now: datetime, conversation: models.Conversation, through: int | None = None
) -> None:
    """Say what is held in a locked conversation, in the order it was written: all of it, or up to one id."""
    theirs = HeldReply.conversation_id == conversation.id
    due = theirs if through is None else theirs & (HeldReply.id <= through)
    held = (await session.scalars(select(HeldReply).where(due).order_by(HeldReply.id))).all()
    for row in held:
        await session.execute(
            delete(HeldReply).where(HeldReply.id == row.id).execution_options(synchronize_session=False)
        )
        message_id = await say(session, now, conversation, (UserId(row.agent_id), row.text))
        files = [StoredFile(**file) for file in row.files]  # type: ignore[arg-type]
        await attach_files(session, ConversationId(conversation.id), message_id, files)


async def _waiting_since(session: AsyncSession, conversation: models.Conversation) -> datetime | None:
    """When they were queued or first wrote, whichever nobody has answered yet; None when nothing is open."""
    message = models.Message
    in_thread = message.conversation_id == conversation.id
    by_agent = in_thread & (message.author == Author.AGENT) & (message.visibility == Visibility.PUBLIC)
    newest = select(message.id, message.created_at).where(by_agent).order_by(message.id.desc()).limit(1)
    replied = (await session.execute(newest)).one_or_none()
    if conversation.queued_at is not None and (replied is None or conversation.queued_at > replied.created_at):
        return conversation.queued_at
    after = message.id > (replied.id if replied else 0)
    unanswered = select(func.min(message.created_at)).where(in_thread, message.direction == Direction.IN, after)
    return await session.scalar(unanswered)
