from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from pydantic import HttpUrl

from config.settings import Settings
from crm_core.contracts import UserId
from crm_core.db import Sessions, unit_of_work
from crm_core.staff import LinkPurpose, disable_user, issue_link
from tests.support.desk_app import DeskParts
from tests.support.desk_client import BASE, PASSWORD, STAFF, Browser, Clock, LogIn, hidden_field

ORIGIN = {"Origin": BASE}


async def setup_link(sessions: Sessions, clock: Clock) -> str:
    async with unit_of_work(sessions) as session:
        token = await issue_link(session, clock(), LinkPurpose.SETUP, valid_for=timedelta(days=1))
    return f"/desk/setup/{token}"


async def send(browser: Browser, path: str, **fields: str) -> httpx.Response:
    token = hidden_field((await browser.get(path)).text, "form_token")
    return await browser.http.post(path, data={"form_token": token} | fields, headers=ORIGIN)


async def test_logging_in_opens_the_inbox(visitor: Browser, staff: dict[str, UserId]) -> None:
    answer = await visitor.log_in("elena")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert "Elena Moreno" in (await visitor.get("/desk")).text


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    visitor: Browser, staff: dict[str, UserId]
) -> None:
    cookie = (await visitor.log_in("elena")).headers["set-cookie"]
    assert cookie.startswith("switchboard=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "Secure" not in cookie


async def test_over_https_the_cookie_is_bound_to_host_and_encryption(
    parts: DeskParts, staff: dict[str, UserId]
) -> None:
    parts.settings = Settings(public_url=HttpUrl("https://desk.test"))
    transport = httpx.ASGITransport(parts.app())
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as http:
        token = hidden_field((await http.get("/desk/login")).text, "form_token")
        fields = {"email": STAFF["elena"].email, "password": PASSWORD, "form_token": token}
        answer = await http.post("/desk/login", data=fields, headers={"Origin": "https://desk.test"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-switchboard=")
    assert "Secure" in cookie.split("; ")
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    visitor: Browser, staff: dict[str, UserId]
) -> None:
    wrong = await send(visitor, "/desk/login", email=STAFF["elena"].email, password="wrong")
    unknown = await send(visitor, "/desk/login", email="nobody@oslo.example", password="wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(STAFF["elena"].email, "") == unknown.text.replace("nobody@oslo.example", "")
    assert "do not belong together" in wrong.text


async def test_too_many_tries_are_stopped(visitor: Browser, staff: dict[str, UserId]) -> None:
    for _ in range(5):
        await send(visitor, "/desk/login", email=STAFF["elena"].email, password="wrong")
    right = await send(visitor, "/desk/login", email=STAFF["elena"].email, password=PASSWORD)
    assert right.status_code == 429
    assert "Wait a few minutes" in right.text


async def test_a_forwarded_address_does_not_make_a_new_source(visitor: Browser, staff: dict[str, UserId]) -> None:
    for number in range(20):
        visitor.http.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        await send(visitor, "/desk/login", email=f"nobody{number}@oslo.example", password="wrong")
    assert (await send(visitor, "/desk/login", email=STAFF["pavel"].email, password=PASSWORD)).status_code == 429


async def test_a_planted_session_is_worth_nothing(visitor: Browser, staff: dict[str, UserId]) -> None:
    visitor.http.cookies.set("switchboard", "planted", domain="desk.test", path="/")
    await visitor.log_in("elena")
    assert visitor.http.cookies.get("switchboard", domain="desk.test") != "planted"


async def test_logging_in_again_ends_the_session_before(visitor: Browser, staff: dict[str, UserId]) -> None:
    await visitor.log_in("elena")
    before = visitor.http.cookies["switchboard"]
    login = await visitor.http.get("/desk/login")
    assert login.status_code == 303  # who is in already need not log in
    visitor.http.cookies.delete("switchboard")
    token = hidden_field((await visitor.http.get("/desk/login")).text, "form_token")
    visitor.http.cookies.set("switchboard", before, domain="desk.test", path="/")
    fields = {"email": STAFF["elena"].email, "password": PASSWORD, "form_token": token}
    await visitor.http.post("/desk/login", data=fields, headers=ORIGIN)
    visitor.http.cookies.clear()
    visitor.http.cookies.set("switchboard", before, domain="desk.test", path="/")
    assert (await visitor.get("/desk")).status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64])
async def test_logging_in_needs_the_token_of_our_own_form(
    visitor: Browser, staff: dict[str, UserId], token: str
) -> None:
    await visitor.get("/desk/login")
    fields = {"email": STAFF["elena"].email, "password": PASSWORD, "form_token": token}
    answer = await visitor.http.post("/desk/login", data=fields, headers=ORIGIN)
    assert answer.status_code == 403
    assert "send it once more" in answer.text


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)  # fmt: skip
async def test_logging_in_from_another_site_is_refused(
    visitor: Browser, staff: dict[str, UserId], headers: dict[str, str]
) -> None:
    token = hidden_field((await visitor.get("/desk/login")).text, "form_token")
    fields = {"email": STAFF["elena"].email, "password": PASSWORD, "form_token": token}
    assert (await visitor.http.post("/desk/login", data=fields, headers=headers)).status_code == 403


