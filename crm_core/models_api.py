"""The tables of the programs that work with us: their keys, their repeated requests, and where events are sent."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, Integer, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.contracts import JsonObject
from crm_core.schema import Base, one_of
from crm_core.states import DeliveryOutcome


class ApiKey(Base):
    """A program's permission. The key itself is shown once; the row holds only its hash."""

    __tablename__ = "api_key"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    hash: Mapped[bytes] = mapped_column(unique=True)
    hint: Mapped[str]  # its first characters, to tell it from others
    scopes: Mapped[list[str]] = mapped_column(JSONB)
    teams: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))  # null: not held to teams
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotentAnswer(Base):
    """What a write was answered, for whoever repeats it. Answers hold ids and states, nothing that people wrote."""

    __tablename__ = "idempotent_answer"
    key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]  # of method, path and body
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[JsonObject | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(index=True)


class Webhook(Base):
    """Where events are sent. `cursor` is the last event that has become a delivery; its secret comes from `salt`."""

    __tablename__ = "webhook"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    url: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(JSONB)
    salt: Mapped[bytes]
    cursor: Mapped[int]
    created_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_why: Mapped[str | None]  # chosen, failing, gone


class WebhookDelivery(Base):
    """One event on its way to one receiver; without an event it is a test. Claiming one moves its `due_at` on."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        one_of("outcome", DeliveryOutcome),
        UniqueConstraint("webhook_id", "event_id"),
        Index("ix_webhook_delivery_due", "webhook_id", "due_at", postgresql_where=sql("outcome = 'waiting'")),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    event_id: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(server_default=DeliveryOutcome.WAITING.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    due_at: Mapped[datetime]


class WebhookAttempt(Base):
    """One try, as it stands in the log: never what was said."""

    __tablename__ = "webhook_attempt"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("webhook_delivery.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(Integer)  # null: there was no answer, and `code` says why
    code: Mapped[str]
    duration_ms: Mapped[int] = mapped_column(Integer)
