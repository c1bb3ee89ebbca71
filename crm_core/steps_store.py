"""The five steps as managers write them: stored whole, as versions, each with who changed what."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.five_steps import FiveSteps
from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.audit import AuditAction, Deed, append
from crm_core.contracts import JsonObject
from crm_core.errors import NotFound
from crm_core.events import Actor
from crm_core.models_steps import FiveStepsVersion
from crm_core.settings_store import MOST_CHANGES, SHOWN_VERSIONS, EditedMeanwhile, Version, changes, lock_settings


@dataclass(frozen=True, slots=True)
class Held:
    """`version` is 0 while nobody has written anything."""

    version: int
    steps: FiveSteps


async def read_steps(session: AsyncSession, viewer: Viewer) -> Held:
    """What holds. Raises Forbidden."""
    require_role(viewer, Action.SUPERVISE)
    return await _newest(session)


async def read_version(session: AsyncSession, viewer: Viewer, version: int) -> Held:
    """As it was then. Raises Forbidden, NotFound."""
    require_role(viewer, Action.SUPERVISE)
    row = await session.get(FiveStepsVersion, version)
    if row is None:
        raise NotFound("There is no such version.")
    return Held(row.id, FiveSteps.model_validate(row.content))


async def keep_steps(session: AsyncSession, now: datetime, viewer: Viewer, wanted: Held) -> bool:
    """`wanted.version` is the one that was looked at. False when nothing changed. Raises Forbidden, EditedMeanwhile."""
    require_role(viewer, Action.SUPERVISE)
    await lock_settings(session)
    held = await _newest(session)
    if held.version != wanted.version:
        raise EditedMeanwhile("Somebody else has changed this meanwhile: look at it again.")
    content = _dumped(wanted.steps)
    changed = list(changes(_dumped(held.steps), content))
    if not changed:
        return False
    shown = [*changed[:MOST_CHANGES], *(["…"] if len(changed) > MOST_CHANGES else [])]
    session.add(FiveStepsVersion(content=content, changed=shown, user_id=viewer.user_id, at=now))
    told: JsonObject = {"changed": [*shown]}
    deed = Deed(AuditAction.CONFIGURATION_CHANGED, Actor.agent(viewer.user_id), "five_steps", None, told)
    await append(session, now, deed)
    return True


async def step_versions(session: AsyncSession, viewer: Viewer) -> list[Version]:
    """The last of them, newest first. Raises Forbidden."""
    require_role(viewer, Action.SUPERVISE)
    row = FiveStepsVersion
    statement = select(row.id, row.at, models.User.name, row.changed).join(models.User, models.User.id == row.user_id)
    rows = await session.execute(statement.order_by(row.id.desc()).limit(SHOWN_VERSIONS))
    return [Version(number, at, by, tuple(changed), is_file=False) for number, at, by, changed in rows]


def differences(one: FiveSteps, other: FiveSteps) -> list[str]:
    """The paths at which two versions differ."""
    return list(changes(_dumped(one), _dumped(other)))


async def _newest(session: AsyncSession) -> Held:
    newest = select(func.max(FiveStepsVersion.id)).scalar_subquery()
    row = await session.scalar(select(FiveStepsVersion).where(FiveStepsVersion.id == newest))
    return Held(0, FiveSteps()) if row is None else Held(row.id, FiveSteps.model_validate(row.content))


def _dumped(steps: FiveSteps) -> JsonObject:
    found: JsonObject = steps.model_dump(mode="json")
    return found
