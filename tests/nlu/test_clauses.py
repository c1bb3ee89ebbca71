"""Several wishes in one text are told apart; one wish in several sentences stays one."""

import pytest

from nlu.engine import NluResult
from nlu.native import NativeEngine

LANGUAGES = ("en", "ru", "es")


def wishes(result: NluResult) -> list[tuple[str, list[str]]]:
    return [
        (clause.intents[0][0], [entity.value for entity in clause.entities if entity.kind == "order_number"])
        for clause in result.clauses
    ]


CANCEL_THEN_STATUS = [("cancel_order", ["100234"]), ("order_status", ["100235"])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cancel order 100234 and where is order 100235?", CANCEL_THEN_STATUS),
        ("отмените заказ 100234 и скажите, где заказ 100235", CANCEL_THEN_STATUS),
        ("cancele el pedido 100234 y ¿dónde está el pedido 100235?", CANCEL_THEN_STATUS),
        ("cancel order 100234, where is order 100235?", CANCEL_THEN_STATUS),
        ("Where is my order 100234? Also, I want to speak to a person.",
         [("order_status", ["100234"]), ("talk_to_person", [])]),
        ("I want to cancel my order and what are your opening hours?", [("cancel_order", []), ("opening_hours", [])]),
        ("Хочу вернуть стол и узнать, где заказ 100235", [("return_item", []), ("order_status", ["100235"])]),
    ],
)  # fmt: skip
def test_each_wish_keeps_its_own_order(engine: NativeEngine, text: str, expected: list[object]) -> None:
    assert wishes(engine.parse(text, languages=LANGUAGES)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "where is my order 100234",
        "Hello! Where is my order 100234? Thank you.",
        "My sofa came broken and I am very upset.",
        "The table and the chairs are broken",
        "Where is my order? I want to know where my order is.",
        "Здравствуйте, где мой заказ? Спасибо.",
        "стол и стулья приехали сломанными",
        "Hola, ¿dónde está mi pedido? Gracias.",
        "and and and",
        "",
        "where is order 100234 and where is my order " * 40,
    ],
)
def test_one_wish_stays_one(engine: NativeEngine, text: str) -> None:
    assert engine.parse(text, languages=LANGUAGES).clauses == ()


def test_places_in_clauses_are_places_in_the_text(engine: NativeEngine) -> None:
    text = "cancel order 100234 and where is order 100235?"
    for clause in engine.parse(text, languages=LANGUAGES).clauses:
        for entity in clause.entities:
            assert text[entity.start : entity.end] == entity.raw
            assert clause.start <= entity.start < entity.end <= clause.end
