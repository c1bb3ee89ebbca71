"""Rasa as the engine: its intents, our language and entities, and our own answer wherever it has none."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from nlu.engine import Zone
from nlu.native import NativeEngine
from nlu.rasa_http import RasaEngine, RasaThresholds
from nlu.rasa_server import RasaAddress, RasaFault, RasaServer
from tests.support.rasa import Answering, answering, hang, misbehaving, ranking

LANGUAGES = ("en", "ru", "es")
GREETING = ranking(("greeting", 0.9), ("thanks", 0.05))


@contextmanager
def rasa_at(native: NativeEngine, url: str, timeout_s: float = 5.0) -> Iterator[RasaEngine]:
    server = RasaServer(RasaAddress(url, None, timeout_s))
    yield RasaEngine(native, server)
    server.close()


@contextmanager
def saying(native: NativeEngine, reply: object = GREETING, status: int = 200) -> Iterator[tuple[RasaEngine, Answering]]:
    with answering(reply, status) as fake, rasa_at(native, fake.url) as engine:
        yield engine, fake


def test_intents_are_rasa_s_and_the_rest_is_ours(engine: NativeEngine) -> None:
    text = "¿dónde está mi pedido 100234?"
    with saying(engine) as (rasa, _):
        result, ours = (one.parse(text, languages=LANGUAGES) for one in (rasa, engine))
    assert result.intents == (("greeting", 0.9), ("thanks", 0.05))
    assert (result.zone, result.model_id, result.fell_back) == (Zone.ANSWER, "rasa", False)
    assert (result.language, result.entities, result.signals) == (ours.language, ours.entities, ours.signals)
    assert result.language == "es"


@pytest.mark.parametrize(
    ("entries", "zone"),
    [
        ([("a", 0.9), ("b", 0.05)], Zone.ANSWER),
        ([("a", 0.7)], Zone.ANSWER),
        ([("a", 0.9), ("b", 0.85)], Zone.CLARIFY),
        ([("a", 0.5)], Zone.CLARIFY),
        ([("a", 0.29)], Zone.HANDOFF),
        ([("nlu_fallback", 0.8), ("a", 0.75), ("b", 0.1)], Zone.CLARIFY),
        ([("nlu_fallback", 0.3), ("a", 0.2)], Zone.HANDOFF),
        ([("nlu_fallback", 0.9)], Zone.HANDOFF),
        ([("a", 0.9), *((f"i{number}", 0.01) for number in range(6)), ("nlu_fallback", 0.0)], Zone.CLARIFY),
    ],
)
def test_zones_by_confidence_by_ambiguity_and_by_rasa_s_own_verdict(
    engine: NativeEngine, entries: list[tuple[str, float]], zone: Zone
) -> None:
    with saying(engine, ranking(*entries)) as (rasa, _):
        result = rasa.parse("hm well", languages=LANGUAGES)
    assert result.zone is zone
    assert 1 <= len(result.intents) <= 5
    assert result.intent == ("nlu_fallback" if len(entries) == 1 and "nlu_fallback" in entries[0] else result.intent)


def test_thresholds_are_for_each_company_to_choose(engine: NativeEngine) -> None:
    with saying(engine) as (rasa, _):
        strict = RasaEngine(engine, rasa.server, RasaThresholds(answer=0.95))
        assert strict.parse("hello", languages=LANGUAGES).zone is Zone.CLARIFY


@pytest.mark.parametrize("text", ["/talk_to_person", "  / /cancel_order", '/inform{"order_number": "1"}'])
def test_a_customer_cannot_name_an_intent_with_a_slash(engine: NativeEngine, text: str) -> None:
    with saying(engine) as (rasa, fake):
        rasa.parse(text, languages=LANGUAGES)
    (sent,) = fake.texts
    assert sent == text.lstrip(" /")


def test_a_card_number_stays_with_us_and_places_stay_right(engine: NativeEngine) -> None:
    text = " / my card 4111 1111 1111 1111 was charged in Oslo"
    reply = {**GREETING, "entities": [{"entity": "city", "value": "Oslo", "start": 43, "end": 47}]}
    with saying(engine, reply) as (rasa, fake):
        result = rasa.parse(text, languages=LANGUAGES)
    assert fake.texts == ["my card 0000 0000 0000 0000 was charged in Oslo"]
    city = result.entity("city")
    assert city is not None
    assert (city.raw, text[city.start : city.end]) == ("Oslo", "Oslo")


def test_of_rasa_s_entities_those_are_taken_that_our_grammars_do_not_read(engine: NativeEngine) -> None:
    told = [
        {"entity": "city", "value": "Oslo", "start": 6, "end": 10},
        {"entity": "order_number", "value": "Oslo", "start": 6, "end": 10},
        {"entity": "city", "value": "100234", "start": 17, "end": 23},
        {"entity": "time", "value": {"to": 5}, "start": 0, "end": 5},
    ]
    with saying(engine, {**GREETING, "entities": told}) as (rasa, _):
        result = rasa.parse("fetch Oslo order 100234", languages=LANGUAGES)
    kinds = [(entity.kind, entity.value) for entity in result.entities]
    assert ("city", "Oslo") in kinds
    assert ("order_number", "100234") in kinds
    assert not {("order_number", "Oslo"), ("city", "100234")} & set(kinds)


@pytest.mark.parametrize("text", ["100234", "me@example.com", "👍", "  ", "", "///"])
def test_what_is_no_words_is_ours_alone(engine: NativeEngine, text: str) -> None:
    with saying(engine) as (rasa, fake):
        result = rasa.parse(text, languages=LANGUAGES)
    assert result == engine.parse(text, languages=LANGUAGES)
    assert fake.texts == []


def test_several_wishes_are_each_named_by_rasa(engine: NativeEngine) -> None:
    text = "please cancel order 100234, and where is order 100235?"
    assert len(engine.parse(text, languages=LANGUAGES).clauses) == 2
    with saying(engine, ranking(("refund_status", 0.9))) as (rasa, fake):
        result = rasa.parse(text, languages=LANGUAGES)
    assert len(fake.texts) == 3
    assert [clause.intents for clause in result.clauses] == [(("refund_status", 0.9),)] * 2


@pytest.mark.parametrize("text", ["hello \ud83d", "hello \x00", "hello " * 5_000])
def test_no_text_breaks_it(engine: NativeEngine, text: str) -> None:
    with saying(engine) as (rasa, fake):
        assert not rasa.parse(text, languages=LANGUAGES).fell_back
    assert len(fake.texts[0]) <= 4_000


def test_when_rasa_fails_ours_answers_and_says_why_without_a_word_of_the_customer(engine: NativeEngine) -> None:
    faults: list[RasaFault] = []
    with answering(GREETING, 500) as fake, rasa_at(engine, fake.url) as plain, capture_logs() as logs:
        rasa = RasaEngine(engine, plain.server, on_fall_back=faults.append)
        results = [rasa.parse("where is my order", languages=LANGUAGES) for _ in range(6)]
    assert {(result.intent, result.model_id, result.fell_back) for result in results} == {
        ("order_status", engine.model_id, True)
    }
    assert faults == [RasaFault.REFUSED] * 3 + [RasaFault.RESTING] * 3
    assert [log["event"] for log in logs] == ["nlu.rasa.failed"] * 3
    assert "where is my order" not in str(logs)


def test_a_server_that_hangs_costs_its_time_out_and_no_more(engine: NativeEngine) -> None:
    with misbehaving(hang) as url, rasa_at(engine, url, timeout_s=0.2) as rasa:
        assert rasa.parse("where is my order", languages=LANGUAGES).fell_back
