"""Rasa as the engine: its intents, our entities, and our answer when it has none; on a real server where one is."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from config.settings import ROOT
from nlu.engine import Zone
from nlu.native import NativeEngine
from nlu.rasa_http import MODEL_ID, RasaEngine, zone_of
from nlu.rasa_shape import rasa_shape

LANGUAGES = ("en", "ru", "es")
RASA = Path(os.environ.get("SWITCHBOARD_RASA", ROOT / ".venv-rasa" / "bin" / "rasa"))
needs_rasa = pytest.mark.skipif(not RASA.exists(), reason="Rasa is not here: `make rasa`, or SWITCHBOARD_RASA")
PROJECT = {
    "config.yml": """
recipe: default.v1
language: en
pipeline:
- {name: WhitespaceTokenizer}
- {name: CountVectorsFeaturizer}
- {name: LogisticRegressionClassifier}
- {name: RegexEntityExtractor, use_lookup_tables: false}
- {name: ResponseSelector, epochs: 1}
""",
    "domain.yml": "version: '3.1'\nintents: [greeting, order_status]\nentities: [order_number]\n",
    "data/nlu.yml": """
version: "3.1"
nlu:
- intent: greeting
  examples: |
    - hello
    - hi there
    - good morning
- intent: order_status
  examples: |
    - where is my order
    - where is order [100234](order_number)
    - has it shipped
- regex: order_number
  examples: |
    - \\d{6}
""",
}


def answering(native: NativeEngine, answer: httpx.Response | Exception) -> RasaEngine:
    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return RasaEngine(native, httpx.Client(base_url="http://rasa", transport=httpx.MockTransport(handle)))


@contextmanager
def opened(native: NativeEngine, url: str, *, token: str | None, timeout_s: float) -> Iterator[RasaEngine]:
    rasa = RasaEngine.opened(native, url, token=token, timeout_s=timeout_s)
    yield rasa
    rasa.client.close()


def said(*ranking: tuple[str, float]) -> httpx.Response:
    entries = [{"name": name, "confidence": likely} for name, likely in ranking]
    return httpx.Response(200, json={"intent": entries[0], "intent_ranking": entries, "entities": []})


def test_intents_are_rasa_s_and_the_rest_is_ours(engine: NativeEngine) -> None:
    result = answering(engine, said(("greeting", 0.9), ("thanks", 0.05))).parse("order 100234", languages=LANGUAGES)
    assert (result.intent, result.zone, result.model_id, result.fell_back) == ("greeting", Zone.ANSWER, MODEL_ID, False)
    assert [entity.value for entity in result.entities] == ["100234"]


def test_where_rasa_gives_up_nothing_is_answered(engine: NativeEngine) -> None:
    gave_up = said(("nlu_fallback", 0.8), ("greeting", 0.75), ("thanks", 0.1))
    result = answering(engine, gave_up).parse("hm", languages=LANGUAGES)
    assert (result.intent, result.zone) == ("greeting", Zone.CLARIFY)


@pytest.mark.parametrize(
    ("ranking", "zone"),
    [
        ([("a", 0.9), ("b", 0.05)], Zone.ANSWER),
        ([("a", 0.9), ("b", 0.85)], Zone.CLARIFY),
        ([("a", 0.5)], Zone.CLARIFY),
        ([("a", 0.2)], Zone.HANDOFF),
    ],
)
def test_zones_by_confidence_and_ambiguity(ranking: list[tuple[str, float]], zone: Zone) -> None:
    assert zone_of(tuple(ranking)) is zone


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(500, text="no"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(200, json={"intent": {"name": None}, "intent_ranking": []}),
    ],
)
def test_when_rasa_fails_ours_answers_and_says_so(engine: NativeEngine, answer: httpx.Response | Exception) -> None:
    result = answering(engine, answer).parse("where is my order", languages=LANGUAGES)
    assert (result.intent, result.fell_back) == ("order_status", True)
    assert result.model_id == engine.model_id


def test_after_failures_rasa_is_not_asked_for_a_while(engine: NativeEngine) -> None:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise httpx.ConnectError("refused")

    rasa = RasaEngine(engine, httpx.Client(base_url="http://rasa", transport=httpx.MockTransport(handle)))
    results = [rasa.parse("hello", languages=LANGUAGES) for _ in range(10)]
    assert len(asked) == 3
    assert all(result.fell_back and result.intent == "greeting" for result in results)


def test_a_server_that_hangs_is_given_up_in_time(engine: NativeEngine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with opened(engine, url, token=None, timeout_s=0.2) as rasa:
            assert rasa.parse("where is my order", languages=LANGUAGES).fell_back
        assert time.monotonic() - started < 5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Rasa 3.6.21, trained on two intents."""
    folder = tmp_path_factory.mktemp("rasa")
    (folder / "data").mkdir()
    for name, content in PROJECT.items():
        (folder / name).write_text(content)
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([RASA, "train", "nlu"], check=True, timeout=300, **quiet)  # type: ignore[call-overload]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [RASA, "run", "--enable-api", "-i", "127.0.0.1", "--port", str(port), "--auth-token", "secret"]
    rasa = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/status", params={"token": "secret"}, timeout=2).raise_for_status()
            break
        except httpx.HTTPError:
            time.sleep(0.5)
    yield url
    rasa.terminate()
    rasa.wait(30)


@needs_rasa
@pytest.mark.slow
def test_a_real_rasa_names_the_intents(engine: NativeEngine, server: str) -> None:
    with opened(engine, server, token="secret", timeout_s=10) as rasa:
        result = rasa.parse("where is order 100234", languages=LANGUAGES)
    assert (result.intent, result.model_id, result.fell_back) == ("order_status", MODEL_ID, False)
    with opened(engine, server, token="wrong", timeout_s=10) as refused:
        assert refused.parse("hello", languages=LANGUAGES).fell_back


@needs_rasa
@pytest.mark.slow
def test_our_answer_has_the_fields_and_types_of_a_real_rasa_s(engine: NativeEngine, server: str) -> None:
    text = "where is order 100234"
    theirs = httpx.post(f"{server}/model/parse", params={"token": "secret"}, json={"text": text}, timeout=10).json()
    ours = json.loads(json.dumps(rasa_shape(text, engine.parse(text, languages=LANGUAGES))))
    assert ours["text_tokens"] == theirs["text_tokens"]
    assert ours["text"] == theirs["text"]
    assert shape(ours["intent"]) == shape(theirs["intent"])
    assert shape(ours["intent_ranking"][0]) == shape(theirs["intent_ranking"][0])
    mine, rasas = ours["entities"][0], theirs["entities"][0]
    assert {name: mine[name] for name in ("entity", "start", "end", "value")} == {
        name: rasas[name] for name in ("entity", "start", "end", "value")
    }
    assert ours.keys() >= theirs.keys() - {"response_selector"}


def shape(part: dict[str, object]) -> dict[str, str]:
    return {name: type(value).__name__ for name, value in part.items()}
