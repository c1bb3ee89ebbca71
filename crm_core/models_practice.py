"""The tables of practice: lessons made of conversations, who is to take which, runs and what was said in them.

Nothing here refers to a conversation, a contact or an event, so no figure, search or export can find it.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Identity, Index, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.contracts import JsonObject
from crm_core.schema import Base, one_of
from crm_core.states import PracticeState


class PracticeLesson(Base):
    """A lesson that a supervisor made of a past conversation, without anything that names a person."""

    __tablename__ = "practice_lesson"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    script: Mapped[JsonObject] = mapped_column(JSONB)  # config.practice.Lesson
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class PracticeAssignment(Base):
    """A lesson that a person, or everybody of a team, is to take."""

    __tablename__ = "practice_assignment"
    __table_args__ = (CheckConstraint("(user_id is null) <> (team is null)", name="whose"),)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    lesson: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    team: Mapped[str | None] = mapped_column(index=True)
    due_on: Mapped[date | None] = mapped_column(Date)
    assigned_by: Mapped[int] = mapped_column(ForeignKey("app_user.id"), index=True)
    at: Mapped[datetime]


class PracticeRun(Base):
    """One attempt; it keeps the lesson as it was, so that an edit changes no score."""

    __tablename__ = "practice_run"
    __table_args__ = (
        one_of("state", PracticeState), Index("ix_practice_run_user_id", "user_id", "lesson"),
    )  # fmt: skip
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    lesson: Mapped[str]
    script: Mapped[JsonObject] = mapped_column(JSONB)
    language: Mapped[str]
    day: Mapped[date] = mapped_column(Date)  # “today” of the story
    state: Mapped[str]
    step: Mapped[str | None]  # None once the customer has nothing more to say
    branches: Mapped[list[str]] = mapped_column(JSONB)  # which answers of the customer were used up
    started_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    disposition: Mapped[str | None]
    score: Mapped[int | None] = mapped_column(Integer)
    review: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    comment: Mapped[str | None]
    commented_by: Mapped[int | None] = mapped_column(ForeignKey("app_user.id"))


class PracticeEntry(Base):
    """What was said in a run. An `at` that is still to come: the customer is typing it."""

    __tablename__ = "practice_entry"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("practice_run.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    author: Mapped[str]
    visibility: Mapped[str]
    step: Mapped[str | None]
    text: Mapped[str]
    macro: Mapped[str | None]


class FirstDayStep(Base):
    """What somebody ticked off their first day by hand; `closed` puts the whole list away."""

    __tablename__ = "first_day_step"
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
