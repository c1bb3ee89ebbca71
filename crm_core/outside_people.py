"""Which account of ours somebody has whom a sign-in provider vouches for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core import models
from crm_core.audit import AuditAction, Deed, append
from crm_core.contacts import canonical_email
from crm_core.errors import InvalidInput
from crm_core.events import Actor
from crm_core.factor_conditions import BY_PROVIDER
from crm_core.models_sign_in import OutsideIdentity
from crm_core.oidc import OutsidePerson
from crm_core.plain_text import storable
from crm_core.staff import MOST_NAME_CHARACTERS, OpenedSession, open_session


class SignInOutcome(StrEnum):
    OK = "ok"
    UNVERIFIED = "unverified"
    STRANGER = "stranger"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class SignInRules:
    """Whose word counts: `domains` of addresses. Without `create_role` nobody gets an account by signing in."""

    domains: Sequence[str]
    create_role: str | None
    create_teams: Sequence[str]
    language: str


@dataclass(frozen=True, slots=True)
class SignIn:
    outcome: SignInOutcome
    session: OpenedSession | None = None


async def sign_in(
    session: AsyncSession, now: datetime, person: OutsidePerson, rules: SignInRules, user_agent: str
) -> SignIn:  # fmt: skip
    """By what the provider calls them, if they came before; else by an address that it verified, in our domains."""
    user = await _known(session, person)
    if user is None:
        if not person.is_verified:
            return SignIn(SignInOutcome.UNVERIFIED)
        user = await _by_address(session, now, person, rules)
    if user is None:
        return SignIn(SignInOutcome.STRANGER)
    if user.disabled_at is not None:
        return SignIn(SignInOutcome.DISABLED)
    return SignIn(SignInOutcome.OK, await open_session(session, now, user, user_agent, BY_PROVIDER))


async def _known(session: AsyncSession, person: OutsidePerson) -> models.User | None:
    identity = OutsideIdentity
    statement = select(models.User).join(identity, identity.user_id == models.User.id)
    return await session.scalar(
        statement.where(identity.issuer == person.issuer, identity.subject == storable(person.subject))
    )


async def _by_address(
    session: AsyncSession, now: datetime, person: OutsidePerson, rules: SignInRules
) -> models.User | None:  # fmt: skip
    try:
        email = canonical_email(person.email)
    except InvalidInput:
        return None
    if email.rpartition("@")[2] not in {domain.strip().lower() for domain in rules.domains}:
        return None
    user = await session.scalar(select(models.User).where(models.User.email == email).with_for_update())
    if user is None:
        user = await _created(session, now, person, email, rules)
    elif await _has_other(session, person, user.id):
        return None  # the address went to somebody else at the provider
    return await _linked(session, now, person, user) if user is not None else None


async def _has_other(session: AsyncSession, person: OutsidePerson, user_id: int) -> bool:
    own = OutsideIdentity.issuer == person.issuer, OutsideIdentity.user_id == user_id
    return await session.scalar(select(OutsideIdentity.subject).where(*own).limit(1)) is not None


async def _created(
    session: AsyncSession, now: datetime, person: OutsidePerson, email: str, rules: SignInRules
) -> models.User | None:
    if rules.create_role is None:
        return None
    name = storable(person.name).strip()[:MOST_NAME_CHARACTERS] or email.partition("@")[0]
    row = insert_or(models.User).values(
        email=email, name=name, role=rules.create_role, teams=list(rules.create_teams), language=rules.language,
        created_at=now,
    )  # fmt: skip
    user_id = await session.scalar(row.on_conflict_do_nothing().returning(models.User.id))
    return await session.get(models.User, user_id) if user_id is not None else None


async def _linked(session: AsyncSession, now: datetime, person: OutsidePerson, user: models.User) -> models.User:
    row = {"issuer": person.issuer, "subject": storable(person.subject), "user_id": user.id, "created_at": now}
    await session.execute(insert(OutsideIdentity).values(**row))
    detail = {"how": "provider_linked", "role": user.role}
    await append(session, now, Deed(AuditAction.PERSON_CHANGED, Actor.agent(user.id), f"user:{user.id}", None, detail))  # type: ignore[arg-type]
    return user
