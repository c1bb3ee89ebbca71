"""The whole web application in this process, with every kind of inbox open, for tests that ask all of its routes."""

import shutil
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from fastapi import FastAPI
from pydantic import HttpUrl, SecretStr
from starlette.routing import BaseRoute, Mount, WebSocketRoute

from bot.app import build_app
from bot.services import Services, open_services
from config.settings import ROOT, NluSettings, OidcSettings, Settings
from tests.support.nlu import trained_model

BASE = "http://desk.test"
_SID = "AC" + "0" * 32
_NUMBER = {"account_sid": _SID, "token_env": "TEST_TOKEN", "number": "+34911234567"}
INBOXES = (
    {"key": "web", "channel": "webchat", "name": "Web chat"},
    {"key": "shop", "channel": "generic", "name": "Shop", "secret_env": "TEST_SECRET"},
    {"key": "line", "channel": "phone", "name": "Phone", "callback_prefixes": ["+34"], **_NUMBER},
    {"key": "sms", "channel": "sms", "name": "SMS", **_NUMBER},
)
# nobody listens there: what a provider would say is for tests of its own
SIGN_IN = OidcSettings(issuer=HttpUrl("http://127.0.0.1:9"), client_id="switchboard", client_secret=SecretStr("secret"))
ENVIRONMENT = {"TEST_TOKEN": "a-token-of-twilio-for-tests-only", "TEST_SECRET": "a-secret-of-forty-letters-for-tests"}


@dataclass(frozen=True, slots=True)
class RouteName:
    """A route as the matrix names it: `WS` for a socket."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method:<4} {self.path}"


def route_names(app: FastAPI) -> list[RouteName]:
    """Every route of the application, however deep it was included; reading before changing, then by address.

    Preflights (OPTIONS) tell which methods there are, to anybody, and are left out.
    """
    names = {name for route in _routes(app.routes) for name in _names(route)}
    return sorted(names, key=lambda name: (name.method == "POST", name.path, name.method))


def _routes(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        router = getattr(route, "original_router", None)
        if router is None:
            yield route
        else:
            yield from _routes(router.routes)


def _names(route: BaseRoute) -> Iterator[RouteName]:
    if isinstance(route, Mount):
        yield RouteName("GET", f"{route.path}/…")
    elif isinstance(route, WebSocketRoute):
        yield RouteName("WS", route.path)
    else:
        for method in (getattr(route, "methods", None) or set()) - {"OPTIONS", "HEAD"}:
            yield RouteName(method, getattr(route, "path", ""))


@asynccontextmanager
async def assembled(directory: Path, database_url: str) -> AsyncIterator[tuple[Services, FastAPI]]:
    """With its signals running. Needs ENVIRONMENT in the environment."""
    config = directory / "config"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    shutil.copytree(trained_model().parent, directory / "var" / "models")
    (config / "channels.yml").write_text(yaml.safe_dump({"inboxes": list(INBOXES)}))
    settings = Settings(
        database_url=database_url, config_dir=config, var_dir=directory / "var", public_url=HttpUrl(BASE),  # type: ignore[arg-type]
        nlu=NluSettings(parse_token="a-token-of-the-parser"), oidc=SIGN_IN,  # type: ignore[arg-type]
        chromium=directory / "no-chromium",
    )  # fmt: skip
    async with open_services(settings) as services:
        app = build_app(services)
        async with app.router.lifespan_context(app):
            yield services, app
