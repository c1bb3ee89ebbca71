"""Ours beside a real Rasa 3.6.21, field by field and refusal by refusal; and each as the engine of the other."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn
import yaml
from fastapi import FastAPI
from pydantic import SecretStr

from bot.nlu_routes import nlu_routes
from bot.services import Services
from config.business import Business, read_business
from config.settings import ROOT, NluSettings, Settings
from nlu.engine import NluEngine, Zone
from nlu.native import NativeEngine
from nlu.rasa_http import RasaEngine
from nlu.rasa_project import write_project
from nlu.rasa_server import RasaAddress, RasaFault, RasaServer, RasaUnavailableError
from tests.support.rasa import DATA, RASA, TOKEN, needs_rasa, quiet_environment, real_rasa

pytestmark = [pytest.mark.slow, needs_rasa]
LANGUAGES = ("en", "ru", "es")


@dataclass
class Parts:
    """What the page needs of a process's services."""

    settings: Settings
    business: Business
    nlu: NluEngine


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written by us, trained by Rasa with its default pipeline, briefly."""
    folder = tmp_path_factory.mktemp("rasa")
    (folder / "en.yml").write_text(DATA)
    write_project([folder / "en.yml"], folder / "project", epochs=30)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": quiet_environment()}
    command = [RASA, "train", "nlu", "--domain", "domain.yml", "--fixed-model-name", "parity"]
    subprocess.run(command, cwd=folder / "project", check=True, timeout=400, **quiet)  # type: ignore[call-overload]
    return folder / "project"


@pytest.fixture(scope="module")
def theirs(project: Path) -> Iterator[str]:
    with real_rasa(project) as url:
        yield url


@pytest.fixture(scope="module")
def ours(nlu: NativeEngine) -> Iterator[str]:
    """The URL of our page on a real port."""
    settings = Settings(nlu=NluSettings(parse_token=SecretStr(TOKEN)))
    app = FastAPI()
    app.include_router(nlu_routes(cast("Services", Parts(settings, read_business(ROOT / "config"), nlu))))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


def ask(url: str, body: bytes, token: str | None = TOKEN) -> httpx.Response:
    return httpx.post(f"{url}/model/parse", content=body, params={"token": token} if token else None, timeout=20)


def parsed(url: str, text: str) -> dict[str, Any]:
    answer = ask(url, json.dumps({"text": text, "message_id": "m1"}).encode())
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def types(part: object) -> object:
    """The types of every field, at every depth; of a list those of its first."""
    if isinstance(part, dict):
        return {name: types(value) for name, value in part.items()}
    if isinstance(part, list):
        return [types(part[0])] if part else []
    return type(part).__name__


@pytest.mark.parametrize("text", ["where is order 100234", "order 100871 please", "  hello  ", "hello \U0001f600!"])
def test_an_answer_has_the_fields_and_types_of_rasa_s_at_every_depth(ours: str, theirs: str, text: str) -> None:
    mine, rasas = parsed(ours, text), parsed(theirs, text)
    kept = {"entity", "start", "end", "value", "extractor"}  # the rest says how sure DIET is of an entity
    for entity in rasas["entities"]:
        assert set(entity) - kept <= {"confidence_entity", "processors", "role", "confidence_role", "group"}
    rasas["entities"] = [{name: one[name] for name in kept} for one in rasas["entities"]]
    mine["entities"] = [{name: one[name] for name in kept} for one in mine["entities"]] if rasas["entities"] else []
    assert types(mine) == types(rasas)
    assert (mine["text"], mine["text_tokens"]) == (rasas["text"], rasas["text_tokens"])
    assert mine["response_selector"] == rasas["response_selector"]


def test_an_entity_stands_where_rasa_s_stands(ours: str, theirs: str) -> None:
    spans = [
        [
            (one["entity"], one["start"], one["end"], one["value"])
            for one in parsed(url, "where is order 100234")["entities"]
        ]
        for url in (ours, theirs)
    ]
    assert spans[0] == spans[1] == [("order_number", 15, 21, "100234")]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "hi", "it's 5.30, isn't it?", "a@b.co", "—¡Hola! ¿qué tal?—", "где мой заказ №100234?..", "…", "😀",
        "/", "- a -5 --5",
        "10'000.00 (ten) #tag @me AT&T", "\u200b/greeting", "tab\tand\nline", "well\u00a0then", "x" * 300,
        "R2-D2", "né", "日本 語",
        "http://a.b/c?d=e,f", "!!! ??? ...", "😀😀 ok👍", "1,2;3", "“quoted” ‘words’", "a--b", "don’t",
    ],
)  # fmt: skip
def test_words_are_cut_as_rasa_cuts_them(ours: str, theirs: str, text: str) -> None:
    mine, rasas = parsed(ours, text), parsed(theirs, text)
    assert (mine["text"], mine["text_tokens"]) == (rasas["text"], rasas["text_tokens"])


@pytest.mark.parametrize(
    "text",
    [
        "/greeting", "  /greeting ", "/greeting@0.5", "/greeting@7", "/greeting@x", "/greeting@1.2.3",
        "/unheard_of", "/greeting bye",
        '/greeting{"order_number": "5"}', '/greeting@0.4{"a": ["x", "y"], "b": 7, "c": {"d": null}}', "/greeting{bad}",
        "/greeting{[1]}",
        '/greeting{"a": []}', '/greeting{"a": "1"} and more', "/a/b", "/greeting\nbye", "//greeting",
    ],
)  # fmt: skip
def test_a_command_is_answered_as_rasa_answers_it(ours: str, theirs: str, text: str) -> None:
    assert parsed(ours, text) == parsed(theirs, text)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"no json", b"[]", b'["text"]', b'"text"', b"5", b"{}", b'{"message": "hi"}', b'{"text": null}',
        b'{"text": 5}',
        b'{"text": true}', b'{"text": {}}', b'{"text": []}', b'{"text": [5]}', b'{"text": "\xff"}', b"[" * 50_000,
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_bad_input_is_refused_with_rasa_s_status_reason_and_fields(ours: str, theirs: str, body: bytes) -> None:
    mine, rasas = ask(ours, body), ask(theirs, body)
    assert (mine.status_code, mine.json()["reason"]) == (rasas.status_code, rasas.json()["reason"])
    assert types(mine.json()) == types(rasas.json())
    assert mine.json()["version"] == rasas.json()["version"]


def test_a_list_of_texts_is_answered_by_its_first(ours: str, theirs: str) -> None:
    body = b'{"text": ["hello", "bye"]}'
    assert ask(ours, body).json()["text"] == ask(theirs, body).json()["text"] == "hello"


@pytest.mark.parametrize("token", [None, "wrong"])
def test_strangers_are_refused_alike(ours: str, theirs: str, token: str | None) -> None:
    mine, rasas = (ask(url, b'{"text": "hello"}', token) for url in (ours, theirs))
    assert mine.status_code == rasas.status_code == 401
    assert mine.json() == rasas.json()


def test_other_methods_are_refused_alike(ours: str, theirs: str) -> None:
    assert [httpx.get(f"{url}/model/parse").status_code for url in (ours, theirs)] == [405, 405]


def test_a_real_rasa_names_our_intents_and_adds_its_entities(nlu: NativeEngine, theirs: str) -> None:
    server = RasaServer(RasaAddress(theirs, TOKEN, 20.0))
    server.ask_model()
    rasa = RasaEngine(nlu, server)
    result = rasa.parse("where is order 100234", languages=LANGUAGES)
    assert (result.intent, result.zone, result.fell_back) == ("order_status", Zone.ANSWER, False)
    assert result.model_id.startswith("rasa-parity-")
    trip = rasa.parse("from Rome to LA", languages=LANGUAGES)
    assert ("city", "Los Angeles") in [(entity.kind, entity.value) for entity in trip.entities]
    forged = rasa.parse("/cancel_order", languages=LANGUAGES)
    assert forged.intent in {"greeting", "order_status"}
    server.close()


def test_a_real_rasa_with_another_token_is_no_answer(theirs: str) -> None:
    server = RasaServer(RasaAddress(theirs, "wrong", 20.0))
    with pytest.raises(RasaUnavailableError) as raised:
        server.parse(["hello"])
    assert raised.value.fault is RasaFault.REFUSED
    server.close()


def test_when_a_real_rasa_is_killed_ours_answers_and_when_it_is_back_it_does(nlu: NativeEngine, project: Path) -> None:
    with real_rasa(project) as url:
        server = RasaServer(RasaAddress(url, TOKEN, 20.0))
        rasa = RasaEngine(nlu, server)
        assert not rasa.parse("hello there", languages=LANGUAGES).fell_back
    result = rasa.parse("where is my order", languages=LANGUAGES)
    assert (result.intent, result.fell_back, result.model_id) == ("order_status", True, nlu.model_id)
    with real_rasa(project, port=int(url.rpartition(":")[2])):
        assert not rasa.parse("hello there", languages=LANGUAGES).fell_back
    server.close()


def test_a_real_rasa_bot_asks_us_in_the_place_of_its_own_pipeline(ours: str, project: Path, tmp_path: Path) -> None:
    endpoints = tmp_path / "endpoints.yml"
    endpoints.write_text(yaml.safe_dump({"nlu": {"url": ours, "token": TOKEN}}))
    with real_rasa(project, "--endpoints", str(endpoints)) as url:
        told = parsed(url, "I want my money back for the broken lamp")
    assert told["intent_ranking"]
    assert told["intent"]["name"] not in {"greeting", "order_status", ""}
