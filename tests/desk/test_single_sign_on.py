"""Signing in through a provider that nobody here wrote; and every way in that must stay closed."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from pydantic import HttpUrl, SecretStr
from sqlalchemy import select

from config.settings import OidcSettings, Settings
from crm_core import models
from crm_core.audit import AuditAction
from crm_core.contracts import UserId
from crm_core.db import unit_of_work
from crm_core.models_oversight import AuditEntry
from crm_core.staff import disable_user
from tests.support.desk_app import DeskParts
from tests.support.desk_client import BASE, STAFF, Browser, Clock
from tests.support.oidc import CLIENT_ID, CLIENT_SECRET, is_installed, log_in_at, running_provider

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="needs the oidc-provider of npm: bin/ensure-oidc"),
]
BACK = f"{BASE}/desk/login/provider/back"
ELENA = STAFF["elena"].email


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_provider(tmp_path_factory.mktemp("oidc"), BACK) as address:
        yield address


def settings_of(provider: str, **more: object) -> Settings:
    oidc = OidcSettings(
        issuer=HttpUrl(provider), client_id=CLIENT_ID, client_secret=SecretStr(CLIENT_SECRET), name="Oslo ID",
        domains=["Oslo.example"], **more,  # type: ignore[arg-type]
    )  # fmt: skip
    return Settings(public_url=HttpUrl(BASE), oidc=oidc)


@pytest.fixture
def app(parts: DeskParts, provider: str, staff: dict[str, UserId]) -> FastAPI:
    parts.settings = settings_of(provider)
    return parts.app()


@pytest.fixture
async def other_browser(app: FastAPI) -> AsyncIterator[Browser]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as http:
        yield Browser(http)


async def sent_out(browser: Browser, wanted: str = "/desk") -> str:
    answer = await browser.get(f"/desk/login/provider?next={wanted}")
    assert answer.status_code == 303
    return answer.headers["location"]


async def sign_in(browser: Browser, who: str, wanted: str = "/desk") -> httpx.Response:
    return await browser.get(await log_in_at(await sent_out(browser, wanted), who, BACK))


async def test_somebody_known_by_a_verified_address_comes_in_and_is_known_from_then_on(
    visitor: Browser, other_browser: Browser, parts: DeskParts
) -> None:
    assert "Sign in with Oslo ID" in (await visitor.get("/desk/login")).text
    answer = await sign_in(visitor, ELENA, "/desk/search")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/search")
    assert "Elena Moreno" in (await visitor.get("/desk")).text
    async with unit_of_work(parts.sessions) as session:
        elena = (await session.scalars(select(models.User).where(models.User.email == ELENA))).one()
        elena.email = "elena.moreno@oslo.example"  # she marries; the provider's id stays
    assert (await sign_in(other_browser, ELENA)).status_code == 303
    async with parts.sessions() as session:
        trail = [row.action for row in await session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert trail == [AuditAction.PERSON_CHANGED, AuditAction.LOGGED_IN, AuditAction.LOGGED_IN]


async def test_the_request_carries_a_challenge_a_state_and_a_nonce(visitor: Browser) -> None:
    asked = parse_qs(urlsplit(await sent_out(visitor)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 40 for name in ("state", "nonce", "code_challenge"))
    assert asked["redirect_uri"] == [BACK]


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ("unverified@oslo.example", "does not vouch for your e-mail address"),
        ("nobody@oslo.example", "no account for you here"),
        ("elena@evil.example", "no account for you here"),
    ],
)
async def test_who_is_not_one_of_us_is_told_so(visitor: Browser, who: str, sentence: str) -> None:
    answer = await sign_in(visitor, who)
    assert answer.status_code == 403
    assert sentence in answer.text
    assert (await visitor.get("/desk")).status_code == 303


async def test_an_address_that_goes_to_somebody_else_does_not_bring_the_account_along(
    visitor: Browser, other_browser: Browser
) -> None:
    await sign_in(visitor, ELENA)
    answer = await sign_in(other_browser, f"again-{ELENA}")
    assert (answer.status_code, "no account for you" in answer.text) == (403, True)


async def test_a_disabled_account_stays_closed(visitor: Browser, parts: DeskParts, staff: dict[str, UserId]) -> None:
    async with unit_of_work(parts.sessions) as session:
        await disable_user(session, parts.now(), staff["elena"])
    answer = await sign_in(visitor, ELENA)
    assert (answer.status_code, "is disabled" in answer.text) == (403, True)


async def test_where_it_is_allowed_somebody_new_gets_an_account_with_the_least_it_says(
    parts: DeskParts, provider: str, staff: dict[str, UserId]
) -> None:
    parts.settings = settings_of(provider, create_role="agent", create_teams=["service"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(parts.app()), base_url=BASE) as http:
        assert (await sign_in(Browser(http), "noor@oslo.example")).status_code == 303
    async with parts.sessions() as session:
        noor = (await session.scalars(select(models.User).where(models.User.email == "noor@oslo.example"))).one()
    assert (noor.name, noor.role, noor.teams, noor.password_hash) == ("Noor Haddad", "agent", ["service"], None)


async def test_a_code_is_worth_nothing_twice(visitor: Browser) -> None:
    back = await log_in_at(await sent_out(visitor), ELENA, BACK)
    kept = visitor.http.cookies["switchboard-provider"]
    assert (await visitor.get(back)).status_code == 303
    visitor.http.cookies.clear()
    visitor.http.cookies.set("switchboard-provider", kept, domain="desk.test", path="/")
    answer = await visitor.get(back)
    assert (answer.status_code, "could not be completed" in answer.text) == (403, True)


async def test_a_code_is_worth_nothing_in_another_browser(visitor: Browser, other_browser: Browser) -> None:
    """Neither without what that browser was sent out with, nor with its own: state and verifier differ."""
    back = await log_in_at(await sent_out(visitor), ELENA, BACK)
    assert (await other_browser.get(back)).status_code == 403
    own_state = parse_qs(urlsplit(await sent_out(other_browser)).query)["state"][0]
    swapped = f"{BACK}?code={parse_qs(urlsplit(back).query)['code'][0]}&state={own_state}"
    answer = await other_browser.get(swapped)
    assert (answer.status_code, "could not be completed" in answer.text) == (403, True)


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=guess", "?error=access_denied&state=guess"])
async def test_who_comes_back_without_having_left_is_refused(visitor: Browser, query: str) -> None:
    answer = await visitor.get(f"/desk/login/provider/back{query}")
    assert (answer.status_code, "begun in another window" in answer.text) == (403, True)


async def test_a_sign_in_that_takes_too_long_begins_anew(
    visitor: Browser, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = await log_in_at(await sent_out(visitor), ELENA, BACK)
    monkeypatch.setattr("desk.provider_page.VALID_S", -1)
    assert (await visitor.get(back)).status_code == 403


async def test_a_provider_that_is_away_leaves_the_password(parts: DeskParts) -> None:
    parts.settings = settings_of("http://127.0.0.1:9")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(parts.app()), base_url=BASE) as http:
        answer = await http.get("/desk/login/provider")
    assert (answer.status_code, "log in with your password" in answer.text) == (503, True)


async def test_without_a_provider_there_is_no_such_door(parts: DeskParts, staff: dict[str, UserId]) -> None:
    parts.settings = Settings(public_url=HttpUrl(BASE))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(parts.app()), base_url=BASE) as http:
        assert "Sign in with" not in (await http.get("/desk/login")).text
        assert (await http.get("/desk/login/provider")).status_code == 404
