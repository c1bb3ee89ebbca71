"""What an agent can and how much they can hold: set by administrators, read by routing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.contracts import UserId
from crm_core.errors import InvalidInput, NotFound
from crm_core.models_routing import AgentSkill
from crm_core.routing_values import Load
from crm_core.signals import Signal, Topic, publish
from crm_core.states import AbilityKind

LOWEST, HIGHEST = 1, 5
MOST_SLOTS = 50


@dataclass(frozen=True, slots=True)
class Abilities:
    """Skills and languages with a level from 1 to 5; places in all, and the most of a kind where it is less."""

    skills: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    capacity: int = 5
    limits: Mapping[Load, int] = field(default_factory=dict)


async def change_abilities(session: AsyncSession, viewer: Viewer, user_id: UserId, abilities: Abilities) -> None:
    """By who administers. Raises Forbidden, InvalidInput, NotFound."""
    require_role(viewer, Action.ADMINISTER)
    await set_abilities(session, user_id, abilities)


async def set_abilities(session: AsyncSession, user_id: UserId, abilities: Abilities) -> None:
    """For the operator of the machine: no access is checked here. Routing hears of it at once."""
    _check(abilities)
    values = {
        "capacity": abilities.capacity, "limits": {load.value: most for load, most in abilities.limits.items()},
    }  # fmt: skip
    changed = update(models.User).where(models.User.id == user_id).values(**values).returning(models.User.id)
    if await session.scalar(changed.execution_options(synchronize_session=False)) is None:
        raise NotFound("There is no such user.")
    await session.execute(delete(AgentSkill).where(AgentSkill.user_id == user_id))
    rows = [
        {"user_id": user_id, "kind": kind.value, "name": name, "level": level}
        for kind, levels in ((AbilityKind.SKILL, abilities.skills), (AbilityKind.LANGUAGE, abilities.languages))
        for name, level in levels.items()
    ]
    if rows:
        await session.execute(insert(AgentSkill), rows)
    await publish(session, Signal(Topic.AGENT, user_id))


def _check(abilities: Abilities) -> None:
    levels = [*abilities.skills.values(), *abilities.languages.values()]
    if not all(LOWEST <= level <= HIGHEST for level in levels):
        raise InvalidInput(f"A level is a number from {LOWEST} to {HIGHEST}.")
    numbers = [abilities.capacity, *abilities.limits.values()]
    if not all(0 <= number <= MOST_SLOTS for number in numbers):
        raise InvalidInput(f"A capacity is a number from 0 to {MOST_SLOTS}.")


async def user_by_email(session: AsyncSession, email: str) -> UserId:
    """Raises NotFound."""
    found = await session.scalar(select(models.User.id).where(models.User.email == email.strip().lower()))
    if found is None:
        raise NotFound("Nobody logs in with this e-mail address.")
    return UserId(found)
