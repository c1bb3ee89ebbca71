"""The names of those whose figures a viewer may see."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, report_queues, require_role


async def colleague_names(session: AsyncSession, reach: Reach) -> dict[str, str]:
    """Name by id: of everybody, or for a lead of their own teams. Raises Forbidden for who sees no reports."""
    require_role(reach.viewer, Action.REPORT)
    statement = select(models.User.id, models.User.name).order_by(models.User.name)
    if report_queues(reach) is not None:
        teams = array(sorted(reach.viewer.teams) or [""])
        statement = statement.where(models.User.teams.has_any(teams))
    return {str(user_id): name for user_id, name in await session.execute(statement)}
