"""The second factor at the desk: set up with an app, asked for at log-in, required by role, reset."""

# ruff: noqa: F401, F811 - fixtures of another module
import re
from datetime import timedelta

import httpx
import pytest
from pyotp import TOTP
from sqlalchemy import update

from crm_core import models
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.states import Role
from tests.desk.test_entry import ORIGIN, send
from tests.desk.test_people_page import ada
from tests.desk.test_socket import connect
from tests.support.desk_app import DeskParts
from tests.support.desk_client import PASSWORD, STAFF, Browser, Clock, LogIn

PAGE = "/desk/account/second-factor"


async def act(browser: Browser, verb: str, **fields: str) -> httpx.Response:
    fields = {"csrf_token": browser.csrf, "verb": verb} | fields
    return await browser.http.post(PAGE, data=fields, headers=ORIGIN)


async def set_up(browser: Browser, clock: Clock) -> tuple[TOTP, list[str]]:
    begun = (await act(browser, "begin")).text
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', begun)
    assert secret is not None
    assert "<svg" in begun
    app = TOTP(secret[1].replace(" ", ""))
    wrong = await act(browser, "confirm", code="000000")
    assert (wrong.status_code, "does not match" in wrong.text) == (422, True)
    assert secret[1] in wrong.text, "the picture stays the same"
    done = await act(browser, "confirm", code=app.at(clock.now))
    codes = re.findall(r"<li>([a-z2-9]{5}-[a-z2-9]{5})</li>", done.text)
    assert len(codes) == 10
    assert codes[0] not in (await browser.get(PAGE)).text
    clock.pass_by(seconds=60)
    return app, codes


async def password_given(browser: Browser, name: str = "elena") -> httpx.Response:
    return await send(browser, "/desk/login", email=STAFF[name].email, password=PASSWORD, next="/desk/search")


async def test_after_the_password_a_code_is_asked_for(elena: Browser, visitor: Browser, clock: Clock) -> None:
    app, _ = await set_up(elena, clock)
    answer = await password_given(visitor)
    assert answer.headers["location"].startswith("/desk/login/code?")
    assert (await visitor.get("/desk")).status_code == 303, "the password alone opens nothing"
    wrong = await send(visitor, answer.headers["location"], code="123456")
    assert (wrong.status_code, "wrong or was used already" in wrong.text) == (401, True)
    right = await send(visitor, answer.headers["location"], code=app.at(clock.now), next="/desk/search")
    assert (right.status_code, right.headers["location"]) == (303, "/desk/search")
    assert "Elena Moreno" in (await visitor.get("/desk")).text


async def test_the_same_code_opens_no_second_browser(elena: Browser, visitor: Browser, clock: Clock) -> None:
    app, codes = await set_up(elena, clock)
    code = app.at(clock.now)
    step = (await password_given(visitor)).headers["location"]
    assert (await send(visitor, step, code=code)).status_code == 303
    visitor.http.cookies.clear()
    step = (await password_given(visitor)).headers["location"]
    assert (await send(visitor, step, code=code)).status_code == 401
    assert (await send(visitor, step, code=codes[0])).status_code == 303


async def test_guessing_codes_is_stopped(elena: Browser, visitor: Browser, clock: Clock) -> None:
    app, _ = await set_up(elena, clock)
    step = (await password_given(visitor)).headers["location"]
    for _ in range(5):
        await send(visitor, step, code="000000")
    answer = await send(visitor, step, code=app.at(clock.now))
    assert (answer.status_code, "Too many wrong codes" in answer.text) == (429, True)


async def test_a_step_that_is_over_begins_anew(elena: Browser, visitor: Browser, clock: Clock) -> None:
    app, _ = await set_up(elena, clock)
    step = (await password_given(visitor)).headers["location"]
    clock.pass_by(minutes=11)
    answer = await send(visitor, step, code=app.at(clock.now))
    assert (answer.status_code, "Log in again" in answer.text) == (401, True)
    assert (await visitor.get(step)).headers["location"] == "/desk/login"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, ORIGIN])
async def test_a_code_from_another_page_is_refused(
    elena: Browser, visitor: Browser, clock: Clock, headers: dict[str, str]
) -> None:
    app, _ = await set_up(elena, clock)
    await password_given(visitor)
    fields = {"code": app.at(clock.now), "form_token": "guess"}
    assert (await visitor.http.post("/desk/login/code", data=fields, headers=headers)).status_code == 403


