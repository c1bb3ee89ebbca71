"""The second factor: set up, asked for, spent once, limited, taken away."""

from datetime import timedelta

import pytest
from pyotp import TOTP
from sqlalchemy import select

from config.settings import SessionSettings
from crm_core.audit import Wanted, audit_trail
from crm_core.contracts import UserId
from crm_core.errors import Conflict, Forbidden
from crm_core.models_sign_in import RecoveryCode, SecondFactor
from crm_core.second_factor import (
    CodeOutcome,
    Person,
    begin_enrolment,
    check_code,
    confirm_enrolment,
    factor_state,
    renew_codes,
    turn_off,
)
from crm_core.second_step import STEP_VALID, SecondStep, StepResult, begin_second_step, finish_log_in
from crm_core.sign_in_rules import require_factor_of, reset_factor, roles_with_factor
from crm_core.staff import Credentials, LoginOutcome, LoginResult, log_in, set_password, viewer_of_session
from crm_core.states import Role
from tests.support.factories import Centre

KEY = b"a key for tests, thirty-two byte"
PASSWORD = "violet harbour lantern seven"


def person(centre: Centre, name: str = "elena") -> Person:
    return Person(UserId(centre.staff[name]), name)


async def set_up(centre: Centre, name: str = "elena") -> tuple[TOTP, list[str]]:
    async with centre.work() as session:
        begun = await begin_enrolment(session, centre.now, person(centre, name), "Oslo & Co.", KEY)
        clock = TOTP(begun.secret)
        code = clock.at(centre.now - timedelta(seconds=60))  # long over: what follows may use the present ones
        assert await confirm_enrolment(session, centre.now, person(centre, name).user_id, code, KEY) is None
        first = clock.at(centre.now - timedelta(seconds=30))
        codes = await confirm_enrolment(session, centre.now, person(centre, name).user_id, first, KEY)
    assert codes is not None
    return clock, codes


async def check(centre: Centre, code: str, later_s: float = 0) -> CodeOutcome:
    async with centre.work() as session:
        now = centre.now + timedelta(seconds=later_s)
        return await check_code(session, now, UserId(centre.staff["elena"]), code, KEY)


async def test_a_code_of_the_app_counts_once(centre: Centre) -> None:
    clock, _ = await set_up(centre)
    code = clock.at(centre.now)
    assert await check(centre, f" {code[:3]} {code[3:]} ") is CodeOutcome.OK
    assert await check(centre, code) is CodeOutcome.WRONG


@pytest.mark.parametrize(("shift_s", "is_taken"), [(0, True), (30, True), (60, False), (-60, False), (-30, False)])
async def test_clocks_may_differ_by_a_step_but_time_does_not_go_back(
    centre: Centre,
    shift_s: int,
    is_taken: bool,  # noqa: FBT001
) -> None:
    """The step before is the one that turned it on, so it is spent."""
    clock, _ = await set_up(centre)
    assert (await check(centre, clock.at(centre.now + timedelta(seconds=shift_s)))).is_right is is_taken


async def test_after_a_later_code_an_earlier_one_is_worth_nothing(centre: Centre) -> None:
    clock, _ = await set_up(centre)
    assert await check(centre, clock.at(centre.now + timedelta(seconds=30))) is CodeOutcome.OK
    assert await check(centre, clock.at(centre.now)) is CodeOutcome.WRONG


@pytest.mark.parametrize("code", ["", "000000", "abc", "١٢٣٤٥٦", "\ud800", "0" * 1000, "-"])
async def test_what_is_no_code_is_refused(centre: Centre, code: str) -> None:
    await set_up(centre)
    assert await check(centre, code) is CodeOutcome.WRONG


async def test_a_recovery_code_counts_once_however_it_is_typed(centre: Centre) -> None:
    _, codes = await set_up(centre)
    assert len(set(codes)) == 10
    assert await check(centre, codes[3].upper().replace("-", " ")) is CodeOutcome.RECOVERY
    assert await check(centre, codes[3]) is CodeOutcome.WRONG
    async with centre.work() as session:
        assert (await factor_state(session, centre.staff["elena"])).codes_left == 9
        new = await renew_codes(session, centre.now, UserId(centre.staff["elena"]), KEY)
    assert await check(centre, codes[4]) is CodeOutcome.WRONG
    assert await check(centre, new[0]) is CodeOutcome.RECOVERY


async def test_guessing_is_stopped_and_then_the_right_code_waits_too(centre: Centre) -> None:
    clock, codes = await set_up(centre)
    for _ in range(5):
        assert await check(centre, "000000") is CodeOutcome.WRONG
    assert await check(centre, clock.at(centre.now)) is CodeOutcome.TOO_MANY
    assert await check(centre, codes[0]) is CodeOutcome.TOO_MANY
    later = 16 * 60
    assert await check(centre, clock.at(centre.now + timedelta(seconds=later)), later) is CodeOutcome.OK


async def test_neither_secret_nor_codes_can_be_read_in_the_database(centre: Centre) -> None:
    clock, codes = await set_up(centre)
    async with centre.sessions() as session:
        factor = (await session.scalars(select(SecondFactor))).one()
        hashes = list(await session.scalars(select(RecoveryCode.code_hash)))
    assert clock.secret.encode() not in factor.secret
    assert all(len(one) == 32 and codes[0].replace("-", "").encode() not in one for one in hashes)


