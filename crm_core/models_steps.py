"""The five steps as managers wrote them, version by version; who wants the weekly report, and what was sent."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Identity
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.contracts import JsonObject
from crm_core.schema import Base


class FiveStepsVersion(Base):
    """One edit; the newest holds. Never changed."""

    __tablename__ = "five_steps_version"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    content: Mapped[JsonObject] = mapped_column(JSONB)
    changed: Mapped[list[str]] = mapped_column(JSONB)  # which parts, by their path
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime]


class ReportSubscription(Base):
    """Who gets the weekly report by mail."""

    __tablename__ = "report_subscription"
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), primary_key=True)
    at: Mapped[datetime]


class ReportLetter(Base):
    """A weekly report that was given to the mail, `week` by its Monday: at most one for each."""

    __tablename__ = "report_letter"
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    at: Mapped[datetime]
