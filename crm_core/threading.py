"""Which thread a message belongs to, where the channel's own key does not say it: by our message that it answers."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import AddressKind, Inbound, InboxId, JsonObject, Mark, MessageId
from crm_core.states import ConversationState, Direction

SAME_SUBJECT_WITHIN = timedelta(days=30)
MOST_LOOKED_AT = 20
_PREFIX = re.compile(r"\s*(?:re|fwd?|aw|wg|rv|res|enc|ответ|отв|на|пересл|hа)\s*(?:\[\d+\])?\s*:\s*", re.IGNORECASE)


async def threaded(session: AsyncSession, now: datetime, inbox_id: InboxId, inbound: Inbound) -> Inbound:
    """`inbound` in its thread. Only for channels with keys of their own; repeated calls find the same.

    What answers our signed message goes where that was said, if its sender is the customer it was said to; somebody
    else begins a conversation of their own, marked, with the way to the one they wrote into. Failing that a sender
    whom the channel proved goes on under the same subject.
    """
    if not inbound.thread_key:
        return inbound
    contact_id = await session.scalar(select(models.Address.contact_id).where(models.Address.uri == inbound.sender.uri))
    if inbound.in_reply_to is not None:
        answered = await _answered(session, inbox_id, inbound.in_reply_to)
        if answered is not None:
            return _in_thread_of(inbound, answered, is_theirs=answered.contact_id == contact_id)
    key = await _same_subject(session, now, inbox_id, inbound) if contact_id is not None else None
    return replace(inbound, thread_key=key) if key is not None else inbound


async def _answered(session: AsyncSession, inbox_id: InboxId, message_id: MessageId) -> models.Conversation | None:
    statement = (
        select(models.Conversation)
        .join(models.Message, models.Message.conversation_id == models.Conversation.id)
        .where(models.Message.id == message_id, models.Message.inbox_id == inbox_id,
               models.Message.direction == Direction.OUT)
    )  # fmt: skip
    return (await session.scalars(statement)).one_or_none()


def _in_thread_of(inbound: Inbound, conversation: models.Conversation, *, is_theirs: bool) -> Inbound:
    if is_theirs:
        extra: JsonObject = {**inbound.extra, "in_reply_to": inbound.in_reply_to}
        return replace(inbound, thread_key=conversation.thread_key, extra=extra)
    marks, extra = inbound.marks | {Mark.DIFFERENT_SENDER}, {**inbound.extra, "wrote_into": conversation.id}
    return replace(inbound, marks=marks, extra=extra, in_reply_to=None)


async def _same_subject(session: AsyncSession, now: datetime, inbox_id: InboxId, inbound: Inbound) -> str | None:
    subject = plain_subject(inbound.subject or "")
    if not subject or not _is_proven(inbound):
        return None
    conversation, address = models.Conversation, models.Address
    statement = (
        select(conversation.thread_key, conversation.subject)
        .join(address, address.contact_id == conversation.contact_id)
        .where(
            address.uri == inbound.sender.uri, conversation.inbox_id == inbox_id,
            conversation.state != ConversationState.CLOSED,
            conversation.last_message_at > now - SAME_SUBJECT_WITHIN,
        )
        .order_by(conversation.id.desc())
        .limit(MOST_LOOKED_AT)
    )  # fmt: skip
    found = await session.execute(statement)
    return next((str(key) for key, theirs in found if plain_subject(theirs or "") == subject), None)


def _is_proven(inbound: Inbound) -> bool:
    """The channel itself proved the very address that it came from."""
    proven = inbound.identity.email if inbound.identity is not None else None
    return inbound.sender.kind is AddressKind.MAILTO and proven == inbound.sender.value


def plain_subject(subject: str) -> str:
    """Without “Re:”, “Fwd:”, “Ответ:” and their like, however many; in lower case."""
    rest = subject
    while (found := _PREFIX.match(rest)) is not None:
        rest = rest[found.end() :]
    return " ".join(rest.casefold().split())
