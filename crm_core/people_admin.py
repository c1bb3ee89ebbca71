"""The accounts of staff, for administrators: invite, change, disable, let in again; the last administrator stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.access import Action, Viewer, require_role
from crm_core.attempts import attempt_subject, count_attempts, note_attempt
from crm_core.audit import AuditAction, Deed, append
from crm_core.contacts import canonical_email
from crm_core.contracts import JsonObject, UserId
from crm_core.errors import Conflict, InvalidInput, NotFound, RateLimited
from crm_core.events import Actor
from crm_core.models_routing import AgentSkill
from crm_core.passwords import check_strength, matches
from crm_core.plain_text import is_storable
from crm_core.signals import Signal, Topic, publish
from crm_core.staff import (
    FAILURES_BY_EMAIL,
    FAILURES_WINDOW,
    MOST_NAME_CHARACTERS,
    SESSIONS_CHANGED,
    LinkPurpose,
    disable_user,
    issue_link,
    set_password,
    token_hash,
)
from crm_core.states import AbilityKind, Role

INVITATION_VALID, RESET_VALID = timedelta(days=3), timedelta(days=1)
LEVELS = range(1, 6)
MOST_CAPACITY = 50
_LETS_IN = (LinkPurpose.INVITATION.value, LinkPurpose.RESET.value)


class LastAdministrator(Conflict):
    code = "last_administrator"


class WrongPassword(InvalidInput):
    code = "wrong_password"


class WeakPassword(InvalidInput):
    code = "weak_password"


class AddressTaken(Conflict):
    code = "address_taken"


@dataclass(frozen=True, slots=True)
class Profile:
    """What an administrator decides about a colleague. Levels of skills and languages go from 1 to 5."""

    name: str
    role: Role
    teams: Sequence[str] = ()
    capacity: int = 5
    languages: Mapping[str, int] = field(default_factory=dict)
    skills: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Colleague:
    id: UserId
    email: str
    profile: Profile
    is_invited: bool  # has not chosen a password yet
    disabled_at: datetime | None


async def colleagues(session: AsyncSession, viewer: Viewer) -> list[Colleague]:
    """Everybody, by name; the disabled last. Raises Forbidden."""
    require_role(viewer, Action.ADMINISTER)
    abilities: dict[tuple[int, str], dict[str, int]] = {}
    for row in await session.scalars(select(AgentSkill).order_by(AgentSkill.name)):
        abilities.setdefault((row.user_id, row.kind), {})[row.name] = row.level
    users = await session.scalars(
        select(models.User).order_by(models.User.disabled_at.is_not(None), func.lower(models.User.name))
    )
    return [_colleague(user, abilities) for user in users]


def _colleague(user: models.User, abilities: Mapping[tuple[int, str], dict[str, int]]) -> Colleague:
    languages = abilities.get((user.id, AbilityKind.LANGUAGE), {})
    skills = abilities.get((user.id, AbilityKind.SKILL), {})
    profile = Profile(user.name, Role(user.role), tuple(user.teams), user.capacity, languages, skills)
    return Colleague(UserId(user.id), user.email, profile, user.password_hash is None, user.disabled_at)


async def colleague(session: AsyncSession, viewer: Viewer, user_id: int) -> Colleague:
    """Raises Forbidden, NotFound."""
    found = next((one for one in await colleagues(session, viewer) if one.id == user_id), None)
    if found is None:
        raise NotFound("There is no such colleague.")
    return found


async def invite(
    session: AsyncSession, now: datetime, viewer: Viewer, email: str, profile: Profile
) -> tuple[UserId, str]:
    """The new account, and the token of the link by which its owner chooses a password. Raises AddressTaken."""
    require_role(viewer, Action.ADMINISTER)
    _check(profile)
    row = insert_or(models.User).values(
        email=canonical_email(email), name=profile.name, role=profile.role.value, teams=list(profile.teams),
        language=viewer.language, capacity=profile.capacity, created_at=now,
    )  # fmt: skip
    user_id = await session.scalar(row.on_conflict_do_nothing().returning(models.User.id))
    if user_id is None:
        raise AddressTaken("Somebody with this e-mail address has an account already.")
    await _set_abilities(session, user_id, profile)
    token = await issue_link(session, now, LinkPurpose.INVITATION, valid_for=INVITATION_VALID, user_id=user_id)
    await _audit(session, now, viewer, user_id, {"how": "invited", "role": profile.role.value})
    return UserId(user_id), token


async def change_profile(session: AsyncSession, now: datetime, viewer: Viewer, user_id: int, profile: Profile) -> None:
    """Holds from the next request on. Raises LastAdministrator."""
    require_role(viewer, Action.ADMINISTER)
    _check(profile)
    user = await _user(session, user_id)
    if profile.role is not Role.ADMIN:
        await _require_other_admin(session, user)
    told: JsonObject = {"how": "changed", "role_was": user.role, "role": profile.role.value}
    user.name, user.role, user.teams, user.capacity = (
        profile.name, profile.role.value, list(profile.teams), profile.capacity,
    )  # fmt: skip
    await session.flush()
    await _set_abilities(session, user_id, profile)
    await publish(session, Signal(Topic.AGENT, user_id, SESSIONS_CHANGED))
    await _audit(session, now, viewer, user_id, told)


async def disable(session: AsyncSession, now: datetime, viewer: Viewer, user_id: int) -> None:
    """Out everywhere at once; links that would let them in end too. Raises LastAdministrator."""
    require_role(viewer, Action.ADMINISTER)
    await _require_other_admin(session, await _user(session, user_id))
    await session.execute(delete(models.OneTimeLink).where(models.OneTimeLink.user_id == user_id))
    await disable_user(session, now, UserId(user_id))
    await _audit(session, now, viewer, user_id, {"how": "disabled"})


async def enable(session: AsyncSession, now: datetime, viewer: Viewer, user_id: int) -> None:
    require_role(viewer, Action.ADMINISTER)
    user = await _user(session, user_id)
    user.disabled_at = None
    await session.flush()
    await _audit(session, now, viewer, user_id, {"how": "enabled"})


async def reset_link(session: AsyncSession, now: datetime, viewer: Viewer, user_id: int) -> str:
    """The token of a link for a new password; the old one holds until it is used. Raises Conflict for the disabled."""
    require_role(viewer, Action.ADMINISTER)
    user = await _user(session, user_id)
    if user.disabled_at is not None:
        raise Conflict("This account is disabled: enable it first.")
    invited = user.password_hash is None
    purpose = LinkPurpose.INVITATION if invited else LinkPurpose.RESET
    valid_for = INVITATION_VALID if invited else RESET_VALID
    token = await issue_link(session, now, purpose, valid_for=valid_for, user_id=user_id)
    await _audit(session, now, viewer, user_id, {"how": "link"})
    return token


async def redeem(session: AsyncSession, now: datetime, token: str, password: str) -> str:
    """The e-mail address of whoever has chosen a password by an invitation or a reset.

    NotFound alike for a link that is unknown, used, expired, or of somebody disabled; InvalidInput keeps the link.
    """
    link = models.OneTimeLink
    statement = (
        update(link)
        .where(
            link.token_hash == token_hash(token), link.purpose.in_(_LETS_IN), link.used_at.is_(None),
            link.expires_at > now,
        )
        .values(used_at=now)
        .returning(link.user_id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    user_id = await session.scalar(statement)
    user = await session.get(models.User, user_id, with_for_update=True) if user_id is not None else None
    if user is None or user.disabled_at is not None:
        raise NotFound("This link no longer works.")
    await set_password(session, UserId(user.id), password)
    await session.execute(delete(link).where(link.user_id == user.id, link.used_at.is_(None)))
    own = Deed(AuditAction.PERSON_CHANGED, Actor.agent(user.id), f"user:{user.id}", detail={"how": "password"})
    await append(session, now, own)
    return user.email


def _check(profile: Profile) -> None:
    name = profile.name.strip()
    if not name or len(name) > MOST_NAME_CHARACTERS or not is_storable(name):
        raise InvalidInput("Write the name as colleagues and customers shall see it, at most 100 characters.")
    if not 0 <= profile.capacity <= MOST_CAPACITY:
        raise InvalidInput(f"The capacity goes from 0 to {MOST_CAPACITY} contacts at once.")
    if any(level not in LEVELS for level in (*profile.languages.values(), *profile.skills.values())):
        raise InvalidInput("Levels go from 1 to 5.")


async def _user(session: AsyncSession, user_id: int) -> models.User:
    """All administrators are locked, in order: two who demote each other at once wait for one another."""
    await session.execute(select(models.User.id).where(_is_admin()).order_by(models.User.id).with_for_update())
    user = await session.get(models.User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("There is no such colleague.")
    return user


async def _require_other_admin(session: AsyncSession, user: models.User) -> None:
    if set(await session.scalars(select(models.User.id).where(_is_admin()))) == {user.id}:
        raise LastAdministrator("This is the last administrator: make somebody else one first.")


def _is_admin() -> ColumnElement[bool]:
    return and_(models.User.role == Role.ADMIN, models.User.disabled_at.is_(None))


async def _set_abilities(session: AsyncSession, user_id: int, profile: Profile) -> None:
    await session.execute(delete(AgentSkill).where(AgentSkill.user_id == user_id))
    rows = [
        {"user_id": user_id, "kind": kind.value, "name": name, "level": level}
        for kind, levels in ((AbilityKind.LANGUAGE, profile.languages), (AbilityKind.SKILL, profile.skills))
        for name, level in levels.items()
    ]
    if rows:
        await session.execute(insert(AgentSkill), rows)


async def _audit(session: AsyncSession, now: datetime, viewer: Viewer, user_id: int, detail: JsonObject) -> None:
    deed = Deed(AuditAction.PERSON_CHANGED, Actor.agent(viewer.user_id), f"user:{user_id}", detail=detail)
    await append(session, now, deed)


@dataclass(frozen=True, slots=True)
class PasswordChange:
    user_id: UserId
    old: str
    new: str


async def change_own_password(
    session: AsyncSession, now: datetime, wanted: PasswordChange, key: bytes
) -> InvalidInput | RateLimited | None:
    """None when it is done, and every session has ended. A value, not an exception: refused tries must be counted."""
    subject = attempt_subject(key, "password", str(wanted.user_id))
    if await count_attempts(session, "password", subject, now - FAILURES_WINDOW) >= FAILURES_BY_EMAIL:
        return RateLimited("Too many attempts: wait a few minutes.")
    user = await _user(session, wanted.user_id)
    if not await matches(wanted.old, user.password_hash):
        await note_attempt(session, now, "password", subject)
        return WrongPassword("The present password is another one.")
    try:
        check_strength(wanted.new, user.email, user.name)
    except InvalidInput as error:
        return WeakPassword(str(error))
    await set_password(session, wanted.user_id, wanted.new)
    own = Deed(
        AuditAction.PERSON_CHANGED, Actor.agent(wanted.user_id), f"user:{wanted.user_id}", detail={"how": "password"}
    )  # fmt: skip
    await append(session, now, own)
    return None
