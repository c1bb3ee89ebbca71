"""The people who log in: their accounts, their sessions, and the links that let them in for the first time."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncSession

from config.settings import SessionSettings
from crm_core import models
from crm_core.access import Viewer
from crm_core.attempts import attempt_subject, count_attempts, note_attempt
from crm_core.contacts import canonical_email
from crm_core.contracts import UserId
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.events import SYSTEM, Actor, Event, EventKind, record
from crm_core.factor_conditions import BY_PASSWORD, has_factor, lacks_factor
from crm_core.passwords import check_strength, hash_password, matches
from crm_core.plain_text import is_storable, storable
from crm_core.queue import withdraw_offers
from crm_core.signals import Signal, Topic, publish
from crm_core.states import AgentState, Role

SETUP_LINK_VALID = timedelta(days=1)
FAILURES_WINDOW = timedelta(minutes=15)
FAILURES_BY_EMAIL, FAILURES_BY_SOURCE = 5, 20
TOUCH_EVERY = timedelta(minutes=1)
MOST_NAME_CHARACTERS = 100
SESSIONS_CHANGED = "sessions"


class LinkPurpose(StrEnum):
    SETUP = "setup"
    INVITATION = "invitation"
    RESET = "reset"
    SECOND_STEP = "second_step"


class LoginOutcome(StrEnum):
    """`WRONG` says the same for an unknown user, a wrong password and a disabled account."""

    OK = "ok"
    SECOND_STEP = "second_step"
    WRONG = "wrong"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class NewUser:
    email: str
    name: str
    role: Role
    teams: Sequence[str]
    language: str
    password: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """`source` is the client's address as the socket says; `user_agent` is shown in the list of sessions."""

    email: str
    password: str
    source: str
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """The token goes into the cookie and nowhere else."""

    token: str
    csrf_token: str
    viewer: Viewer


