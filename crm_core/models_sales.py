"""The table of leads: who may buy, how far it is, whose it is, and what comes next."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Identity, Index, Numeric
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.schema import Base


class Lead(Base):
    """Open until it is won by an order of the ERP or lost for a reason."""

    __tablename__ = "lead"
    __table_args__ = (
        Index("uq_lead_open", "contact_id", unique=True, postgresql_where=sql("closed_at is null")),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))  # which brought them, if any
    owner_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    stage: Mapped[str]
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    note: Mapped[str | None]
    next_step: Mapped[str | None]
    next_step_on: Mapped[date | None]
    first_contact_at: Mapped[datetime]
    created_at: Mapped[datetime]
    stage_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    lost_reason: Mapped[str | None]
    won_order: Mapped[str | None]  # number of the first order, in the ERP's words
    won_on: Mapped[date | None]
    won_amount: Mapped[Decimal | None] = mapped_column(Numeric)
