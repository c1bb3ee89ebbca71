"""The tables of those who look after the centre: saved searches, reviews of transcripts, the audit trail."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.contracts import JsonObject
from crm_core.schema import Base


class SavedSearch(Base):
    """A search somebody wants again; theirs alone."""

    __tablename__ = "saved_search"
    __table_args__ = (UniqueConstraint("user_id", "name"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[str]  # as in the page's address
    created_at: Mapped[datetime]


class QualityReview(Base):
    """What a supervisor says of an agent's work in one conversation: answers of a scorecard, or a comment alone."""

    __tablename__ = "quality_review"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    scorecard: Mapped[str | None]
    answers: Mapped[JsonObject] = mapped_column(JSONB)
    score: Mapped[int | None]  # percent of what could be had
    comment: Mapped[str | None]
    at: Mapped[datetime]


class AuditEntry(Base):
    """Who did or read what: only added to, each row's hash taken over the one before it and itself."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # counted without gaps
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(index=True)
    action: Mapped[str]
    object: Mapped[str | None] = mapped_column(index=True)
    source: Mapped[str | None]  # the client's address
    detail: Mapped[JsonObject] = mapped_column(JSONB)
    hash: Mapped[bytes]
