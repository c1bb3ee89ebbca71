"""What has been kept for as long as it shall be: counted, and taken away so that figures stay and name nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, SelectBase, and_, delete, exists, false, func, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from config.retention import Retention
from crm_core import erasure, models
from crm_core.audit import AuditAction, Deed, append
from crm_core.erasure import ERASED, Person
from crm_core.events import SYSTEM
from crm_core.schema import Base
from crm_core.states import ConversationState, JobState

BATCH = 200
PHONE = "phone"
KINDS = ("messages", "attachments", "recordings", "raw_mail", "logs")
# what is said of a conversation, without the person: their other conversations may still be kept
_STEPS = (
    erasure.delete_held, erasure.delete_jobs, erasure.delete_attachments, erasure.delete_corrections,
    erasure.delete_calls, erasure.blank_messages, erasure.blank_conversations, erasure.blank_surveys,
    erasure.blank_reviews, erasure.blank_events,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes next: conversations to be emptied, and files with the rows that name them."""

    conversation_ids: tuple[int, ...] = ()
    attachment_ids: tuple[int, ...] = ()
    tokens: tuple[str, ...] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)


async def expired(session: AsyncSession, now: datetime, retention: Retention) -> dict[str, int]:
    """How much of each kind the next night would take away. Nothing is changed."""
    message_ids = select(models.Conversation.id).where(_spoken(now, retention))
    counts = {
        "messages": await _count(session, select(models.Message.id).where(
            models.Message.conversation_id.in_(message_ids), models.Message.text != ERASED)),
        "attachments": await _count(session, _files(now - _length(retention.attachments_days), recorded=False)
                                    .where(_is_limited(retention.attachments_days))),
        "recordings": await _count(session, _files(now - _length(retention.recordings_days), recorded=True)
                                   .where(_is_limited(retention.recordings_days))),
        "raw_mail": await _count(session, select(models.InboundPayload.id).where(_raw(now, retention))),
    }  # fmt: skip
    logs = [await _count(session, select(1).select_from(model).where(old)) for model, old in _logs(now, retention)]
    return counts | {"logs": sum(logs)}


async def next_batch(session: AsyncSession, now: datetime, retention: Retention) -> Batch:
    """Some of it. Its files are to be deleted before `take_away`: a file without a row would stay for ever."""
    closed = select(models.Conversation.id).where(_spoken(now, retention)).order_by(models.Conversation.id)
    conversation_ids = tuple(await session.scalars(closed.limit(BATCH)))
    theirs = models.AttachmentRow.conversation_id.in_(conversation_ids)
    tokens = list(await session.scalars(select(models.AttachmentRow.token).where(theirs)))
    ids: list[int] = []
    kinds = {}
    limits = (("attachments", retention.attachments_days, False), ("recordings", retention.recordings_days, True))
    for kind, days, recorded in limits:
        if days is None:
            continue
        statement = _files(now - _length(days), recorded=recorded).limit(BATCH)
        rows = (await session.execute(statement)).all()
        ids += [row.id for row in rows]
        tokens += [row.token for row in rows]
        kinds[kind] = len(rows)
    return Batch(conversation_ids, tuple(ids), tuple(tokens), kinds)


async def take_away(session: AsyncSession, now: datetime, retention: Retention, batch: Batch) -> dict[str, int]:
    """How much went of each kind; it stands in the audit trail as well. All zero: nothing is left."""
    conversations = await _still_closed(session, batch.conversation_ids)
    raw = await _remove_raw_of(session, conversations)
    gone = {"messages": len(conversations), **batch.kinds}
    for step in _STEPS:
        await step(session, now, Person((), tuple(conversations)))
    await _delete(session, models.AttachmentRow, models.AttachmentRow.id.in_(batch.attachment_ids))
    gone["raw_mail"] = raw + await _delete(session, models.InboundPayload, _raw(now, retention))
    gone["logs"] = sum([await _delete(session, model, old) for model, old in _logs(now, retention)])
    found = {kind: number for kind, number in gone.items() if number}
    if found:
        await append(session, now, Deed(AuditAction.DATA_EXPIRED, SYSTEM, detail={**found}))
    return found


async def _still_closed(session: AsyncSession, conversation_ids: Sequence[int]) -> list[int]:
    """Locked: what somebody has opened again meanwhile is spared."""
    conversation = models.Conversation
    statement = select(conversation.id).where(
        conversation.id.in_(conversation_ids), conversation.state == ConversationState.CLOSED
    )
    return list(await session.scalars(statement.order_by(conversation.id).with_for_update()))


async def _remove_raw_of(session: AsyncSession, conversation_ids: Sequence[int]) -> int:
    """The same words stand in what the provider handed over."""
    payload, message = models.InboundPayload, models.Message
    same = and_(message.inbox_id == payload.inbox_id, message.external_id == payload.external_id)
    return await _delete(session, payload, exists().where(same, message.conversation_id.in_(conversation_ids)))


def _length(days: int | None) -> timedelta:
    return timedelta(days=days or 0)


def _is_limited(days: int | None) -> ColumnElement[bool]:
    return false() if days is None else true()


def _spoken(now: datetime, retention: Retention) -> ColumnElement[bool]:
    """Conversations that were closed for long enough and still say something."""
    if retention.messages_days is None:
        return false()
    conversation, message = models.Conversation, models.Message
    says = exists().where(message.conversation_id == conversation.id, message.text != ERASED)
    is_old = conversation.closed_at < now - _length(retention.messages_days)
    return and_(conversation.state == ConversationState.CLOSED, is_old, says)


def _files(before: datetime, *, recorded: bool) -> Select[int, str]:
    """Recordings are the sound of calls; all else are attachments. Only of conversations that are over."""
    file, message, conversation, inbox = models.AttachmentRow, models.Message, models.Conversation, models.Inbox
    is_recording = and_(inbox.channel == PHONE, file.content_type.startswith("audio/"))
    return (
        select(file.id, file.token)
        .join(message, message.id == file.message_id)
        .join(conversation, conversation.id == file.conversation_id)
        .join(inbox, inbox.id == conversation.inbox_id)
        .where(
            message.created_at < before, conversation.state == ConversationState.CLOSED,
            is_recording if recorded else not_(is_recording),
        )
        .order_by(file.id)
    )  # fmt: skip


def _raw(now: datetime, retention: Retention) -> ColumnElement[bool]:
    if retention.raw_mail_days is None:
        return false()
    return models.InboundPayload.received_at < now - _length(retention.raw_mail_days)


def _logs(now: datetime, retention: Retention) -> list[tuple[type[Base], ColumnElement[bool]]]:
    """Records of work that is over; the audit trail is kept."""
    if retention.logs_days is None:
        return []
    before = now - _length(retention.logs_days)
    buried = and_(models.Job.state == JobState.BURIED, models.Job.created_at < before)
    used = or_(models.OneTimeLink.expires_at < before, models.OneTimeLink.used_at < before)
    return [
        (models.Attempt, models.Attempt.at < before), (models.OneTimeLink, used),
        (models.LoginSession, models.LoginSession.expires_at < before), (models.Job, buried),
    ]  # fmt: skip


async def _count(session: AsyncSession, statement: SelectBase) -> int:
    return await session.scalar(select(func.count()).select_from(statement.subquery())) or 0


async def _delete(session: AsyncSession, model: type[Base], condition: ColumnElement[bool]) -> int:
    statement = delete(model).where(condition).execution_options(synchronize_session=False)
    result: Any = await session.execute(statement)
    return int(result.rowcount)
