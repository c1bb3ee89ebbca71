"""Who works here and how much they hold, as programs read it."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Reach, require_role
from crm_core.conversations import OWNED


@dataclass(frozen=True, slots=True)
class AgentLine:
    """`open` is how many conversations they hold, of the `capacity` that they can."""

    id: int
    name: str
    role: str
    teams: tuple[str, ...]
    state: str
    capacity: int
    open: int


async def agent_lines(session: AsyncSession, reach: Reach) -> list[AgentLine]:
    """By name; of the reader's teams only, where the reader is held to teams. Raises Forbidden."""
    require_role(reach.viewer, Action.REPORT)
    user, conversation = models.User, models.Conversation
    held = select(func.count()).where(conversation.agent_id == user.id, conversation.state.in_(OWNED))
    statement = select(user, held.scalar_subquery()).where(user.disabled_at.is_(None)).order_by(user.name, user.id)
    if not reach.sees_all:
        statement = statement.where(user.teams.has_any(array(sorted(reach.viewer.teams) or [""])))
    return [
        AgentLine(one.id, one.name, one.role, tuple(one.teams), one.state, one.capacity, load)
        for one, load in await session.execute(statement)
    ]
