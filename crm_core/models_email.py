"""The table that only mail needs."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.schema import Base


class MailboxPosition(Base):
    """How far a mailbox has been read: RFC 9051 section 2.3.1.1, a UID means nothing without its UIDVALIDITY."""

    __tablename__ = "mailbox_position"
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"), primary_key=True)
    folder: Mapped[str] = mapped_column(primary_key=True)
    uid_validity: Mapped[int]
    last_uid: Mapped[int]
    at: Mapped[datetime]
