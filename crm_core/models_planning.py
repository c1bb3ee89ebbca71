"""The tables of planning: who is to work when, what came before the event log, and what each forecast said."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.schema import Base


class RosterShift(Base):
    """One person's shift, twice once it is published: the draft goes on changing, colleagues see the other row."""

    __tablename__ = "roster_shift"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="order"),
        Index("ix_roster_shift_is_published_starts_at", "is_published", "starts_at"),
        Index("ix_roster_shift_user_id_starts_at", "user_id", "starts_at"),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    queues: Mapped[list[str]] = mapped_column(JSONB)  # none: all of the person's teams
    is_published: Mapped[bool]


class RosterPublication(Base):
    """A week was published: when, and by whom."""

    __tablename__ = "roster_publication"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    monday: Mapped[date] = mapped_column(index=True)
    at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    shifts: Mapped[int]


class KnownArrivals(Base):
    """Contacts by half hours of a day before this system counted them; `queue_key` is empty for all together."""

    __tablename__ = "known_arrivals"
    queue_key: Mapped[str] = mapped_column(primary_key=True)
    on: Mapped[date] = mapped_column(primary_key=True)
    counts: Mapped[list[float]] = mapped_column(JSONB)


class ForecastDay(Base):
    """What was expected of a day in its first hours, beside the week before; later, what came. By half hours."""

    __tablename__ = "forecast_day"
    queue_key: Mapped[str] = mapped_column(primary_key=True)
    on: Mapped[date] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    expected: Mapped[list[float]] = mapped_column(JSONB)
    naive: Mapped[list[float]] = mapped_column(JSONB)
    came: Mapped[list[float] | None] = mapped_column(JSONB(none_as_null=True))
