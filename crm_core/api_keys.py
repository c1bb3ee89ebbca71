"""Keys of programs: made by an administrator, shown once, kept as a hash; each reads and writes what its scopes say."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from crm_core.access import Action, KeyRights, Viewer, require_role
from crm_core.audit import AuditAction, Deed, append
from crm_core.contracts import JsonObject
from crm_core.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from crm_core.events import SYSTEM, Actor
from crm_core.models_api import ApiKey
from crm_core.plain_text import is_storable
from crm_core.states import Role, Scope

PREFIX, RANDOM_BYTES, HINT_CHARACTERS = "sb_", 32, 9
MOST_NAME_CHARACTERS = 80
MOST_DAYS = 3_650
NOBODY = 0  # no user has this id: a program owns no conversation
TOUCH_EVERY = timedelta(minutes=1)


class KeyUnnamed(InvalidInput):
    code = "unnamed"


class NoScope(InvalidInput):
    code = "no_scope"


@dataclass(frozen=True, slots=True)
class NewKey:
    """`teams` None: not held to teams; `days` None: until it is revoked."""

    name: str
    scopes: frozenset[Scope]
    teams: Collection[str] | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key as administrators see it: never the key."""

    id: int
    name: str
    hint: str
    scopes: tuple[str, ...]
    teams: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


def key_hash(key: str) -> bytes:
    """One round is enough: what has 256 random bits cannot be guessed from its hash."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def actor_of(viewer: Viewer) -> Actor:
    """Who did it, for events and the audit trail."""
    return Actor(f"key:{viewer.key.key_id}") if viewer.key else Actor.agent(viewer.user_id)


async def create_key(session: AsyncSession, now: datetime, viewer: Viewer | None, new: NewKey) -> tuple[int, str]:
    """Its id, and the key: there is no second chance to see it. Without a viewer, by who has the machine."""
    maker = _administrator(viewer)
    _check(new)
    key = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    scopes, teams = sorted(new.scopes), None if new.teams is None else sorted(new.teams)
    row = insert(ApiKey).values(
        name=new.name, hash=key_hash(key), hint=key[:HINT_CHARACTERS], scopes=scopes, teams=teams, created_at=now,
        created_by=maker.name, expires_at=None if new.days is None else now + timedelta(days=new.days),
    )  # fmt: skip
    key_id = int(await session.scalar(row.returning(ApiKey.id)) or 0)
    await _note(session, now, maker, key_id, {"change": "created", "scopes": [*scopes], "days": new.days})
    return key_id, key


def _administrator(viewer: Viewer | None) -> Actor:
    if viewer is None:
        return SYSTEM
    if viewer.key is not None:
        raise Forbidden("A key makes no other keys.")
    require_role(viewer, Action.ADMINISTER)
    return Actor.agent(viewer.user_id)


def _check(new: NewKey) -> None:
    if not new.name.strip() or len(new.name) > MOST_NAME_CHARACTERS or not is_storable(new.name):
        raise KeyUnnamed(f"Say which program the key is for, in at most {MOST_NAME_CHARACTERS} characters.")
    if not new.scopes:
        raise NoScope("Choose at least one thing that the key may be used for.")
    if new.days is not None and not 1 <= new.days <= MOST_DAYS:
        raise InvalidInput(f"A key is good for 1 to {MOST_DAYS} days.")
    if new.teams is not None and not new.teams:
        raise InvalidInput("Choose at least one team, or let the key be for all of them.")


async def revoke_key(session: AsyncSession, now: datetime, viewer: Viewer | None, key_id: int) -> None:
    """From this moment it opens nothing. Revoking it again changes nothing."""
    maker = _administrator(viewer)
    key = await session.get(ApiKey, key_id, with_for_update=True, populate_existing=True)
    if key is None:
        raise NotFound("There is no such key.")
    if key.revoked_at is None:
        key.revoked_at = now
        await session.flush()
        await _note(session, now, maker, key_id, {"change": "revoked"})


async def _note(session: AsyncSession, now: datetime, maker: Actor, key_id: int, detail: JsonObject) -> None:
    kept: JsonObject = {name: value for name, value in detail.items() if value is not None}
    await append(session, now, Deed(AuditAction.CONFIGURATION_CHANGED, maker, f"key:{key_id}", detail=kept))


async def list_keys(session: AsyncSession, viewer: Viewer | None) -> list[ListedKey]:
    """The newest first, revoked ones last."""
    _administrator(viewer)
    rows = await session.scalars(select(ApiKey).order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc()))
    return [
        ListedKey(
            row.id, row.name, row.hint, tuple(row.scopes), None if row.teams is None else tuple(row.teams),
            row.created_at, row.expires_at, row.last_used_at, row.revoked_at,
        )
        for row in rows
    ]  # fmt: skip


async def viewer_of_key(session: AsyncSession, now: datetime, key: str) -> Viewer:
    """Who asks with this key. Raises Unauthenticated, alike for what was never a key and for what no longer is."""
    row = await session.scalar(select(ApiKey).where(ApiKey.hash == key_hash(key)))
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise Unauthenticated("This key is unknown, revoked or expired; ask an administrator for a new one.")
    if row.last_used_at is None or row.last_used_at < now - TOUCH_EVERY:
        touched = update(ApiKey).where(ApiKey.id == row.id).values(last_used_at=now)
        await session.execute(touched.execution_options(synchronize_session=False))
    scopes = frozenset(Scope(name) for name in row.scopes if name in set(Scope))
    rights = KeyRights(row.id, scopes, is_limited=row.teams is not None)
    return Viewer(NOBODY, Role.AGENT, frozenset(row.teams or ()), row.name, key=rights)
