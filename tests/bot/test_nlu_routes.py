"""Our `POST /model/parse`: for whoever knows the token, in the shape of Rasa."""

from dataclasses import dataclass
from typing import cast

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from bot.nlu_routes import MOST_BYTES, nlu_routes
from bot.services import Services
from config.business import Business
from config.settings import NluSettings, Settings
from nlu.native import NativeEngine


@dataclass
class Parts:
    """What the page needs of a process's services."""

    settings: Settings
    business: Business
    nlu: NativeEngine


def client(business: Business, nlu: NativeEngine, token: str | None) -> httpx.AsyncClient:
    settings = Settings(nlu=NluSettings(parse_token=SecretStr(token) if token else None))
    app = FastAPI()
    app.include_router(nlu_routes(cast("Services", Parts(settings, business, nlu))))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


@pytest.mark.parametrize("way", ["query", "header"])
async def test_the_token_opens_it(business: Business, nlu: NativeEngine, way: str) -> None:
    params = {"token": "secret"} if way == "query" else None
    headers = {"authorization": "Bearer secret"} if way == "header" else None
    async with client(business, nlu, "secret") as http:
        answer = await http.post("/model/parse", json={"text": "where is order 100234"}, params=params, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["intent"]["name"] == "order_status"
    assert answer.json()["entities"][0]["value"] == "100234"


@pytest.mark.parametrize("params", [None, {"token": "wrong"}, {"token": ""}])
async def test_without_it_nothing_is_told(business: Business, nlu: NativeEngine, params: dict[str, str] | None) -> None:
    async with client(business, nlu, "secret") as http:
        answer = await http.post("/model/parse", json={"text": "hello"}, params=params)
    assert answer.status_code == 401
    assert "intent" not in answer.json()


async def test_without_a_token_in_the_settings_there_is_no_such_page(business: Business, nlu: NativeEngine) -> None:
    async with client(business, nlu, None) as http:
        assert (await http.post("/model/parse", json={"text": "hello"})).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"text": 5}', b'{"text": "' + b"a" * MOST_BYTES + b'"}'])
async def test_what_is_no_text_is_refused_with_a_reason(business: Business, nlu: NativeEngine, body: bytes) -> None:
    async with client(business, nlu, "secret") as http:
        answer = await http.post("/model/parse", content=body, params={"token": "secret"})
    assert (answer.status_code, answer.json()["reason"]) == (400, "ParsingError")
