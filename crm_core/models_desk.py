"""Tables of the desk's own."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.contracts import JsonObject
from crm_core.schema import Base


class VisitorPresence(Base):
    """When a visitor in line was last seen; apart from the conversation, whose writers are not to be waited for."""

    __tablename__ = "visitor_presence"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[datetime]


class HeldReply(Base):
    """A reply that can still be taken back; it becomes a message, with its id, only when its time is over."""

    __tablename__ = "held_reply"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    text: Mapped[str]
    files: Mapped[list[JsonObject]] = mapped_column(JSONB, server_default=sql("'[]'"))  # as StoredFile
    closes_as: Mapped[str | None]  # “send & resolve”: the disposition
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
