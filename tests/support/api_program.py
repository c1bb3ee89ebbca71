"""A program that calls the API: its client with a key, as somebody's script would."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import httpx
from fastapi import FastAPI

from bot.api.app import PREFIX, api_app
from bot.api.services import ApiServices
from config.business import Business
from config.settings import ApiSettings, Settings
from crm_core.api_keys import NewKey, create_key
from crm_core.db import Sessions, unit_of_work
from crm_core.states import Scope
from tests.support.desk_app import DeskErp, sample_orders
from tests.support.desk_client import Clock

BASE = "http://api.test"
EVERYTHING = frozenset(Scope)


@dataclass
class Program:
    http: httpx.AsyncClient
    key: str
    key_id: int
    _numbers: Iterable[int] = field(default_factory=count)

    async def get(self, path: str, **asked: object) -> httpx.Response:
        return await self.http.get(f"{PREFIX}{path}", params=asked or None, headers=self.headers())

    async def post(self, path: str, body: object, *, token: str = "", method: str = "POST") -> httpx.Response:
        headers = self.headers() | {"Idempotency-Key": token or f"t-{next(iter(self._numbers))}"}
        return await self.http.request(method, f"{PREFIX}{path}", json=body, headers=headers)

    async def patch(self, path: str, body: object) -> httpx.Response:
        return await self.post(path, body, method="PATCH")

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass
class ApiParts:
    """What a test may want to change before the API is built."""

    sessions: Sessions
    business: Business
    clock: Clock
    erp: DeskErp
    settings: Settings = field(default_factory=lambda: Settings(api=ApiSettings(per_s=1_000, burst=10_000)))

    def app(self) -> FastAPI:
        services = ApiServices(self.sessions, self.business, self.erp, self.settings, self.clock)
        app = FastAPI(openapi_url=None)
        app.mount(PREFIX, api_app(services))
        return app

    async def program(
        self, http: httpx.AsyncClient, scopes: Iterable[Scope] = EVERYTHING, teams: Iterable[str] | None = None
    ) -> Program:
        new = NewKey("A shop", frozenset(scopes), None if teams is None else list(teams), days=30)
        async with unit_of_work(self.sessions) as session:
            key_id, key = await create_key(session, self.clock.now, None, new)
        return Program(http, key, key_id)


def api_parts(sessions: Sessions, business: Business, now: datetime) -> ApiParts:
    return ApiParts(sessions, business, Clock(now), DeskErp(sample_orders(now)))