async def test_a_secret_under_another_key_lets_nobody_in(centre: Centre) -> None:
    clock, codes = await set_up(centre)
    async with centre.work() as session:
        for code in (clock.at(centre.now), codes[0]):
            outcome = await check_code(session, centre.now, UserId(centre.staff["elena"]), code, b"another key" * 3)
            assert outcome is CodeOutcome.WRONG


async def test_what_is_set_up_is_not_set_up_over(centre: Centre) -> None:
    await set_up(centre)
    async with centre.work() as session:
        with pytest.raises(Conflict):
            await begin_enrolment(session, centre.now, person(centre), "Oslo & Co.", KEY)
        with pytest.raises(Conflict):
            await confirm_enrolment(session, centre.now, person(centre).user_id, "000000", KEY)


async def enter(centre: Centre) -> LoginResult:
    async with centre.work() as session:
        return await log_in(session, centre.now, Credentials("elena@oslo.example", PASSWORD, "10.0.0.1"), KEY)


async def finish(centre: Centre, token: str, code: str, later: timedelta = timedelta()) -> StepResult:
    async with centre.work() as session:
        return await finish_log_in(session, centre.now + later, SecondStep(token, code), KEY)


async def begun(centre: Centre) -> str:
    async with centre.work() as session:
        await set_password(session, UserId(centre.staff["elena"]), PASSWORD)
    result = await enter(centre)
    assert (result.outcome, result.session) == (LoginOutcome.SECOND_STEP, None)
    async with centre.work() as session:
        return await begin_second_step(session, centre.now, UserId(centre.staff["elena"]))


async def test_the_password_alone_opens_nothing_and_with_a_code_it_does_once(centre: Centre) -> None:
    clock, codes = await set_up(centre)
    token = await begun(centre)
    assert (await finish(centre, token, "000000")).session is None
    done = await finish(centre, token, clock.at(centre.now))
    assert done.session is not None
    assert await finish(centre, token, codes[0]) == StepResult(None)  # the step is over with it


async def test_a_second_step_ends_in_ten_minutes_or_with_a_new_password_is_not_one(centre: Centre) -> None:
    _, codes = await set_up(centre)
    token = await begun(centre)
    late = STEP_VALID + timedelta(seconds=1)
    assert (await finish(centre, token, codes[0], late)).outcome is None
    assert (await finish(centre, "guess", codes[0])).outcome is None


async def test_a_role_that_needs_a_factor_can_do_nothing_before(centre: Centre) -> None:
    async with centre.work() as session:
        await set_password(session, UserId(centre.staff["elena"]), PASSWORD)
        await require_factor_of(session, centre.now, centre.reach("ada").viewer, [Role.AGENT, Role.ADMIN])
        assert await roles_with_factor(session) == {Role.AGENT, Role.ADMIN}
    opened = (await enter(centre)).session
    assert opened is not None

    async def lacks() -> bool:
        async with centre.work() as session:
            view = await viewer_of_session(session, centre.now, opened.token, SessionSettings())
        assert view is not None
        return view.lacks_factor

    assert await lacks()
    await set_up(centre)
    assert not await lacks()


async def test_a_reset_lets_in_by_password_and_ends_sessions(centre: Centre) -> None:
    clock, _ = await set_up(centre)
    done = await finish(centre, await begun(centre), clock.at(centre.now))
    assert done.session is not None
    async with centre.work() as session:
        await reset_factor(session, centre.now, centre.reach("ada").viewer, centre.staff["elena"])
        assert await viewer_of_session(session, centre.now, done.session.token, SessionSettings()) is None
    assert (await enter(centre)).outcome is LoginOutcome.OK


@pytest.mark.parametrize("who", ["elena", "lev", "grace"])
async def test_only_administrators_reset_and_require(centre: Centre, who: str) -> None:
    viewer = centre.reach(who).viewer
    async with centre.work() as session:
        for attempt in (
            reset_factor(session, centre.now, viewer, centre.staff["ada"]),
            require_factor_of(session, centre.now, viewer, []),
        ):
            with pytest.raises(Forbidden):
                await attempt


async def test_each_change_stands_in_the_audit_trail(centre: Centre) -> None:
    await set_up(centre)
    ada = centre.reach("ada").viewer
    async with centre.work() as session:
        await turn_off(session, centre.now, UserId(centre.staff["elena"]))
        await reset_factor(session, centre.now, ada, centre.staff["elena"])
        await require_factor_of(session, centre.now, ada, [Role.ADMIN])
        await require_factor_of(session, centre.now, ada, [Role.ADMIN])  # the same again is no change
        entries = await audit_trail(session, ada, Wanted())
    assert [(entry.action, entry.detail.get("how")) for entry in reversed(entries)] == [
        ("person_changed", "second_factor_on"), ("person_changed", "second_factor_off"),
        ("person_changed", "second_factor_reset"), ("configuration_changed", None),
    ]  # fmt: skip
    assert entries[0].detail == {"what": "second_factor_roles", "was": [], "now": ["admin"]}
