"""What administrators set at the desk instead of a file, version by version."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.contracts import JsonObject
from crm_core.schema import Base


class SettingVersion(Base):
    """One edit of one document; the newest holds. Without content the file holds again. Never changed."""

    __tablename__ = "setting_version"
    __table_args__ = (Index("ix_setting_version_document", "document", "id"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    document: Mapped[str]
    content: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    changed: Mapped[list[str]] = mapped_column(JSONB)  # which parts, by their path
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime]


class SetupStep(Base):
    """A step of the first set-up that somebody did or left out."""

    __tablename__ = "setup_step"
    step: Mapped[str] = mapped_column(primary_key=True)
    skipped: Mapped[bool]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime]
