"""What Rasa's clients find in our answers: its tokens, its commands, its name for “I do not know”."""

import time

import pytest

from nlu.engine import Entity, NluResult, Zone
from nlu.rasa_shape import command_shape, rasa_shape, tokens


def result(zone: Zone, best: float = 0.9, second: float = 0.05) -> NluResult:
    order = Entity("order_number", "WEB-12", "web 12", 6, 12)
    return NluResult("en", (("order_status", best), ("refund_status", second)), zone, (order,), "native-1")


def test_a_sure_answer_is_given_with_its_ranking_and_entities() -> None:
    shape = rasa_shape("track web 12", result(Zone.ANSWER))
    assert shape["intent"] == {"name": "order_status", "confidence": 0.9}
    assert shape["intent_ranking"] == [shape["intent"], {"name": "refund_status", "confidence": 0.05}]
    assert shape["entities"] == [
        {"entity": "order_number", "start": 6, "end": 12, "value": "WEB-12", "extractor": "SwitchboardGrammars"}
    ]


def test_where_we_would_ask_back_the_bot_decides_by_the_confidence() -> None:
    assert rasa_shape("track web 12", result(Zone.CLARIFY))["intent"] == {"name": "order_status", "confidence": 0.9}


@pytest.mark.parametrize(
    "unsure",
    [result(Zone.HANDOFF), result(Zone.CLARIFY, 0.5, 0.45), result(Zone.CLARIFY, 0.25)],
)
def test_where_nobody_should_answer_the_rules_for_rasa_s_fallback_apply(unsure: NluResult) -> None:
    shape = rasa_shape("track web 12", unsure)
    assert shape["intent"] == {"name": "nlu_fallback", "confidence": 0.3}
    ranking = shape["intent_ranking"]
    assert isinstance(ranking, list)
    assert [entry["name"] for entry in ranking] == ["nlu_fallback", "order_status", "refund_status"]


# Read off a running server of 3.6.21.
@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", [[0, 0]]),
        ("hello", [[0, 5]]),
        ("\u200b/greeting", [[2, 10]]),
        (". /greeting", [[3, 11]]),
        ("/", [[0, 1]]),
        ("\U0001f600", [[0, 1]]),
        ("hello\U0001f600 order 100234", [[0, 5], [7, 12], [13, 19]]),
        ("_number_ \u00a0\u0000 where", [[0, 8], [12, 17]]),
    ],
)
def test_words_begin_and_end_where_rasa_s_do(text: str, spans: list[list[int]]) -> None:
    assert tokens(text) == spans


@pytest.mark.parametrize(
    ("text", "name", "confidence", "entities"),
    [
        ("/greeting", "greeting", 1.0, []),
        ("/greeting@0.5", "greeting", 0.5, []),
        ("/greeting@7", "greeting", 1.0, []),
        ("/greeting@1.2.3", "greeting", 0.0, []),
        ("/greeting bye", "greeting bye", 1.0, []),
        ('/greeting{"city":["a","b"]}', "greeting", 1.0, [("city", "a", 9, 27), ("city", "b", 9, 27)]),
        ('/greeting{"city":[]}', "greeting", 1.0, []),
        ("/greeting{bad}", "greeting", 1.0, []),
        ('/greeting{"a":NaN}', "greeting", 1.0, []),
        ("/greeting{[1]}", "greeting", 1.0, []),
    ],
)
def test_a_command_is_taken_at_its_word(
    text: str, name: str, confidence: float, entities: list[tuple[str, str, int, int]]
) -> None:
    shape = command_shape(text)
    assert shape is not None
    assert shape["intent"] == {"name": name, "confidence": confidence}
    found = shape["entities"]
    assert isinstance(found, list)
    assert [(one["entity"], one["value"], one["start"], one["end"]) for one in found] == entities


@pytest.mark.parametrize("text", ["greeting", "/", "and/or", ""])
def test_other_texts_are_no_commands(text: str) -> None:
    assert command_shape(text) is None


@pytest.mark.parametrize("hostile", ["." * 100_000, ". " * 50_000, "a." * 50_000, "'" * 99_999 + "a", " " * 100_000])
def test_hostile_texts_are_cut_in_time(hostile: str) -> None:
    started = time.monotonic()
    rasa_shape(hostile, result(Zone.ANSWER))
    assert time.monotonic() - started < 2
