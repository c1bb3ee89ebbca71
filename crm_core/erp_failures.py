"""What an ERP did not answer lately, from the events."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.events import EventKind

MOST = 20


@dataclass(frozen=True, slots=True)
class Failures:
    code: str
    number: int
    last_at: datetime


async def recent_failures(session: AsyncSession, viewer: Viewer, since: datetime) -> list[Failures]:
    """By their code, the most frequent first. Raises Forbidden."""
    require_role(viewer, Action.ADMINISTER)
    event = models.Event
    code, number = event.data["code"].as_string(), func.count()
    statement = (
        select(code, number, func.max(event.at))
        .where(event.kind == EventKind.ERP_FAILED, event.at >= since)
        .group_by(code)
        .order_by(number.desc())
    )
    rows = await session.execute(statement.limit(MOST))
    return [Failures(found or "", times, last_at) for found, times, last_at in rows]
