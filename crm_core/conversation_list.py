"""Conversations and their messages as programs read them: filtered, one page after another, never more than allowed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, audible, require, visible_conversations
from crm_core.conversation_head import rating_of
from crm_core.errors import NotFound


@dataclass(frozen=True, slots=True)
class Wanted:
    """None does not narrow."""

    state: str | None = None
    queue: str | None = None
    agent_id: int | None = None
    contact_id: int | None = None
    channel: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationLine:
    id: int
    contact_id: int
    channel: str
    inbox: str
    state: str
    queue: str | None
    agent_id: int | None
    language: str | None
    intent: str | None
    subject: str | None
    opened_at: datetime
    last_message_at: datetime
    queued_at: datetime | None
    due_at: datetime | None
    first_replied_at: datetime | None
    snoozed_until: datetime | None
    closed_at: datetime | None
    disposition: str | None
    rating: int | None


@dataclass(frozen=True, slots=True)
class FileLine:
    name: str
    content_type: str
    size: int
    token: str


@dataclass(frozen=True, slots=True)
class MessageLine:
    id: int
    at: datetime
    direction: str
    author: str
    agent_id: int | None
    visibility: str
    text: str
    language: str | None
    delivery: str | None
    delivery_code: str | None
    files: tuple[FileLine, ...] = ()


_conversation = models.Conversation
_LINE = (
    _conversation.id, _conversation.contact_id, models.Inbox.channel, models.Inbox.key, _conversation.state,
    _conversation.queue_key, _conversation.agent_id, _conversation.language, _conversation.intent,
    _conversation.subject, _conversation.opened_at, _conversation.last_message_at, _conversation.queued_at,
    _conversation.due_at, _conversation.first_replied_at, _conversation.snoozed_until, _conversation.closed_at,
    _conversation.disposition, models.Survey.score,
)  # fmt: skip


async def conversation_lines(
    session: AsyncSession, reach: Reach, wanted: Wanted, before: int | None, limit: int
) -> list[ConversationLine]:
    """The newest first, up to one more than `limit`, which says that there is another page."""
    statement = _lines().where(visible_conversations(reach), *_filters(wanted))
    if before is not None:
        statement = statement.where(_conversation.id < before)
    page = statement.order_by(_conversation.id.desc()).limit(limit + 1)
    rows: Iterable[Sequence[Any]] = await session.execute(page)
    return [ConversationLine(*row) for row in rows]


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(*_LINE)
        .select_from(_conversation)
        .join(models.Inbox, models.Inbox.id == _conversation.inbox_id)
        .join(models.Survey, rating_of(_conversation), isouter=True)
    )


def _filters(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    equal = (
        (_conversation.state, wanted.state), (_conversation.queue_key, wanted.queue),
        (_conversation.agent_id, wanted.agent_id), (_conversation.contact_id, wanted.contact_id),
        (models.Inbox.channel, wanted.channel), (_conversation.language, wanted.language),
    )  # fmt: skip
    return (column == value for column, value in equal if value is not None)


async def conversation_line(session: AsyncSession, reach: Reach, action: Action, number: int) -> ConversationLine:
    """Raises NotFound for what is not there or not the reader's, Forbidden for what they may not do with it."""
    row = (await session.scalars(select(_conversation).where(_conversation.id == number))).one_or_none()
    if row is None:
        raise NotFound("There is no such conversation.")
    require(reach, action, row)
    found: Sequence[Any] = (await session.execute(_lines().where(_conversation.id == number))).one()
    return ConversationLine(*found)


async def message_lines(
    session: AsyncSession, reach: Reach, conversation_id: int, after: int, limit: int
) -> list[MessageLine]:
    """In order, up to one more than `limit`; the caller has asked for access to the conversation."""
    message = models.Message
    columns = (
        message.id, message.created_at, message.direction, message.author, message.agent_id, message.visibility,
        message.text, message.language, message.delivery, message.delivery_code,
    )  # fmt: skip
    statement = select(*columns).where(
        message.conversation_id == conversation_id, message.id > after, audible(reach, message)
    )
    page = statement.order_by(message.id).limit(limit + 1)
    rows: Sequence[Sequence[Any]] = (await session.execute(page)).all()
    files = await _files(session, [row[0] for row in rows])
    return [replace(MessageLine(*row), files=tuple(files.get(row[0], ()))) for row in rows]


async def _files(session: AsyncSession, message_ids: Sequence[int]) -> dict[int, list[FileLine]]:
    file = models.AttachmentRow
    columns = (file.message_id, file.name, file.content_type, file.size, file.token)
    found: dict[int, list[FileLine]] = {}
    statement = select(*columns).where(file.message_id.in_(message_ids)).order_by(file.id)
    rows: Iterable[Sequence[Any]] = await session.execute(statement)
    for message_id, *rest in rows:
        found.setdefault(message_id, []).append(FileLine(*rest))
    return found
