"""A message goes out: stored with its delivery state and, where somebody must carry it, a `send` job."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import Card, Choice, ConversationId, DeliveryState, JsonObject, MessageId
from crm_core.jobs import JobKind, NewJob, enqueue
from crm_core.signals import Signal, Topic, publish
from crm_core.states import Author, Direction, Visibility


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is said: text that stands alone, and what richer channels draw from it."""

    text: str
    choices: tuple[Choice, ...] = ()
    card: Card | None = None
    whisper_to: int | None = None
    campaign_id: int | None = None
    unsubscribe: str | None = None  # the address that ends all messages of campaigns

    def content(self) -> JsonObject:
        content: JsonObject = {}
        if self.choices:
            content["choices"] = [{"label": choice.label, "value": choice.value} for choice in self.choices]
        if self.card is not None:
            content["card"] = {**asdict(self.card), "lines": list(self.card.lines)}
        if self.whisper_to is not None:
            content["whisper_to"] = self.whisper_to
        if self.campaign_id is not None:
            content["campaign_id"] = self.campaign_id
        if self.unsubscribe is not None:
            content["unsubscribe"] = self.unsubscribe
        return content


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks: the bot, the system, or an agent by id; internal speech is a note."""

    author: Author
    agent_id: int | None = None
    visibility: Visibility = Visibility.PUBLIC


BOT_VOICE, SYSTEM_VOICE = Voice(Author.BOT), Voice(Author.SYSTEM)


async def post(
    session: AsyncSession, now: datetime, conversation: models.Conversation, voice: Voice, said: Sequence[Utterance]
) -> list[MessageId]:
    """Store `said` in a locked conversation, in order; the caller records its event."""
    if not said:
        return []
    internal = voice.visibility is not Visibility.PUBLIC
    pulled = internal or await session.scalar(
        select(models.Inbox.pulled).where(models.Inbox.id == conversation.inbox_id)
    )
    delivery = None if internal else DeliveryState.SENT.value if pulled else DeliveryState.PENDING.value
    rows = [
        {
            "conversation_id": conversation.id, "inbox_id": conversation.inbox_id, "direction": Direction.OUT.value,
            "author": voice.author.value, "agent_id": voice.agent_id, "visibility": voice.visibility.value,
            "text": utterance.text, "content": utterance.content(), "language": conversation.language,
            "delivery": delivery, "created_at": now, "sent_at": now if pulled and not internal else None,
        }
        for utterance in said
    ]  # fmt: skip
    returned = await session.scalars(
        insert(models.Message).returning(models.Message.id, sort_by_parameter_order=True), rows
    )
    ids = [MessageId(message_id) for message_id in returned]
    if not pulled:
        for message_id in ids:
            job = NewJob(JobKind.SEND, ConversationId(conversation.id), {"message_id": message_id})
            await enqueue(session, now, job)
    if not internal:
        conversation.last_message_at = now
    await publish(session, Signal(Topic.CONVERSATION, conversation.id))
    return ids
