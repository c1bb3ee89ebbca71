"""Our `POST /model/parse`: for whoever knows the token, in the shape of Rasa."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from bot.nlu_routes import MOST_BYTES, nlu_routes
from bot.services import Services
from config.business import Business
from config.settings import NluSettings, Settings, TurnSettings
from nlu.engine import NluEngine, NluResult
from nlu.native import NativeEngine


@dataclass
class Parts:
    """What the page needs of a process's services."""

    settings: Settings
    business: Business
    nlu: NluEngine


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


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "BadRequest"),
        (b"null", 500, "ParsingError"),
        (b"no json", 500, "ParsingError"),
        (b"[" * 100_000, 500, "ParsingError"),
        (b"[]", 500, "ParsingError"),
        (b"{}", 500, "ParsingError"),
        (b'{"text": 5}', 500, "ParsingError"),
        (b'{"text": null}', 500, "ParsingError"),
        (b'{"text": []}', 500, "ParsingError"),
        (b'{"text": "' + b"a" * MOST_BYTES + b'"}', 413, "RequestEntityTooLarge"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_what_is_no_text_is_refused_as_rasa_refuses_it(
    business: Business, nlu: NativeEngine, body: bytes, status: int, reason: str
) -> None:
    async with client(business, nlu, "secret") as http:
        answer = await http.post("/model/parse", content=body, params={"token": "secret"})
    told = answer.json()
    assert (answer.status_code, told["reason"], told["code"], told["status"]) == (status, reason, status, "failure")


async def test_the_token_may_stand_in_the_body_where_rasa_s_own_client_puts_it(
    business: Business, nlu: NativeEngine
) -> None:
    body = {"token": "secret", "text": "hello", "message_id": "default"}
    async with client(business, nlu, "secret") as http:
        assert (await http.post("/model/parse", json=body)).status_code == 200
        assert (await http.post("/model/parse", json={**body, "token": "wrong"})).status_code == 401
        assert (await http.post("/model/parse", json={**body, "token": 5})).status_code == 401


async def test_a_text_that_has_no_utf_8_is_answered(business: Business, nlu: NativeEngine) -> None:
    async with client(business, nlu, "secret") as http:
        body = b'{"text": "hello \\ud83d"}'
        answer = await http.post("/model/parse", content=body, params={"token": "secret"})
    assert answer.status_code == 200
    assert answer.json()["text"] == "hello \ud83d"


async def test_a_token_in_other_letters_is_merely_wrong(business: Business, nlu: NativeEngine) -> None:
    async with client(business, nlu, "secret") as http:
        answer = await http.post("/model/parse", json={"text": "x"}, params={"token": "пароль"})
    assert answer.status_code == 401


async def test_an_engine_that_takes_too_long_is_told_as_a_failure(business: Business, nlu: NativeEngine) -> None:
    class Slow:
        model_id = "slow"

        def parse(self, text: str, *, languages: Sequence[str], hint: str | None = None) -> NluResult:
            time.sleep(0.3)
            return nlu.parse(text, languages=languages)

    settings = Settings(nlu=NluSettings(parse_token=SecretStr("secret")), turn=TurnSettings(nlu_timeout_s=0.05))
    app = FastAPI()
    app.include_router(nlu_routes(cast("Services", Parts(settings, business, Slow()))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as http:
        answer = await http.post("/model/parse", json={"text": "hello"}, params={"token": "secret"})
    assert (answer.status_code, answer.json()["reason"]) == (500, "ParsingError")
