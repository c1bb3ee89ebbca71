"""The first set-up: which of its steps somebody has done or left out, and whether customers have been heard."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.models_settings import SetupStep
from crm_core.states import Direction


async def steps_taken(session: AsyncSession, viewer: Viewer) -> dict[str, bool]:
    """By step whether it was left out. Raises Forbidden."""
    require_role(viewer, Action.ADMINISTER)
    rows = await session.execute(select(SetupStep.step, SetupStep.skipped))
    return {row.step: row.skipped for row in rows}


async def take_step(session: AsyncSession, now: datetime, viewer: Viewer, step: str, *, skipped: bool) -> None:
    """Done is done: leaving it out later does not undo it. Raises Forbidden."""
    require_role(viewer, Action.ADMINISTER)
    row = insert(SetupStep).values(step=step, skipped=skipped, user_id=viewer.user_id, at=now)
    done = {"skipped": SetupStep.skipped & row.excluded.skipped}
    await session.execute(row.on_conflict_do_update(index_elements=["step"], set_=done))


async def last_heard(session: AsyncSession, viewer: Viewer) -> datetime | None:
    """When a customer last wrote, by whatever channel. Raises Forbidden."""
    require_role(viewer, Action.ADMINISTER)
    newest = select(func.max(models.Message.created_at)).where(models.Message.direction == Direction.IN)
    return await session.scalar(newest)


async def staff_count(session: AsyncSession, viewer: Viewer) -> int:
    """Who can log in, or is invited. Raises Forbidden."""
    require_role(viewer, Action.ADMINISTER)
    return await session.scalar(select(func.count()).where(models.User.disabled_at.is_(None))) or 0