async def test_turning_it_off_needs_a_code(elena: Browser, clock: Clock, visitor: Browser) -> None:
    app, codes = await set_up(elena, clock)
    assert (await act(elena, "off", code="000000")).status_code == 422
    renewed = await act(elena, "renew", code=codes[0])
    assert len(re.findall(r"<li>[a-z2-9]{5}-[a-z2-9]{5}</li>", renewed.text)) == 10
    assert "is off" in (await act(elena, "off", code=app.at(clock.now))).text
    assert (await password_given(visitor)).headers["location"] == "/desk/search"


async def require(ada: Browser, *roles: Role) -> httpx.Response:
    return await ada.post("/desk/admin/sign-in", **{f"role_{role}": "1" for role in roles})


async def test_a_role_that_needs_a_factor_sees_nothing_before_it_is_set_up(
    parts: DeskParts,
    ada: Browser,
    elena: Browser,
    clock: Clock,
    seeded: dict[str, int],
) -> None:
    assert (await require(ada, Role.AGENT)).status_code == 303
    for path in ("/desk", f"/desk/c/{seeded['maria']}", "/desk/sessions", "/desk/password"):
        assert (await elena.get(path)).headers["location"] == PAGE
    fragment = await elena.part(f"/desk/c/{seeded['maria']}")
    assert (fragment.status_code, fragment.headers["hx-redirect"]) == (403, PAGE)
    assert (await elena.post(f"/desk/c/{seeded['maria']}/note", text="x")).status_code == 403
    async with connect(parts.app(), elena) as socket:
        await socket.accepted()
        assert (await socket.closed())[0] == 4401
    assert "Your role needs a second factor" in (await elena.get(PAGE)).text
    await set_up(elena, clock)
    assert "Elena Moreno" in (await elena.get("/desk")).text


async def test_an_administrator_lets_somebody_in_who_lost_the_app(
    ada: Browser,
    elena: Browser,
    visitor: Browser,
    clock: Clock,
    staff: dict[str, UserId],
) -> None:
    await set_up(elena, clock)
    person = f"/desk/admin/people/{staff['elena']}"
    assert (await elena.post(person, verb="reset_factor")).status_code == 403
    assert (await ada.post(person, verb="reset_factor")).status_code == 303
    assert (await elena.get("/desk")).status_code == 303
    assert (await password_given(visitor)).headers["location"] == "/desk/search"
    audit = (await ada.get("/desk/audit?action=person_changed")).text
    assert "second_factor_reset" in audit


async def test_a_new_password_does_not_go_round_the_code(
    ada: Browser,
    elena: Browser,
    visitor: Browser,
    clock: Clock,
    staff: dict[str, UserId],
) -> None:
    await set_up(elena, clock)
    link = (await ada.post(f"/desk/admin/people/{staff['elena']}", verb="link")).text
    found = re.search(r'value="http://desk.test(/desk/setup/password/[\w-]+)"', link)
    assert found is not None
    await send(visitor, found[1], password="violet harbour lantern seven")
    answer = await send(visitor, "/desk/login", email=STAFF["elena"].email, password="violet harbour lantern seven")
    assert answer.headers["location"].startswith("/desk/login/code")


async def test_somebody_disabled_between_the_steps_stays_out(
    elena: Browser, visitor: Browser, clock: Clock, parts: DeskParts, staff: dict[str, UserId]
) -> None:
    app, _ = await set_up(elena, clock)
    step = (await password_given(visitor)).headers["location"]
    async with unit_of_work(parts.sessions) as session:
        own = models.User.id == staff["elena"]
        await session.execute(update(models.User).where(own).values(disabled_at=clock.now + timedelta(0)))
    assert (await send(visitor, step, code=app.at(clock.now))).status_code == 401


@pytest.mark.parametrize("name", ["elena", "other", "grace"])
async def test_only_administrators_set_the_rules(log_in: LogIn, name: str) -> None:
    browser = await log_in(name)
    assert (await browser.get("/desk/admin/sign-in")).status_code == 403
    assert (await browser.post("/desk/admin/sign-in", role_admin="1")).status_code == 403
