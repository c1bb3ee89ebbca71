"""What administrators decide about log-in: which roles need a second factor, and whose is taken away."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.audit import AuditAction, Deed, append
from crm_core.contracts import UserId
from crm_core.errors import NotFound
from crm_core.events import SYSTEM, Actor
from crm_core.models_sign_in import SecondFactorRole
from crm_core.second_factor import forget_factor
from crm_core.staff import log_out_everywhere
from crm_core.states import Role


async def roles_with_factor(session: AsyncSession) -> frozenset[Role]:
    return frozenset(Role(role) for role in await session.scalars(select(SecondFactorRole.role)))


async def require_factor_of(session: AsyncSession, now: datetime, viewer: Viewer, roles: Iterable[Role]) -> None:
    """From the next request on, who has one of `roles` and no second factor sets one up before anything else."""
    require_role(viewer, Action.ADMINISTER)
    wanted, before = frozenset(roles), await roles_with_factor(session)
    if wanted == before:
        return
    await session.execute(delete(SecondFactorRole))
    if wanted:
        await session.execute(insert(SecondFactorRole), [{"role": role.value} for role in sorted(wanted)])
    detail = {"what": "second_factor_roles", "was": sorted(before), "now": sorted(wanted)}
    deed = Deed(AuditAction.CONFIGURATION_CHANGED, Actor.agent(viewer.user_id), None, detail=detail)  # type: ignore[arg-type]
    await append(session, now, deed)


async def reset_factor(session: AsyncSession, now: datetime, viewer: Viewer | None, user_id: int) -> None:
    """For somebody who lost their app and their codes: out everywhere. Without a viewer: by the command line."""
    if viewer is not None:
        require_role(viewer, Action.ADMINISTER)
    if await session.get(models.User, user_id) is None:
        raise NotFound("There is no such colleague.")
    await forget_factor(session, user_id)
    await log_out_everywhere(session, UserId(user_id))
    actor = Actor.agent(viewer.user_id) if viewer is not None else SYSTEM
    deed = Deed(AuditAction.PERSON_CHANGED, actor, f"user:{user_id}", detail={"how": "second_factor_reset"})
    await append(session, now, deed)
