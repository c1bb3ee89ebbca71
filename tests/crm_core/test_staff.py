"""Who may come in, for how long, and what ends it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from config.settings import SessionSettings
from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.errors import Conflict, InvalidInput, NotFound
from crm_core.passwords import hash_password
from crm_core.signals import Signal, SignalListener, Topic
from crm_core.staff import (
    FAILURES_BY_EMAIL,
    FAILURES_BY_SOURCE,
    FAILURES_WINDOW,
    Credentials,
    LinkPurpose,
    LoginOutcome,
    LoginResult,
    NewUser,
    OpenedSession,
    SessionView,
    create_user,
    disable_user,
    first_admin_needed,
    issue_link,
    link_is_open,
    list_sessions,
    log_in,
    log_out,
    log_out_everywhere,
    redeem_setup,
    revoke_session,
    set_agent_state,
    set_password,
    viewer_of_session,
)
from crm_core.states import AgentState, Role

PASSWORD = "grey otter sings seven songs"
MARIA = NewUser("Maria@Oslo.example", "María López", Role.AGENT, ("service",), "es", PASSWORD)
RIGHT = Credentials("maria@oslo.example", PASSWORD, "10.0.0.1", "Firefox")
LIMITS = SessionSettings(idle_minutes=30, absolute_hours=12)
KEY = b"a server key"


@dataclass
class Door:
    """The staff entrance, one transaction a verb; time is what the test says."""

    sessions: Sessions
    now: datetime
    maria: UserId = field(init=False)

    def after(self, **length: float) -> datetime:
        return self.now + timedelta(**length)

    async def try_in(self, credentials: Credentials = RIGHT, at: datetime | None = None) -> LoginResult:
        async with unit_of_work(self.sessions) as session:
            return await log_in(session, at or self.now, credentials, KEY)

    async def come_in(self, at: datetime | None = None) -> OpenedSession:
        result = await self.try_in(at=at)
        assert result.session is not None
        return result.session

    async def who_is(self, token: str, at: datetime | None = None) -> SessionView | None:
        async with unit_of_work(self.sessions) as session:
            return await viewer_of_session(session, at or self.now, token, LIMITS)

    async def row(self) -> models.User:
        async with self.sessions() as session:
            return await session.get_one(models.User, self.maria)


@pytest.fixture(scope="session")
async def password_hash() -> str:
    return await hash_password(PASSWORD)


@pytest.fixture
async def door(sessions: Sessions, now: datetime, password_hash: str) -> Door:
    door = Door(sessions, now)
    values = {
        "email": "maria@oslo.example", "name": MARIA.name, "role": "agent", "teams": ["service"], "language": "es",
        "password_hash": password_hash, "created_at": now,
    }  # fmt: skip
    async with unit_of_work(sessions) as session:
        row = insert(models.User).values(**values).returning(models.User.id)
        door.maria = UserId((await session.scalars(row)).one())
    return door


@pytest.fixture
async def agent_signals(database_url: str) -> AsyncIterator[asyncio.Queue[Signal]]:
    """Signals about agents, as they come."""
    signals: asyncio.Queue[Signal] = asyncio.Queue()

    async def keep(signal: Signal) -> None:
        if signal.topic is Topic.AGENT:
            signals.put_nowait(signal)

    listener = SignalListener(database_url)
    listener.subscribe(keep)
    running = asyncio.create_task(listener.run())
    await listener.listening.wait()
    yield signals
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_account_is_kept_in_canonical_form_without_its_password(sessions: Sessions, now: datetime) -> None:
    async with unit_of_work(sessions) as session:
        user_id = await create_user(session, now, replace(MARIA, name="  María López "))
        user = await session.get_one(models.User, user_id)
        assert (user.email, user.name, user.role, user.teams) == (
            "maria@oslo.example", "María López", "agent", ["service"],
        )  # fmt: skip
        assert user.password_hash is not None
        assert user.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    "new",
    [
        replace(MARIA, password="short"),
        replace(MARIA, password="password1234"),
        replace(MARIA, email="maria"),
        replace(MARIA, email="maria\x00@oslo.example"),
        replace(MARIA, name=" "),
        replace(MARIA, name="M\x00"),
        replace(MARIA, name="x" * 101),
    ],
    ids=["short", "guessable", "no address", "NUL in address", "no name", "NUL in name", "long name"],
)
async def test_a_bad_account_is_refused(sessions: Sessions, now: datetime, new: NewUser) -> None:
    async with unit_of_work(sessions) as session:
        with pytest.raises(InvalidInput):
            await create_user(session, now, new)


async def test_an_address_has_one_account(door: Door) -> None:
    async with unit_of_work(door.sessions) as session:
        with pytest.raises(Conflict):
            await create_user(session, door.now, MARIA)


async def test_the_right_password_opens_a_session(door: Door) -> None:
    opened = await door.come_in()
    view = await door.who_is(opened.token)
    assert view is not None
    assert (view.viewer, view.csrf_token) == (opened.viewer, opened.csrf_token)
    assert (view.viewer.user_id, view.viewer.role, view.viewer.teams) == (door.maria, Role.AGENT, {"service"})


async def test_the_address_may_be_typed_in_any_case(door: Door) -> None:
    assert (await door.try_in(replace(RIGHT, email=" MARIA@Oslo.Example "))).outcome is LoginOutcome.OK


async def test_every_session_has_tokens_of_its_own_and_only_hashes_are_stored(door: Door) -> None:
    one, two = await door.come_in(), await door.come_in()
    assert len({one.token, two.token, one.csrf_token, two.csrf_token}) == 4
    assert min(len(one.token), len(one.csrf_token)) >= 43  # 256 bits
    async with door.sessions() as session:
        hashes = [row.token_hash for row in await list_rows(session)]
    assert all(len(stored) == 32 and stored != one.token.encode() for stored in hashes)


async def list_rows(session: AsyncSession) -> list[models.LoginSession]:
    return list((await session.scalars(select(models.LoginSession))).all())


@pytest.mark.parametrize(
    "credentials",
    [
        replace(RIGHT, password="wrong"),
        replace(RIGHT, password=""),
        replace(RIGHT, password="\ud800\x00"),
        replace(RIGHT, email="nobody@oslo.example"),
        replace(RIGHT, email=""),
        replace(RIGHT, email="\x00\ud800" * 300),
    ],
    ids=["wrong", "empty", "broken", "unknown", "no address", "broken address"],
)
async def test_what_is_wrong_is_refused_alike(door: Door, credentials: Credentials) -> None:
    assert await door.try_in(credentials) == LoginResult(LoginOutcome.WRONG)


async def test_a_disabled_account_is_refused_like_an_unknown_one(door: Door) -> None:
    async with unit_of_work(door.sessions) as session:
        await disable_user(session, door.now, door.maria)
    assert await door.try_in() == LoginResult(LoginOutcome.WRONG)


async def test_who_never_set_a_password_cannot_come_in(door: Door) -> None:
    async with unit_of_work(door.sessions) as session:
        (await session.get_one(models.User, door.maria)).password_hash = None
        await session.flush()
    assert (await door.try_in(replace(RIGHT, password=""))).outcome is LoginOutcome.WRONG


async def test_after_too_many_failures_even_the_right_password_waits(door: Door) -> None:
    for number in range(FAILURES_BY_EMAIL):
        wrong = replace(RIGHT, password="wrong", source=f"10.0.0.{number}")
        assert (await door.try_in(wrong)).outcome is LoginOutcome.WRONG
    assert (await door.try_in(replace(RIGHT, source="10.9.9.9"))).outcome is LoginOutcome.TOO_MANY
    assert (await door.try_in(at=door.now + FAILURES_WINDOW)).outcome is LoginOutcome.OK


async def test_one_source_cannot_try_every_account(door: Door) -> None:
    for number in range(FAILURES_BY_SOURCE):
        assert (await door.try_in(replace(RIGHT, email=f"user{number}@oslo.example"))).outcome is LoginOutcome.WRONG
    assert (await door.try_in()).outcome is LoginOutcome.TOO_MANY
    assert (await door.try_in(replace(RIGHT, source="10.9.9.9"))).outcome is LoginOutcome.OK


async def test_tries_at_once_do_not_slip_past_the_limit(door: Door) -> None:
    wrong = replace(RIGHT, password="wrong")
    tries = (door.try_in(replace(wrong, source=f"10.0.0.{number}")) for number in range(20))
    outcomes = Counter(result.outcome for result in await asyncio.gather(*tries))
    assert outcomes == {LoginOutcome.WRONG: FAILURES_BY_EMAIL, LoginOutcome.TOO_MANY: 20 - FAILURES_BY_EMAIL}


async def test_successes_are_not_counted(door: Door) -> None:
    for _ in range(FAILURES_BY_EMAIL + 2):
        assert (await door.try_in()).outcome is LoginOutcome.OK


async def test_tries_are_counted_without_telling_whose(door: Door) -> None:
    await door.try_in(replace(RIGHT, password="wrong"))
    async with door.sessions() as session:
        rows = (await session.scalars(select(models.Attempt))).all()
    assert len(rows) == 2
    assert all(len(row.subject) == 32 and b"maria" not in row.subject for row in rows)


async def test_a_session_that_is_used_lives_until_its_absolute_end(door: Door) -> None:
    token = (await door.come_in()).token
    for minutes in range(0, 12 * 60, 29):
        assert await door.who_is(token, door.after(minutes=minutes)) is not None, minutes
    assert await door.who_is(token, door.after(hours=12)) is None


async def test_a_session_that_is_not_used_ends(door: Door) -> None:
    token = (await door.come_in()).token
    assert await door.who_is(token, door.after(minutes=29.9)) is not None
    assert await door.who_is(token, door.after(minutes=60)) is None


async def test_a_session_is_touched_at_most_once_a_minute(door: Door) -> None:
    token = (await door.come_in()).token
    for seconds, touched in ((30, 0), (61, 61), (100, 61), (125, 125)):
        await door.who_is(token, door.after(seconds=seconds))
        async with door.sessions() as session:
            (row,) = await list_rows(session)
        assert row.last_seen_at == door.after(seconds=touched)


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "\x00", "token" * 1_000])
async def test_an_unknown_token_is_nobody(door: Door, token: str) -> None:
    await door.come_in()
    assert await door.who_is(token) is None


async def test_a_log_out_ends_this_session_alone_and_tells_the_sockets(
    door: Door, agent_signals: asyncio.Queue[Signal]
) -> None:
    here, there = await door.come_in(), await door.come_in()
    async with unit_of_work(door.sessions) as session:
        await log_out(session, door.now, here.token)
        await log_out(session, door.now, "a token of nobody")
    assert await door.who_is(here.token) is None
    assert await door.who_is(there.token) is not None
    async with asyncio.timeout(5):
        assert await agent_signals.get() == Signal(Topic.AGENT, door.maria, "sessions")


async def test_a_log_out_during_a_request_does_no_harm(door: Door) -> None:
    """The request has read the session, and it is gone when it is to be touched."""
    token = (await door.come_in()).token
    async with unit_of_work(door.sessions) as session:
        await log_out(session, door.now, token)
        request = asyncio.create_task(door.who_is(token, door.after(minutes=5)))
        await asyncio.sleep(0.2)
    assert await request is not None
    assert await door.who_is(token) is None


async def test_logging_out_everywhere_ends_all_and_tells_the_sockets(
    door: Door, agent_signals: asyncio.Queue[Signal]
) -> None:
    tokens = [(await door.come_in()).token for _ in range(3)]
    async with unit_of_work(door.sessions) as session:
        await log_out_everywhere(session, door.maria)
    assert [await door.who_is(token) for token in tokens] == [None] * 3
    async with asyncio.timeout(5):
        assert await agent_signals.get() == Signal(Topic.AGENT, door.maria, "sessions")


async def test_a_disabled_user_is_out_at_once_and_offline(door: Door, agent_signals: asyncio.Queue[Signal]) -> None:
    token = (await door.come_in()).token
    async with unit_of_work(door.sessions) as session:
        await set_agent_state(session, door.now, door.maria, AgentState.AVAILABLE)
    async with unit_of_work(door.sessions) as session:
        await disable_user(session, door.now, door.maria)
    assert await door.who_is(token) is None
    assert (await door.row()).state == AgentState.OFFLINE
    async with asyncio.timeout(5):
        heard = [(await agent_signals.get()).detail for _ in range(3)]
    assert heard == ["available", "offline", "sessions"]


async def test_a_session_that_outlived_its_user_s_account_is_nobody_s(door: Door) -> None:
    token = (await door.come_in()).token
    async with unit_of_work(door.sessions) as session:
        await session.execute(update(models.User).values(disabled_at=door.now))
    assert await door.who_is(token) is None


async def test_a_new_password_ends_the_sessions_of_the_old_one(door: Door) -> None:
    token = (await door.come_in()).token
    async with unit_of_work(door.sessions) as session:
        with pytest.raises(InvalidInput):
            await set_password(session, door.maria, "maria1234567")
        await set_password(session, door.maria, "seven songs of a green whale")
    assert await door.who_is(token) is None
    assert (await door.try_in()).outcome is LoginOutcome.WRONG
    assert (await door.try_in(replace(RIGHT, password="seven songs of a green whale"))).session is not None


async def test_the_list_shows_sessions_that_still_count_and_each_can_be_ended(door: Door) -> None:
    await door.come_in()
    new = await door.come_in(at=door.after(minutes=40))
    async with unit_of_work(door.sessions) as session:
        (listed,) = await list_sessions(session, door.after(minutes=41), door.maria, LIMITS)
        assert (listed.user_agent, listed.created_at) == ("Firefox", door.after(minutes=40))
        with pytest.raises(NotFound):
            await revoke_session(session, door.maria, "no handle")
        await revoke_session(session, door.maria, "00" * 32)
        await revoke_session(session, UserId(door.maria + 1), listed.handle)
    assert await door.who_is(new.token, door.after(minutes=41)) is not None
    async with unit_of_work(door.sessions) as session:
        await revoke_session(session, door.maria, listed.handle)
    assert await door.who_is(new.token, door.after(minutes=41)) is None


async def test_sessions_long_over_are_cleared_away(door: Door) -> None:
    await door.come_in()
    await door.come_in(at=door.after(days=2))
    async with door.sessions() as session:
        assert len(await list_rows(session)) == 1


async def test_a_change_of_state_is_kept_told_and_recorded(door: Door, agent_signals: asyncio.Queue[Signal]) -> None:
    async with unit_of_work(door.sessions) as session:
        await set_agent_state(session, door.now, door.maria, AgentState.AWAY)
    user = await door.row()
    assert (user.state, user.state_at) == ("away", door.now)
    async with asyncio.timeout(5):
        assert await agent_signals.get() == Signal(Topic.AGENT, door.maria, "away")


ADMIN = NewUser("ada@oslo.example", "Ada Admin", Role.AGENT, (), "en", "purple lamps dance on ice")


async def new_link(door: Door, purpose: LinkPurpose = LinkPurpose.SETUP) -> str:
    async with unit_of_work(door.sessions) as session:
        return await issue_link(session, door.now, purpose, valid_for=timedelta(hours=1))


async def redeem(door: Door, token: str, at: datetime | None = None, new: NewUser = ADMIN) -> UserId:
    async with unit_of_work(door.sessions) as session:
        return await redeem_setup(session, at or door.now, token, new)


async def test_the_link_makes_the_first_administrator_once(door: Door) -> None:
    token = await new_link(door)
    async with unit_of_work(door.sessions) as session:
        assert await first_admin_needed(session)
        assert await link_is_open(session, door.now, LinkPurpose.SETUP, token)
    user_id = await redeem(door, token)
    async with unit_of_work(door.sessions) as session:
        assert (await session.get_one(models.User, user_id)).role == Role.ADMIN
        assert not await first_admin_needed(session)
        assert not await link_is_open(session, door.now, LinkPurpose.SETUP, token)
    with pytest.raises(NotFound):
        await redeem(door, token, new=replace(ADMIN, email="eve@oslo.example"))


async def test_a_used_link_stays_used_even_when_an_administrator_is_needed_again(door: Door) -> None:
    token = await new_link(door)
    admin = await redeem(door, token)
    async with unit_of_work(door.sessions) as session:
        await disable_user(session, door.now, admin)
    with pytest.raises(NotFound):
        await redeem(door, token, new=replace(ADMIN, email="eve@oslo.example"))


async def test_of_many_who_use_the_link_at_once_one_gets_in(door: Door) -> None:
    token = await new_link(door)

    async def try_it(number: int) -> bool:
        try:
            await redeem(door, token, new=replace(ADMIN, email=f"admin{number}@oslo.example"))
        except NotFound:
            return False
        return True

    assert sorted(await asyncio.gather(*(try_it(number) for number in range(6)))) == [False] * 5 + [True]


async def test_a_weak_password_does_not_use_up_the_link(door: Door) -> None:
    token = await new_link(door)
    with pytest.raises(InvalidInput):
        await redeem(door, token, new=replace(ADMIN, password="short"))
    assert await redeem(door, token)


async def test_what_is_no_open_link_is_refused_alike(door: Door) -> None:
    replaced = await new_link(door)
    current = await new_link(door)
    other_purpose = await new_link(door, LinkPurpose.RESET)
    sentences = set()
    for token, at in (
        (replaced, door.now), (other_purpose, door.now), ("", door.now), ("x", door.now),
        (current, door.after(minutes=61)),
    ):  # fmt: skip
        with pytest.raises(NotFound) as refused:
            await redeem(door, token, at)
        sentences.add(str(refused.value))
    assert len(sentences) == 1
    assert await redeem(door, current)


async def test_a_link_left_over_makes_no_second_administrator(door: Door) -> None:
    token = await new_link(door)
    async with unit_of_work(door.sessions) as session:
        await create_user(session, door.now, replace(ADMIN, role=Role.ADMIN))
    with pytest.raises(NotFound):
        await redeem(door, token, new=replace(ADMIN, email="eve@oslo.example"))


async def test_an_administrator_is_needed_again_when_the_last_is_disabled(door: Door) -> None:
    admin = await redeem(door, await new_link(door))
    async with unit_of_work(door.sessions) as session:
        await disable_user(session, door.now, admin)
    async with unit_of_work(door.sessions) as session:
        assert await first_admin_needed(session)


async def test_a_deleted_user_takes_sessions_and_links_along(door: Door) -> None:
    token = (await door.come_in()).token
    async with unit_of_work(door.sessions) as session:
        await session.execute(delete(models.User).where(models.User.id == door.maria))
    assert await door.who_is(token) is None
