"""The lists at the left of the desk: what waits, for how long, against which promise."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, RowMapping, Select, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Reach, visible_conversations
from crm_core.contracts import JsonObject
from crm_core.states import ConversationState, Visibility


class InboxTab(StrEnum):
    MINE = "mine"
    QUEUE = "queue"
    ALL = "all"
    SNOOZED = "snoozed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One line of the list. `due_at` is the promised first reply; None once a person has replied."""

    conversation_id: int
    contact_id: int
    contact_name: str | None
    address_uri: str | None
    channel: str
    language: str | None
    intent: str | None
    state: str
    agent_id: int | None
    agent_name: str | None
    queue_key: str | None
    waiting_since: datetime | None
    due_at: datetime | None
    last_message_at: datetime
    last_line: str
    last_author: str | None
    order_number: str | None
    signals: JsonObject = field(default_factory=dict)  # of the handoff
    offer: JsonObject | None = None  # the last one
    snoozed_until: datetime | None = None
    escalated: bool = False


_WAITING = (ConversationState.QUEUED, ConversationState.OFFERED)
_MINE = (ConversationState.OFFERED, ConversationState.ASSIGNED, ConversationState.WRAP_UP)


def _in_tab(reach: Reach, tab: InboxTab) -> ColumnElement[bool]:
    conversation = models.Conversation
    conditions: dict[InboxTab, ColumnElement[bool]] = {
        InboxTab.MINE: (conversation.agent_id == reach.viewer.user_id) & conversation.state.in_(_MINE),
        InboxTab.QUEUE: conversation.state.in_(_WAITING),
        InboxTab.ALL: conversation.state != ConversationState.CLOSED,
        InboxTab.SNOOZED: conversation.state == ConversationState.SNOOZED,
        InboxTab.CLOSED: conversation.state == ConversationState.CLOSED,
    }
    return conditions[tab] & visible_conversations(reach)


async def inbox_counts(session: AsyncSession, reach: Reach) -> dict[InboxTab, int]:
    """How many conversations each tab holds; closed ones are not counted."""
    tabs = (InboxTab.MINE, InboxTab.QUEUE, InboxTab.ALL, InboxTab.SNOOZED)
    statement = select(*(func.count().filter(_in_tab(reach, tab)) for tab in tabs)).where(
        models.Conversation.state != ConversationState.CLOSED
    )
    numbers = (await session.execute(statement)).one()
    return dict(zip(tabs, numbers, strict=True))


async def inbox_rows(session: AsyncSession, reach: Reach, tab: InboxTab, limit: int = 100) -> list[InboxRow]:
    """The rows of a tab: longest waiting first, closed ones newest first."""
    conversation = models.Conversation
    waiting = func.coalesce(conversation.queued_at, conversation.last_message_at)
    order = conversation.id.desc() if tab is InboxTab.CLOSED else waiting
    rows = (await session.execute(_rows_where(_in_tab(reach, tab)).order_by(order).limit(limit))).mappings()
    return [_row(row) for row in rows]


async def find_conversations(session: AsyncSession, reach: Reach, typed: str, limit: int = 8) -> list[InboxRow]:
    """By a part of the customer's name or address, or by order number: open ones first, newest first."""
    conversation, contact, address = models.Conversation, models.Contact, models.Address
    has_address = select(address.id).where(
        address.contact_id == conversation.contact_id, address.uri.icontains(typed, autoescape=True)
    )
    fits = or_(
        contact.name.icontains(typed, autoescape=True), has_address.exists(),
        conversation.handoff["order_number"].astext == typed,
    )  # fmt: skip
    statement = _rows_where(visible_conversations(reach) & fits)
    newest = statement.order_by(conversation.state == ConversationState.CLOSED, conversation.id.desc()).limit(limit)
    return [_row(row) for row in (await session.execute(newest)).mappings()]


def _rows_where(condition: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    conversation = models.Conversation
    last = (
        select(models.Message.text, models.Message.author)
        .where(models.Message.conversation_id == conversation.id, models.Message.visibility == Visibility.PUBLIC)
        .order_by(models.Message.id.desc())
        .limit(1)
        .lateral()
    )
    address = (
        select(models.Address.uri)
        .where(models.Address.contact_id == conversation.contact_id)
        .order_by(models.Address.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            *conversation.__table__.columns, models.Contact.name.label("contact_name"), models.Inbox.channel,
            models.User.name.label("agent_name"), address.label("uri"), last.c.text, last.c.author,
        )
        .select_from(conversation)
        .join(models.Contact, models.Contact.id == conversation.contact_id)
        .join(models.Inbox, models.Inbox.id == conversation.inbox_id)
        .join(models.User, models.User.id == conversation.agent_id, isouter=True)
        .join(last, true(), isouter=True)
        .where(condition)
    )  # fmt: skip


def _row(row: RowMapping) -> InboxRow:
    queued_at, due_at = row["queued_at"], None if row["first_replied_at"] else row["due_at"]
    handoff = row["handoff"] or {}
    return InboxRow(
        row["id"], row["contact_id"], row["contact_name"], row["uri"], row["channel"], row["language"],
        row["intent"], row["state"], row["agent_id"], row["agent_name"], row["queue_key"],
        queued_at or row["last_inbound_at"], due_at, row["last_message_at"], row["text"] or "", row["author"],
        handoff.get("order_number"), handoff.get("signals") or {}, row["offer"],
        row["snoozed_until"] if row["state"] == ConversationState.SNOOZED else None, row["escalated_at"] is not None,
    )  # fmt: skip
