"""The tables of routing: what agents know, the rules as they hold, running promises."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Identity, Index, Integer
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.contracts import JsonObject
from crm_core.schema import Base, one_of
from crm_core.states import AbilityKind, RuleKind


class AgentSkill(Base):
    """What an agent can: a skill of `queues.yml` or a language, with a level from 1 to 5."""

    __tablename__ = "agent_skill"
    __table_args__ = (one_of("kind", AbilityKind), CheckConstraint("level between 1 and 5", name="level"))
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(Integer, server_default=sql("1"))


class RoutingRule(Base):
    """A queue, calendar or policy as it holds: what its file says, or the desk instead of it."""

    __tablename__ = "routing_rule"
    __table_args__ = (one_of("kind", RuleKind),)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(Integer)
    content: Mapped[JsonObject] = mapped_column(JSONB)


class SlaClock(Base):
    """A running promise. At most one of a kind runs in a conversation; ended ones stay as a record."""

    __tablename__ = "sla_clock"
    __table_args__ = (
        Index("uq_sla_clock_running", "conversation_id", "kind", unique=True, postgresql_where=sql("ended_at is null")),
        Index("ix_sla_clock_conversation_id", "conversation_id"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    kind: Mapped[str]
    policy: Mapped[str]
    queue_key: Mapped[str]
    target_s: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime]
    running_since: Mapped[datetime | None]
    spent_s: Mapped[float] = mapped_column(Float, server_default=sql("0"))
    due_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