@dataclass(frozen=True, slots=True)
class LoginResult:
    """A value, not an exception: a refused try must be committed to be counted. `user_id`: who must give a code yet."""

    outcome: LoginOutcome
    session: OpenedSession | None = None
    user_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class SessionView:
    viewer: Viewer
    csrf_token: str
    state: AgentState
    lacks_factor: bool = False  # and needs one: nothing may be done before it is set up


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A log-in in the list; `handle` names it for revoking, and is no secret."""

    handle: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def create_user(session: AsyncSession, now: datetime, new: NewUser) -> UserId:
    """Raises InvalidInput for a weak password or a wrong address, Conflict for one that is taken."""
    email = canonical_email(new.email)
    name = new.name.strip()
    if not name or len(name) > MOST_NAME_CHARACTERS or not is_storable(name):
        raise InvalidInput("Write the name as colleagues and customers shall see it, at most 100 characters.")
    check_strength(new.password, email, name)
    statement = insert_or(models.User).values(
        email=email, name=name, role=new.role.value, teams=list(new.teams), language=new.language,
        password_hash=await hash_password(new.password), created_at=now,
    )  # fmt: skip
    user_id = await session.scalar(statement.on_conflict_do_nothing().returning(models.User.id))
    if user_id is None:
        raise Conflict("Somebody with this e-mail address has an account already.")
    return UserId(user_id)


async def set_password(session: AsyncSession, user_id: UserId, password: str) -> None:
    """A new password ends every session that the old one opened."""
    user = await _user(session, user_id)
    check_strength(password, user.email, user.name)
    user.password_hash = await hash_password(password)
    await session.flush()
    await log_out_everywhere(session, user_id)


async def _user(session: AsyncSession, user_id: UserId) -> models.User:
    user = await session.get(models.User, user_id, with_for_update=True)
    if user is None:
        raise NotFound("There is no such user.")
    return user


async def log_in(session: AsyncSession, now: datetime, credentials: Credentials, key: bytes) -> LoginResult:
    """Commit whatever comes back: refused tries are counted, by e-mail and by source."""
    email = storable(credentials.email).strip().lower()[:254]
    subjects = {
        attempt_subject(key, "login-email", email): FAILURES_BY_EMAIL,
        attempt_subject(key, "login-source", credentials.source): FAILURES_BY_SOURCE,
    }
    await _one_at_a_time(session, next(iter(subjects)))
    for subject, most in subjects.items():
        if await count_attempts(session, "login", subject, now - FAILURES_WINDOW) >= most:
            return LoginResult(LoginOutcome.TOO_MANY)
    user = await session.scalar(select(models.User).where(models.User.email == email))
    known_hash = user.password_hash if user is not None and user.disabled_at is None else None
    if not await matches(credentials.password, known_hash) or user is None:
        for subject in subjects:
            await note_attempt(session, now, "login", subject)
        await record(session, now, [Event(EventKind.LOGIN_REFUSED, SYSTEM)])
        return LoginResult(LoginOutcome.WRONG)
    if await session.scalar(select(models.User.id).where(models.User.id == user.id, has_factor())) is not None:
        return LoginResult(LoginOutcome.SECOND_STEP, user_id=UserId(user.id))
    return LoginResult(LoginOutcome.OK, await open_session(session, now, user, credentials.user_agent))


async def _one_at_a_time(session: AsyncSession, subject: bytes) -> None:
    """Tries for one e-mail wait for each other until the commit, so that many at once do not slip past the limit."""
    key = int.from_bytes(subject[:8], signed=True)
    await session.execute(select(func.pg_advisory_xact_lock(key)))


async def open_session(
    session: AsyncSession, now: datetime, user: models.User, user_agent: str, how: str = BY_PASSWORD
) -> OpenedSession:  # fmt: skip
    """A fresh token at every log-in, so a planted one is worth nothing. Those long over are cleared away."""
    token, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    over = (models.LoginSession.user_id == user.id) & (models.LoginSession.expires_at < now)
    await session.execute(delete(models.LoginSession).where(over))
    await session.execute(
        insert(models.LoginSession).values(
            token_hash=token_hash(token), user_id=user.id, csrf_token=csrf_token, user_agent=storable(user_agent)[:300],
            how=how, created_at=now, last_seen_at=now, expires_at=now + timedelta(days=1),
        )
    )  # fmt: skip
    await record(session, now, [Event(EventKind.LOGGED_IN, Actor.agent(user.id))])
    return OpenedSession(token, csrf_token, viewer_of(user))


def viewer_of(user: models.User) -> Viewer:
    return Viewer(user.id, Role(user.role), frozenset(user.teams), user.name, user.language, user.time_zone)


async def viewer_of_session(
    session: AsyncSession, now: datetime, token: str, limits: SessionSettings
) -> SessionView | None:
    """Who holds `token`; None when it is unknown, idle for too long, too old, or its user disabled."""
    statement = (
        select(models.LoginSession, models.User, lacks_factor())
        .join(models.User, models.User.id == models.LoginSession.user_id)
        .where(
            models.LoginSession.token_hash == token_hash(token), models.User.disabled_at.is_(None), _alive(now, limits)
        )
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        return None
    login, user, lacks = found
    if login.last_seen_at < now - TOUCH_EVERY:  # by condition: a log-out at the same moment has removed the row
        same = models.LoginSession.token_hash == login.token_hash
        await session.execute(
            update(models.LoginSession)
            .where(same)
            .values(last_seen_at=now)
            .execution_options(synchronize_session=False)
        )
    return SessionView(viewer_of(user), login.csrf_token, AgentState(user.state), lacks)


def _alive(now: datetime, limits: SessionSettings) -> ColumnElement[bool]:
    used = models.LoginSession.last_seen_at > now - timedelta(minutes=limits.idle_minutes)
    return used & (models.LoginSession.created_at > now - timedelta(hours=limits.absolute_hours))


async def log_out(session: AsyncSession, now: datetime, token: str) -> None:
    statement = delete(models.LoginSession).where(models.LoginSession.token_hash == token_hash(token))
    user_id = await session.scalar(statement.returning(models.LoginSession.user_id))
    if user_id is not None:
        await record(session, now, [Event(EventKind.LOGGED_OUT, Actor.agent(user_id))])
        await _leave_desk(session, now, UserId(user_id))
        await publish(session, Signal(Topic.AGENT, user_id, SESSIONS_CHANGED))


async def _leave_desk(session: AsyncSession, now: datetime, user_id: UserId) -> None:
    """With the last log-in gone nothing more is offered."""
    left = select(models.LoginSession.user_id).where(models.LoginSession.user_id == user_id).limit(1)
    here = select(models.User.id).where(models.User.id == user_id, models.User.state != AgentState.OFFLINE)
    if await session.scalar(left) is None and await session.scalar(here) is not None:
        await set_agent_state(session, now, user_id, AgentState.OFFLINE, why="logged_out")


async def log_out_everywhere(session: AsyncSession, user_id: UserId) -> None:
    await session.execute(delete(models.LoginSession).where(models.LoginSession.user_id == user_id))
    await publish(session, Signal(Topic.AGENT, user_id, SESSIONS_CHANGED))


async def list_sessions(
    session: AsyncSession, now: datetime, user_id: UserId, limits: SessionSettings
) -> list[ListedSession]:
    """The log-ins that still count, the last used first."""
    statement = select(models.LoginSession).where(models.LoginSession.user_id == user_id, _alive(now, limits))
    rows = await session.scalars(statement.order_by(models.LoginSession.last_seen_at.desc()))
    return [ListedSession(row.token_hash.hex(), row.user_agent, row.created_at, row.last_seen_at) for row in rows]


async def revoke_session(session: AsyncSession, user_id: UserId, handle: str) -> None:
    """End one of one's own log-ins; an unknown handle ends nothing."""
    try:
        named = bytes.fromhex(handle)
    except ValueError as error:
        raise NotFound("There is no such session.") from error
    await session.execute(
        delete(models.LoginSession).where(
            models.LoginSession.token_hash == named, models.LoginSession.user_id == user_id
        )
    )
    await publish(session, Signal(Topic.AGENT, user_id, SESSIONS_CHANGED))


