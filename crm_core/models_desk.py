"""Tables of the desk's own."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.schema import Base


class HeldReply(Base):
    """A reply that can still be taken back; it becomes a message, with its id, only when its time is over."""

    __tablename__ = "held_reply"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    text: Mapped[str]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
