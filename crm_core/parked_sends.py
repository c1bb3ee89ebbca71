"""Sends that failed or whose end nobody saw: listed, sent again, or taken for sent, by a person's decision."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, require, visible_conversations
from crm_core.contracts import ConversationId, DeliveryState, MessageId
from crm_core.conversations import lock_conversation
from crm_core.errors import Conflict, NotFound
from crm_core.events import Actor, Event, EventKind, record
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.signals import Signal, Topic, publish

PARKED = (DeliveryState.IN_DOUBT.value, DeliveryState.FAILED.value)
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ParkedSend:
    """One message that waits for a person; `code` is the channel's own word for what went wrong."""

    message_id: int
    conversation_id: int
    contact_name: str | None
    inbox_name: str
    channel: str
    text: str
    state: str | None
    code: str | None
    at: datetime


async def parked_sends(session: AsyncSession, reach: Reach) -> list[ParkedSend]:
    """Those in conversations that the viewer may see, the oldest first."""
    message, conversation = models.Message, models.Conversation
    statement = (
        select(
            message.id, conversation.id, models.Contact.name, models.Inbox.name, models.Inbox.channel, message.text,
            message.delivery, message.delivery_code, message.created_at,
        )
        .select_from(message)
        .join(conversation, conversation.id == message.conversation_id)
        .join(models.Contact, models.Contact.id == conversation.contact_id)
        .join(models.Inbox, models.Inbox.id == message.inbox_id)
        .where(message.delivery.in_(PARKED), visible_conversations(reach))
        .order_by(message.id)
        .limit(MOST_SHOWN)
    )  # fmt: skip
    return [ParkedSend(*row) for row in await session.execute(statement)]


async def resend(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, message_id: MessageId
) -> None:
    """Try once more. Raises Conflict when somebody settled it already."""
    message = await _parked(session, reach, conversation_id, message_id)
    message.delivery, message.delivery_code, message.external_id = DeliveryState.PENDING.value, None, None
    await enqueue(session, now, NewJob(JobKind.SEND, conversation_id, {"message_id": message_id}))
    await _settled(session, now, reach, message, "resent")


async def mark_sent(
    session: AsyncSession, now: datetime, reach: Reach, conversation_id: ConversationId, message_id: MessageId
) -> None:
    """It arrived after all, or was said another way. Raises Conflict when somebody settled it already."""
    message = await _parked(session, reach, conversation_id, message_id)
    message.delivery, message.delivery_code, message.sent_at = DeliveryState.SENT.value, None, now
    await _settled(session, now, reach, message, "marked_sent")


async def _parked(
    session: AsyncSession, reach: Reach, conversation_id: ConversationId, message_id: MessageId
) -> models.Message:
    """The locked message. The conversation is locked and asked about first, as by every writer."""
    require(reach, Action.SETTLE_SEND, await lock_conversation(session, conversation_id))
    statement = select(models.Message).where(
        models.Message.id == message_id, models.Message.conversation_id == conversation_id
    )
    message = (await session.scalars(statement.with_for_update())).one_or_none()
    if message is None:
        raise NotFound("There is no such message in this conversation.")
    if message.delivery not in PARKED:
        raise Conflict("This message does not wait for a decision (any more).")
    return message


async def _settled(session: AsyncSession, now: datetime, reach: Reach, message: models.Message, how: str) -> None:
    await session.flush()
    actor = Actor.agent(reach.viewer.user_id)
    settled = Event(
        EventKind.SEND_SETTLED, actor, message.conversation_id, None, {"message_id": message.id, "how": how}
    )
    await record(session, now, [settled])
    await publish(session, Signal(Topic.CONVERSATION, message.conversation_id))
