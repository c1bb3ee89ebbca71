"""Calls: their state between two requests, the legs to agents, and what was answered last, for a retry."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.contracts import JsonObject
from crm_core.schema import Base, one_of


class CallDirection(StrEnum):
    IN = "in"
    OUT = "out"


class LegState(StrEnum):
    """Of a try to reach an agent by telephone."""

    RINGING = "ringing"
    TAKEN = "taken"
    OVER = "over"


class Call(Base):
    """One telephone call with a customer. `external_id` is the carrier's; the conversation is its thread."""

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("inbox_id", "external_id"),
        one_of("direction", CallDirection),
        Index("ix_call_callback", "callback_wanted_at",
              postgresql_where=sql("callback_wanted_at is not null and callback_placed_at is null")),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    external_id: Mapped[str]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    direction: Mapped[str]
    state: Mapped[JsonObject] = mapped_column(JSONB, server_default=sql("'{}'"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    duration_s: Mapped[int | None]
    may_record: Mapped[bool | None]  # None: nobody has asked
    recording_id: Mapped[str | None]  # while one is running
    callback_number: Mapped[str | None]
    callback_wanted_at: Mapped[datetime | None]
    callback_placed_at: Mapped[datetime | None]


class CallAnswer(Base):
    """What one request of a call was answered; `document` is None while that is being thought about."""

    __tablename__ = "call_answer"
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[str | None]
    at: Mapped[datetime]


class CallLeg(Base):
    """A try to bring an agent to the telephone."""

    __tablename__ = "call_leg"
    __table_args__ = (one_of("state", LegState),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    external_id: Mapped[str | None]
    state: Mapped[str]
    outcome: Mapped[str | None]
    created_at: Mapped[datetime]
