"""What was learnt from the company's sales by night: kept by a worker, shown at the desk. It names no customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, Viewer, require_role
from crm_core.models_value import LearntFinding
from crm_core.sentences import Sentence

# in the order in which people read them
KINDS = ("retention", "segments", "churn", "clv", "demand", "price", "portfolio")


@dataclass(frozen=True, slots=True)
class Minimum:
    """What is counted, how many there are, and how many must be there."""

    what: str
    have: int
    need: int


@dataclass(frozen=True, slots=True)
class Trial:
    """How it was tried on what had been held out: the measure here, and of the plain method beside it."""

    protocol: str
    measure: str
    value: float
    anchor: str
    anchor_value: float
    n: int


@dataclass(frozen=True, slots=True)
class Curve:
    """After so many `days` the `share` that is still there, with its 95 % band; a staircase."""

    days: tuple[int, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who first bought in `month` (its first day): how many, and which share bought in each month since."""

    month: date
    customers: int
    active: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Amount:
    """One bar; `low` and `high` are its 95 % band where there is one. `note` is a short figure beside it."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    note: float | None = None


@dataclass(frozen=True, slots=True)
class Learnt:
    """Of one mining function: a sentence with its trial and pictures, or what there was too little of."""

    kind: str
    as_of: date
    currency: str | None
    sentence: Sentence | None = None
    refused: Minimum | None = None
    trial: Trial | None = None
    minima: tuple[Minimum, ...] = ()
    curve: Curve | None = None
    cohorts: tuple[Cohort, ...] = ()
    amounts: tuple[Amount, ...] = ()


_CONTENT: TypeAdapter[Learnt] = TypeAdapter(Learnt)


async def keep_learnt(session: AsyncSession, found: Sequence[Learnt]) -> None:
    """In place of all that was known."""
    await session.execute(delete(LearntFinding))
    session.add_all(LearntFinding(kind=each.kind, content=_CONTENT.dump_python(each, mode="json")) for each in found)


async def learnt_findings(session: AsyncSession, viewer: Viewer) -> tuple[Learnt, ...]:
    """All of them in the order of KINDS, or none before the first night. Raises Forbidden."""
    require_role(viewer, Action.REPORT)
    rows = {row.kind: row for row in await session.scalars(select(LearntFinding))}
    return tuple(_CONTENT.validate_python(rows[kind].content) for kind in KINDS if kind in rows)
