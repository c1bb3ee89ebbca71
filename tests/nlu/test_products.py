"""Products are found by name in any case and number, the longest name first."""

from datetime import date

import pytest

from nlu.entities import found_entities
from nlu.products import ProductNames
from nlu.shapes import Shapes

CATALOGUE = ProductNames.of(
    [
        ("T-1", {"en": "Oslo table", "ru": "Стол Осло", "es": "Mesa Oslo"}),
        ("T-2", {"en": "Oslo table lamp", "ru": "Настольная лампа Осло", "es": "Lámpara de mesa Oslo"}),
        ("S-1", {"en": "Bergen shelf 120", "ru": "Полка Берген 120", "es": "Estantería Bergen 120"}),
        ("D-1", {"en": "Delivery"}),
        ("D-2", {"en": "Delivery"}),
    ]
)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Two OSLO tables, please", [("T-1", "OSLO tables")]),
        ("en", "the oslo table lamp and a Bergen shelf 120", [("T-2", "oslo table lamp"), ("S-1", "Bergen shelf 120")]),
        ("en", "a table in Oslo, with delivery", []),
        ("ru", "ножка стола Осло сломана", [("T-1", "стола Осло")]),
        ("ru", "нет ни столов «Осло», ни полки Берген 120", [("T-1", "столов «Осло"), ("S-1", "полки Берген 120")]),
        ("ru", "настольную лампу осло", [("T-2", "настольную лампу осло")]),
        ("es", "las mesas Oslo y la lampara de mesa oslo", [("T-1", "mesas Oslo"), ("T-2", "lampara de mesa oslo")]),
        ("es", "dos estanterías Bergen 120", [("S-1", "estanterías Bergen 120")]),
    ],
)
def test_a_name_is_found_however_it_is_bent(language: str, text: str, expected: list[tuple[str, str]]) -> None:
    found = found_entities(text, language=language, shapes=Shapes(), today=date(2026, 11, 23), products=CATALOGUE)
    products = [entity for entity in found if entity.kind == "product"]
    assert [(entity.value, entity.raw) for entity in products] == expected
    assert all(text[entity.start : entity.end] == entity.raw for entity in products)


def test_no_catalogue_names_nothing() -> None:
    found = found_entities("Oslo table", language="en", shapes=Shapes(), today=date(2026, 11, 23))
    assert found == ()


def test_a_name_of_two_products_names_neither() -> None:
    assert list(CATALOGUE.found("Delivery", "en")) == []