async def disable_user(session: AsyncSession, now: datetime, user_id: UserId) -> None:
    """Out at once and everywhere; the conversations they hold stay theirs until a supervisor takes over."""
    user = await _user(session, user_id)
    user.disabled_at = now
    await session.flush()
    await set_agent_state(session, now, user_id, AgentState.OFFLINE)
    await log_out_everywhere(session, user_id)


async def set_agent_state(
    session: AsyncSession, now: datetime, user_id: UserId, state: AgentState, why: str = "chosen"
) -> None:
    """Who is not available gets nothing from this moment, and keeps no offer."""
    values = {"state": state.value, "state_at": now, "idle_since": now}
    await session.execute(update(models.User).where(models.User.id == user_id).values(**values))
    event = Event(EventKind.AGENT_STATE_CHANGED, Actor.agent(user_id), data={"state": state.value, "why": why})
    await record(session, now, [event])
    if state is not AgentState.AVAILABLE:
        await withdraw_offers(session, now, user_id)
    await publish(session, Signal(Topic.AGENT, user_id, state.value))


async def names_of_staff(session: AsyncSession, user_ids: Collection[int] | None = None) -> dict[UserId, str]:
    """Everybody who ever worked here, or those of the ids, in the order of names."""
    statement = select(models.User.id, models.User.name).order_by(func.lower(models.User.name))
    if user_ids is not None:
        statement = statement.where(models.User.id.in_(user_ids))
    return {UserId(user_id): name for user_id, name in await session.execute(statement)}


async def first_admin_needed(session: AsyncSession) -> bool:
    statement = select(models.User.id).where(models.User.role == Role.ADMIN, models.User.disabled_at.is_(None))
    return await session.scalar(statement.limit(1)) is None


async def issue_link(
    session: AsyncSession, now: datetime, purpose: LinkPurpose, *, valid_for: timedelta, user_id: int | None = None
) -> str:
    """The token of a new link; earlier unused ones of the same purpose and user end."""
    same = (models.OneTimeLink.purpose == purpose) & (models.OneTimeLink.user_id.is_not_distinct_from(user_id))
    await session.execute(delete(models.OneTimeLink).where(same, models.OneTimeLink.used_at.is_(None)))
    token = secrets.token_urlsafe(32)
    await session.execute(
        insert(models.OneTimeLink).values(
            token_hash=token_hash(token), purpose=purpose.value, user_id=user_id, expires_at=now + valid_for
        )
    )
    return token


async def link_is_open(session: AsyncSession, now: datetime, purpose: LinkPurpose, token: str) -> bool:
    link = models.OneTimeLink
    statement = select(link.purpose).where(
        link.token_hash == token_hash(token), link.purpose == purpose, link.used_at.is_(None), link.expires_at > now
    )
    return await session.scalar(statement) is not None


async def redeem_setup(session: AsyncSession, now: datetime, token: str, new: NewUser) -> UserId:
    """Make the first administrator. NotFound alike for a link that is unknown, used, expired or no longer needed."""
    link = models.OneTimeLink
    statement = (
        update(link)
        .where(
            link.token_hash == token_hash(token), link.purpose == LinkPurpose.SETUP, link.used_at.is_(None),
            link.expires_at > now,
        )
        .values(used_at=now)
        .returning(link.purpose)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if await session.scalar(statement) is None or not await first_admin_needed(session):
        raise NotFound("This link no longer works.")
    return await create_user(session, now, replace(new, role=Role.ADMIN))
