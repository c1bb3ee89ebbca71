"""What stands above and beside a transcript at the desk: who, where, how verified, what the bot handed over."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.contracts import JsonObject
from crm_core.models_phone import Call
from crm_core.surveys import CSAT


@dataclass(frozen=True, slots=True)
class KnownAddress:
    uri: str
    verified_at: datetime | None
    verified_how: str | None
    unreachable_why: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationHead:
    """One conversation without its messages. `handoff` is what `Handoff.as_json` wrote."""

    id: int
    contact_id: int
    contact_name: str | None
    addresses: tuple[KnownAddress, ...]
    channel: str
    inbox_name: str
    state: str
    agent_id: int | None
    agent_name: str | None
    queue_key: str | None
    language: str | None
    intent: str | None
    subject: str | None
    handoff: JsonObject | None
    customer_ref: str | None
    verified_at: datetime | None
    verified_how: str | None
    opened_at: datetime
    queued_at: datetime | None
    first_replied_at: datetime | None
    closed_at: datetime | None
    disposition: str | None
    survey_score: int | None
    survey_comment: str | None
    due_at: datetime | None
    callback_at: datetime | None
    offer: JsonObject | None
    snoozed_until: datetime | None
    escalated_at: datetime | None
    left_at: datetime | None = None  # gave up waiting
    follows_id: int | None = None  # the conversation that was closed before
    call_s: int | None = None  # on the telephone, all calls of it together


def rating_of(conversation: type[models.Conversation]) -> ColumnElement[bool]:
    """Joins the one survey that is a rating, so that other kinds make no further rows."""
    return (models.Survey.conversation_id == conversation.id) & (models.Survey.kind == CSAT)


async def conversation_head(session: AsyncSession, conversation_id: int) -> ConversationHead | None:
    """None when there is no such conversation; the caller has asked for access."""
    conversation = models.Conversation
    spoken = select(func.sum(Call.duration_s)).where(Call.conversation_id == conversation.id).scalar_subquery()
    statement = (
        select(
            *conversation.__table__.columns, models.Contact.name.label("contact_name"),
            models.Contact.customer_ref.label("contact_ref"), models.Inbox.channel,
            models.Inbox.name.label("inbox_name"), models.User.name.label("agent_name"),
            models.Survey.score, models.Survey.comment, spoken.label("call_s"),
        )
        .select_from(conversation)
        .join(models.Contact, models.Contact.id == conversation.contact_id)
        .join(models.Inbox, models.Inbox.id == conversation.inbox_id)
        .join(models.User, models.User.id == conversation.agent_id, isouter=True)
        .join(models.Survey, rating_of(conversation), isouter=True)
        .where(conversation.id == conversation_id)
    )  # fmt: skip
    row = (await session.execute(statement)).mappings().one_or_none()
    return None if row is None else _head(row, await known_addresses(session, row["contact_id"]))


async def known_addresses(session: AsyncSession, contact_id: int) -> tuple[KnownAddress, ...]:
    statement = (
        select(
            models.Address.uri, models.Address.verified_at, models.Address.verified_how, models.Address.unreachable_why
        )
        .where(models.Address.contact_id == contact_id)
        .order_by(models.Address.id)
    )
    return tuple(KnownAddress(*row) for row in await session.execute(statement))


def _head(row: RowMapping, addresses: tuple[KnownAddress, ...]) -> ConversationHead:
    return ConversationHead(
        row["id"], row["contact_id"], row["contact_name"], addresses, row["channel"], row["inbox_name"],
        row["state"], row["agent_id"], row["agent_name"], row["queue_key"], row["language"], row["intent"],
        row["subject"], row["handoff"], row["customer_ref"] or row["contact_ref"], row["verified_at"],
        row["verified_how"], row["opened_at"], row["queued_at"], row["first_replied_at"], row["closed_at"],
        row["disposition"], row["score"], row["comment"], row["due_at"], row["callback_at"], row["offer"],
        row["snoozed_until"], row["escalated_at"], row["left_at"], row["follows_id"],
        int(row["call_s"]) if row["call_s"] is not None else None,
    )  # fmt: skip
