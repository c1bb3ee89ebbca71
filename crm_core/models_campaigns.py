"""Tables of campaigns: who agreed to be written to, what is said to whom, and the lot drawn before anything is sent."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Identity, Index, Integer, Numeric, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.campaign_values import CampaignState, ConversionKind, MemberState, Purpose
from crm_core.contracts import JsonObject
from crm_core.schema import Base, one_of


class Consent(Base):
    """Whether a contact agreed to a purpose, as of now; how it came to be stands in the events."""

    __tablename__ = "consent"
    __table_args__ = (one_of("purpose", Purpose), UniqueConstraint("contact_id", "purpose"))
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    purpose: Mapped[str]
    source: Mapped[str]  # a word of ours: agent, import, link, stop_word
    text_version: Mapped[str | None]  # what they agreed to
    given_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class Segment(Base):
    """A group of contacts by what is asked of them; who is in it is looked up each time."""

    __tablename__ = "segment"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    criteria: Mapped[JsonObject] = mapped_column(JSONB)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime]


class Campaign(Base):
    """One outreach. `inbox_ids` in the order of preference."""

    __tablename__ = "campaign"
    __table_args__ = (
        one_of("state", CampaignState),
        one_of("conversion", ConversionKind),
        CheckConstraint("conversion_days between 1 and 365", name="conversion_days"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=CampaignState.DRAFT.value)
    criteria: Mapped[JsonObject] = mapped_column(JSONB, server_default=sql("'{}'"))
    inbox_ids: Mapped[list[int]] = mapped_column(JSONB, server_default=sql("'[]'"))
    conversion: Mapped[str] = mapped_column(server_default=ConversionKind.ORDER.value)
    conversion_days: Mapped[int] = mapped_column(Integer, server_default=sql("14"))
    send_days: Mapped[int] = mapped_column(Integer, server_default=sql("7"))
    cost: Mapped[Decimal | None] = mapped_column(Numeric)
    created_by: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CampaignArm(Base):
    """What one part of the audience gets; the hold-out gets nothing. `texts`: {language: {subject, text}}."""

    __tablename__ = "campaign_arm"
    __table_args__ = (
        UniqueConstraint("campaign_id", "key"),
        CheckConstraint("share between 1 and 100", name="share"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    key: Mapped[str]
    share: Mapped[int] = mapped_column(Integer)  # percent
    is_hold_out: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))
    texts: Mapped[JsonObject] = mapped_column(JSONB, server_default=sql("'{}'"))


class CampaignMember(Base):
    """The lot of one contact. `traits` are what was known of them when it was drawn, for the uplift."""

    __tablename__ = "campaign_member"
    __table_args__ = (
        one_of("state", MemberState),
        UniqueConstraint("campaign_id", "contact_id"),
        Index("ix_campaign_member_waiting", "due_at", postgresql_where=sql("state = 'waiting'")),
        Index("ix_campaign_member_posted_at", "posted_at"),
        Index("ix_campaign_member_contact_id", "contact_id"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    arm_id: Mapped[int] = mapped_column(ForeignKey("campaign_arm.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    customer_ref: Mapped[str | None]  # as it was known then: whose orders count
    language: Mapped[str]
    traits: Mapped[JsonObject] = mapped_column(JSONB, server_default=sql("'{}'"))
    state: Mapped[str]
    reason: Mapped[str | None]  # why they were left out after all
    assigned_at: Mapped[datetime]
    due_at: Mapped[datetime]  # not before: quiet hours, a conversation under way
    posted_at: Mapped[datetime | None]
    inbox_id: Mapped[int] = mapped_column(ForeignKey("inbox.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), unique=True)
    # what was counted for them once their person was erased
    orders: Mapped[int | None] = mapped_column(Integer)
    revenue: Mapped[Decimal | None] = mapped_column(Numeric)
