"""What computes plans for the desk: handed over by the composition root."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Reach
from crm_core.planning import (
    Assumptions,
    Compared,
    DayNeed,
    DayOutcome,
    Outlook,
    Progress,
    Situation,
    Week,
    WeekAccuracy,
)

Compute = Callable[[], Outlook]  # raises NotEnough; takes up to a second of the processor, so run it in a thread


@dataclass(frozen=True, slots=True)
class PlanningPorts:
    """Readers ask the access rules again; the queue None is all of them."""

    outlook: Callable[[AsyncSession, Reach, datetime, Week, str | None], Awaitable[Compute]]
    measured: Callable[[AsyncSession, Reach, datetime, str, str | None], Awaitable[Assumptions]]
    accuracy: Callable[[AsyncSession, Reach, datetime, Week, str | None], Awaitable[list[WeekAccuracy]]]
    need: Callable[[Sequence[float], Sequence[bool], Assumptions], DayNeed]
    at_desk: Callable[[Sequence[float], float], tuple[int, ...]]
    formula: Callable[[Situation], DayOutcome]
    simulate: Callable[[Situation, Situation], AsyncIterator[Progress | Compared]]
