"""The tables of what customers are worth, as learnt from the ERP's sales by night."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Float
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.schema import Base


class CustomerValue(Base):
    """Of one customer of the ERP; what could not be told yet is empty. `leaves`: the chance to, from 0 to 1.

    `orders` and `money` are expected in the `weeks` after `as_of`.
    """

    __tablename__ = "customer_value"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str | None]
    orders: Mapped[float | None] = mapped_column(Float)
    money: Mapped[float | None] = mapped_column(Float)
    currency: Mapped[str | None]
    leaves: Mapped[float | None] = mapped_column(Float)
    weeks: Mapped[int]
    as_of: Mapped[date]


class CustomerValueRun(Base):
    """One for each finished extract: who inserts it does the work, and who finds it undone after long enough."""

    __tablename__ = "customer_value_run"
    extracted_at: Mapped[datetime] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class LearntFinding(Base):
    """One for each mining function; `content` is a `crm_core.learnt.Learnt`."""

    __tablename__ = "learnt_finding"
    kind: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
