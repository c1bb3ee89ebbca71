"""Accounts: invited by a link that works once, changed by administrators alone, and never without one."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.settings import SessionSettings
from crm_core import models
from crm_core.audit import Wanted, audit_trail
from crm_core.errors import Conflict, Forbidden, InvalidInput, NotFound, RateLimited
from crm_core.models_routing import AgentSkill
from crm_core.people_admin import (
    INVITATION_VALID,
    AddressTaken,
    LastAdministrator,
    PasswordChange,
    Profile,
    WeakPassword,
    WrongPassword,
    change_own_password,
    change_profile,
    colleague,
    colleagues,
    disable,
    enable,
    invite,
    redeem,
    reset_link,
)
from crm_core.staff import Credentials, OpenedSession, log_in, viewer_of_session
from crm_core.states import Role
from tests.support.factories import Centre

KEY = b"a key for tests, thirty-two byte"
PASSWORD, OTHER = "violet harbour lantern seven", "green anvil whispers noon"
NOOR = Profile("Noor Haddad", Role.AGENT, ["service"], 3, {"es": 4}, {"claims": 2})


async def invited(centre: Centre) -> tuple[int, str]:
    async with centre.work() as session:
        return await invite(session, centre.now, centre.reach("ada").viewer, " Noor@Oslo.example ", NOOR)


async def enter(centre: Centre, password: str, email: str = "noor@oslo.example") -> OpenedSession | None:
    async with centre.work() as session:
        return (await log_in(session, centre.now, Credentials(email, password, "10.0.0.1"), KEY)).session


async def choose(centre: Centre, token: str, password: str = PASSWORD, later: timedelta = timedelta()) -> str:
    async with centre.work() as session:
        return await redeem(session, centre.now + later, token, password)


async def test_who_is_invited_chooses_a_password_and_logs_in(centre: Centre) -> None:
    user_id, token = await invited(centre)
    assert await enter(centre, "") is None
    with pytest.raises(InvalidInput):
        await choose(centre, token, "noor")
    assert await choose(centre, token) == "noor@oslo.example"
    opened = await enter(centre, PASSWORD)
    assert opened is not None
    assert (opened.viewer.role, opened.viewer.teams) == (Role.AGENT, frozenset({"service"}))
    async with centre.work() as session:
        found = await colleague(session, centre.reach("ada").viewer, user_id)
    assert found.profile == replace(NOOR, teams=("service",))
    assert not found.is_invited


@pytest.mark.parametrize("token", ["", "guess", "x" * 500])
async def test_a_guessed_link_lets_nobody_in(centre: Centre, token: str) -> None:
    await invited(centre)
    with pytest.raises(NotFound):
        await choose(centre, token)


async def test_a_link_works_once_and_in_time(centre: Centre) -> None:
    user_id, token = await invited(centre)
    with pytest.raises(NotFound):
        await choose(centre, token, later=INVITATION_VALID + timedelta(seconds=1))
    await choose(centre, token)
    with pytest.raises(NotFound):
        await choose(centre, token, OTHER)
    async with centre.work() as session:
        first = await reset_link(session, centre.now, centre.reach("ada").viewer, user_id)
        second = await reset_link(session, centre.now, centre.reach("ada").viewer, user_id)
    with pytest.raises(NotFound):  # a newer one ends it
        await choose(centre, first, OTHER)
    opened = await enter(centre, PASSWORD)
    await choose(centre, second, OTHER)
    assert (await enter(centre, PASSWORD), await enter(centre, OTHER) is not None) == (None, True)
    async with centre.work() as session:
        assert opened is not None
        assert await viewer_of_session(session, centre.now, opened.token, SessionSettings()) is None


async def test_one_of_two_who_use_a_link_at_once_is_let_in(centre: Centre) -> None:
    _, token = await invited(centre)
    done = await asyncio.gather(*(choose(centre, token) for _ in range(2)), return_exceptions=True)
    assert sorted(isinstance(one, str) for one in done) == [False, True]


async def test_who_is_disabled_is_out_and_their_links_end(centre: Centre) -> None:
    user_id, token = await invited(centre)
    await choose(centre, token)
    opened = await enter(centre, PASSWORD)
    ada = centre.reach("ada").viewer
    async with centre.work() as session:
        link = await reset_link(session, centre.now, ada, user_id)
        await disable(session, centre.now, ada, user_id)
        assert opened is not None
        assert await viewer_of_session(session, centre.now, opened.token, SessionSettings()) is None
        with pytest.raises(Conflict):
            await reset_link(session, centre.now, ada, user_id)
    with pytest.raises(NotFound):
        await choose(centre, link, OTHER)
    assert await enter(centre, PASSWORD) is None
    async with centre.work() as session:
        await enable(session, centre.now, ada, user_id)
    assert await enter(centre, PASSWORD) is not None


@pytest.mark.parametrize("who", ["elena", "lev", "grace"])
async def test_only_administrators_change_accounts(centre: Centre, who: str) -> None:
    viewer, target = centre.reach(who).viewer, centre.staff[who]
    admin = Profile("Me", Role.ADMIN)
    async with centre.work() as session:
        for attempt in (
            invite(session, centre.now, viewer, "x@oslo.example", admin), colleagues(session, viewer),
            change_profile(session, centre.now, viewer, target, admin), disable(session, centre.now, viewer, target),
            enable(session, centre.now, viewer, target), reset_link(session, centre.now, viewer, target),
        ):  # fmt: skip
            with pytest.raises(Forbidden):
                await attempt


async def test_the_last_administrator_stays(centre: Centre) -> None:
    """The broken variant: without `_require_other_admin` nobody could let anybody in again."""
    ada = centre.reach("ada").viewer
    async with centre.work() as session:
        with pytest.raises(LastAdministrator):
            await disable(session, centre.now, ada, ada.user_id)
        with pytest.raises(LastAdministrator):
            await change_profile(session, centre.now, ada, ada.user_id, Profile("Ada", Role.AGENT))
        await change_profile(session, centre.now, ada, ada.user_id, Profile("Ada Lovelace", Role.ADMIN))


async def test_two_administrators_who_demote_each_other_leave_one(centre: Centre) -> None:
    ada, grace = centre.reach("ada").viewer, centre.staff["grace"]
    async with centre.work() as session:
        await change_profile(session, centre.now, ada, grace, Profile("Grace", Role.ADMIN))

    async def demote(user_id: int) -> None:
        async with centre.work() as session:
            await change_profile(session, centre.now, ada, user_id, Profile("Nobody", Role.AGENT))

    await asyncio.gather(demote(grace), demote(ada.user_id), return_exceptions=True)
    async with centre.sessions() as session:
        left = await session.scalars(select(models.User.id).where(models.User.role == Role.ADMIN))
        assert len(left.all()) == 1


@pytest.mark.parametrize(
    "profile",
    [
        Profile("", Role.AGENT), Profile("x" * 101, Role.AGENT), Profile("\x00", Role.AGENT),
        Profile("A", Role.AGENT, capacity=-1), Profile("A", Role.AGENT, capacity=51),
        Profile("A", Role.AGENT, languages={"es": 6}), Profile("A", Role.AGENT, skills={"claims": 0}),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused(centre: Centre, profile: Profile) -> None:
    with pytest.raises(InvalidInput):
        async with centre.work() as session:
            await invite(session, centre.now, centre.reach("ada").viewer, "noor@oslo.example", profile)


async def test_an_address_is_one_account(centre: Centre) -> None:
    with pytest.raises(AddressTaken):
        async with centre.work() as session:
            await invite(session, centre.now, centre.reach("ada").viewer, "ELENA@oslo.example", NOOR)


async def test_changes_hold_at_once_and_are_written_down(centre: Centre) -> None:
    user_id, token = await invited(centre)
    await choose(centre, token)
    opened = await enter(centre, PASSWORD)
    ada = centre.reach("ada").viewer
    async with centre.work() as session:
        await change_profile(session, centre.now, ada, user_id, Profile("Noor", Role.LEAD, ["billing"], 9, {"ru": 1}))
    async with centre.work() as session:
        assert opened is not None
        view = await viewer_of_session(session, centre.now, opened.token, SessionSettings())
        assert view is not None
        assert (view.viewer.role, view.viewer.teams) == (Role.LEAD, frozenset({"billing"}))
        trail = await audit_trail(session, ada, Wanted(object=f"user:{user_id}"))
    assert [entry.detail["how"] for entry in trail] == ["changed", "password", "invited"]
    assert trail[0].detail == {"how": "changed", "role_was": "agent", "role": "lead"}
    skills = [(row.kind, row.name, row.level) for row in await centre.rows(AgentSkill)]
    assert skills == [("language", "ru", 1)]


async def test_one_s_own_password_needs_the_present_one(centre: Centre) -> None:
    user_id, token = await invited(centre)
    await choose(centre, token)
    opened = await enter(centre, PASSWORD)

    async def change(old: str, new: str) -> object:
        async with centre.work() as session:
            return await change_own_password(session, centre.now, PasswordChange(user_id, old, new), KEY)  # type: ignore[arg-type]

    assert isinstance(await change("wrong", OTHER), WrongPassword)
    assert isinstance(await change(PASSWORD, "short"), WeakPassword)
    assert await change(PASSWORD, OTHER) is None
    async with centre.work() as session:
        assert opened is not None
        assert await viewer_of_session(session, centre.now, opened.token, SessionSettings()) is None
    for _ in range(4):
        assert isinstance(await change("wrong", PASSWORD), WrongPassword)
    assert isinstance(await change(OTHER, PASSWORD), RateLimited)
