"""What the grammars find, and what they leave alone, in three languages."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from nlu.entities import found_entities
from nlu.shapes import Shapes

MONDAY = date(2026, 11, 23)
TABLES: list[dict[str, dict[str, list[str]]]] = [
    yaml.safe_load(Path(__file__).with_name(f"entities{part}.yml").read_text(encoding="utf-8"))
    for part in ("", "_fresh", "_unseen")
]
CASES = [
    (language, text, found) for table in TABLES for language, cases in table.items() for text, found in cases.items()
]


@pytest.mark.parametrize(("language", "text", "expected"), CASES, ids=lambda value: str(value)[:60])
def test_every_value_and_nothing_else_is_found(language: str, text: str, expected: list[str]) -> None:
    found = found_entities(text, language=language, shapes=Shapes(), today=MONDAY)
    assert [f"{entity.kind} {entity.value}" for entity in found] == expected


@pytest.mark.parametrize("language", TABLES[0])
def test_the_tables_hold_150_texts_a_language(language: str) -> None:
    assert len({text for table in TABLES for text in table[language]}) >= 150


@pytest.mark.parametrize(("language", "text"), [(language, text) for language, text, _ in CASES])
def test_raw_is_the_text_at_its_span(language: str, text: str) -> None:
    for entity in found_entities(text, language=language, shapes=Shapes(), today=MONDAY):
        if entity.kind != "card_number":
            assert text[entity.start : entity.end] == entity.raw


def test_a_card_number_is_kept_nowhere() -> None:
    (card,) = found_entities("4111-1111-1111-1111", language="en", shapes=Shapes(), today=MONDAY)
    assert "1111-1111" not in card.raw
    assert (card.start, card.end) == (0, 19)


def test_the_company_chooses_prefixes_and_digits() -> None:
    shapes = Shapes(order_prefixes=("NL",), order_digits=(9, 9))
    found = found_entities("NL-77 or 987654321 but not 100234 or WEB-3", language="es", shapes=shapes, today=MONDAY)
    assert [entity.value for entity in found if entity.kind == "order_number"] == ["NL-77"]
    assert [entity.value for entity in found if entity.kind == "phone"] == ["+34987654321"]


HOSTILE = {
    "letters": "a" * 100_000,
    "digits": "1" * 100_000,
    "groups": "123 " * 25_000,
    "at signs": "a@" * 50_000,
    "dots": "a@b." * 25_000,
    "order words": "order number is " * 6_250,
    "order without end": "order " + "#:" * 50_000,
    "phones": "+34 612 345 678 " * 6_250,
    "parentheses": "((((" * 25_000,
    "amounts": "1,234" * 20_000,
    "months": "25 november 25 " * 6_666,
    "spaces": " " * 100_000,
    "names": "my name is " + "Anna " * 20_000,
    "stars": "⭐" * 100_000,
    "combining marks": "e\u0301\u0308" * 33_333,
    "cyrillic": "заказ номер " * 8_333,
    "dashes": "-" * 100_000,
    "digits and dashes": "1-" * 50_000,
    "digits and spaces": "4 " * 50_000,
    "only at signs": "@" * 100_000,
    "closing parentheses": "(1)" * 33_333,
    "mixed scripts": "aя1١ñ" * 20_000,
    "streets": "12 Baker " * 11_111,
    "улицы": "ул. Ленина " * 9_090,
    "calles": "calle de la Mayor " * 5_555,
    "ranges": "from 1 to 5 " * 8_333,
    "clocks": "10:30 " * 16_666,
    "card groups": "4111 " * 20_000,
    "dates and order": "25.11.2026 order 100234 " * 4_166,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_searched_to_an_end(text: str) -> None:
    assert len(found_entities(text, language="en", shapes=Shapes(), today=MONDAY)) < 100