async def test_logging_out_ends_the_session_on_the_server(elena: Browser) -> None:
    token = elena.http.cookies["switchboard"]
    answer = await elena.http.post("/desk/logout", data={"csrf_token": elena.csrf}, headers=ORIGIN)
    assert answer.headers["location"] == "/desk/login"
    elena.http.cookies.set("switchboard", token, domain="desk.test", path="/")
    assert (await elena.get("/desk")).status_code == 303


@pytest.mark.parametrize(("length", "expected"), [({"minutes": 239}, 200), ({"minutes": 241}, 303)])
async def test_an_idle_session_ends(elena: Browser, clock: Clock, length: dict[str, float], expected: int) -> None:
    clock.pass_by(**length)
    assert (await elena.get("/desk")).status_code == expected


async def test_no_session_outlives_its_day(elena: Browser, clock: Clock) -> None:
    for _ in range(13):
        clock.pass_by(minutes=58)
        answer = await elena.get("/desk")
    assert answer.status_code == 303


async def test_a_disabled_person_is_out_at_once(
    elena: Browser, sessions: Sessions, clock: Clock, staff: dict[str, UserId]
) -> None:
    async with unit_of_work(sessions) as session:
        await disable_user(session, clock(), staff["elena"])
    assert (await elena.get("/desk")).status_code == 303


async def test_the_first_link_makes_the_administrator_and_logs_in(
    visitor: Browser, sessions: Sessions, clock: Clock
) -> None:
    path = await setup_link(sessions, clock)
    answer = await send(visitor, path, name="Ann Lee", email="ann@oslo.example", password="four random words here")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/admin/start")
    page = (await visitor.get("/desk")).text
    assert "Ann Lee" in page
    assert "Administrator" in page


async def test_the_first_link_works_once(visitor: Browser, sessions: Sessions, clock: Clock, app: FastAPI) -> None:
    path = await setup_link(sessions, clock)
    await send(visitor, path, name="Ann Lee", email="ann@oslo.example", password="four random words here")
    assert (await visitor.get(path)).status_code == 404
    again = await visitor.http.post(path, data={"name": "Eve"}, headers=ORIGIN)
    assert again.status_code == 404
    assert "no longer works" in again.text


async def test_the_first_link_expires(visitor: Browser, sessions: Sessions, clock: Clock) -> None:
    path = await setup_link(sessions, clock)
    clock.pass_by(hours=25)
    assert (await visitor.get(path)).status_code == 404
    assert (await visitor.get("/desk/setup/guess")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password": "short"}, "at least 10 characters"),
        ({"password": "aaaaaaaaaaaa"}, "hard to guess"),
        ({"name": " "}, "Write your name"),
        ({"email": "ann at oslo"}, "name@example.com"),
    ],
)
async def test_what_is_wrong_with_the_form_is_said(
    visitor: Browser, sessions: Sessions, clock: Clock, fields: dict[str, str], sentence: str
) -> None:
    path = await setup_link(sessions, clock)
    right = {"name": "Ann Lee", "email": "ann@oslo.example", "password": "four random words here"}
    answer = await send(visitor, path, **right | fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert right["password"] not in answer.text


async def test_the_form_repeats_nothing_unescaped(visitor: Browser, sessions: Sessions, clock: Clock) -> None:
    path = await setup_link(sessions, clock)
    answer = await send(visitor, path, name='"><script>alert(1)</script>', email="x", password="y")
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(("header", "sentence"), [("ru-RU,ru;q=0.9", "Войти"), ("es", "Entrar"), ("de", "Log in")])
async def test_the_entrance_speaks_the_browser_s_language(visitor: Browser, header: str, sentence: str) -> None:
    assert sentence in (await visitor.http.get("/desk/login", headers={"Accept-Language": header})).text


async def test_after_logging_in_the_wanted_page_opens(log_in: LogIn, visitor: Browser, seeded: dict[str, int]) -> None:
    wanted = f"/desk/c/{seeded['maria']}"
    to_login = await visitor.get(wanted)
    assert to_login.headers["location"] == f"/desk/login?next={wanted}"
    form = await visitor.get(to_login.headers["location"])
    token, target = hidden_field(form.text, "form_token"), hidden_field(form.text, "next")
    fields = {"email": STAFF["elena"].email, "password": PASSWORD, "form_token": token, "next": target}
    assert (await visitor.http.post("/desk/login", data=fields, headers=ORIGIN)).headers["location"] == wanted
