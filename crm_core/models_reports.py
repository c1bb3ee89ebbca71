"""What the reports read: facts made of the events and kept, so that no report makes them again (docs/reports.md)."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Boolean, Identity, Integer, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.schema import Base


class About:
    """What a fact can be grouped by."""

    key: Mapped[int] = mapped_column(Identity(), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(index=True)
    queue: Mapped[str | None]
    channel: Mapped[str | None]
    language: Mapped[str | None]
    intent: Mapped[str | None]
    agent: Mapped[str | None]


class ReportSegment(About, Base):
    """One time in line."""

    __tablename__ = "report_segment"
    queued_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_how: Mapped[str | None]
    callback_at: Mapped[datetime | None]
    offers: Mapped[int]
    declines: Mapped[int]
    p50_s: Mapped[Decimal | None] = mapped_column(Numeric(18, 6))
    p80_s: Mapped[Decimal | None] = mapped_column(Numeric(18, 6))


class ReportRun(About, Base):
    """The customer wrote or was handed over, and a person replied, or not yet."""

    __tablename__ = "report_run"
    began_at: Mapped[datetime] = mapped_column(index=True)
    is_first: Mapped[bool] = mapped_column(Boolean)
    replied_at: Mapped[datetime | None]
    over_at: Mapped[datetime | None]


class ReportConversation(About, Base):
    """A whole conversation."""

    __tablename__ = "report_conversation"
    opened_at: Mapped[datetime] = mapped_column(index=True)
    first_solved_at: Mapped[datetime | None]
    last_solved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    reopens: Mapped[int]
    is_open: Mapped[bool] = mapped_column(Boolean)
    is_human: Mapped[bool] = mapped_column(Boolean)
    has_bot: Mapped[bool] = mapped_column(Boolean)
    is_surveyed: Mapped[bool] = mapped_column(Boolean)
    score: Mapped[int | None] = mapped_column(Integer)
    back_at: Mapped[datetime | None]


class ReportState(Base):
    """How far the facts have come: one row. What a transaction from `since` on wrote is not in them yet."""

    __tablename__ = "report_state"
    one: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[int | None]  # empty until everything was read once
    horizon: Mapped[int | None]  # of the reading under way, which has come to conversation `done`
    done: Mapped[int]
    newest_at: Mapped[datetime | None]
