"""The language rule: script, words, and the stickiness of short messages."""

import pytest

from nlu.language import detected_language

ALL = ("en", "ru", "es")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("where is my order", "en"),
        ("I need an invoice for SO-100234", "en"),
        ("do you ship to Germany?", "en"),
        ("my name is José García and I want a refund", "en"),
        ("где мой заказ", "ru"),
        ("заказ WEB-3 на Oslo & Co не пришёл", "ru"),
        ("мой order 100234 где", "ru"),
        ("dónde está mi pedido", "es"),
        ("donde esta mi pedido", "es"),
        ("quiero devolver el sofa", "es"),
        ("¿Abren hoy?", "es"),
        ("la factura INV-2041", "es"),
    ],
)
@pytest.mark.parametrize("hint", [None, *ALL])
def test_a_clear_text_is_of_its_language_whatever_was_before(text: str, language: str, hint: str | None) -> None:
    assert detected_language(text, ALL, hint) == language


@pytest.mark.parametrize(
    "text",
    ["ok", "100234", "WEB-3", "👍", "anna@example.com", "Ivan", "no", "Billy Ektorp", "", "???", "+34 612 345 678"],
)
@pytest.mark.parametrize("hint", ALL)
def test_a_short_text_without_evidence_keeps_the_language(text: str, hint: str) -> None:
    assert detected_language(text, ALL, hint) == hint


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("gracias", "en", "es"),
        ("hello", "es", "en"),
        ("thanks", "ru", "en"),
        ("да", "en", "ru"),
        ("english", "ru", "en"),
        ("order sí", "es", "es"),
        ("order sí", "en", "en"),
    ],
)
def test_a_short_text_changes_the_language_only_when_it_is_all_of_another(text: str, hint: str, language: str) -> None:
    assert detected_language(text, ALL, hint) == language


@pytest.mark.parametrize(
    "address", ["Calle de la Montera 15, 2º", "San Sebastián de los Reyes", "A Coruña", "Avenida del Río 7, Alcalá"]
)
def test_a_spanish_address_leaves_an_english_conversation_english(address: str) -> None:
    assert detected_language(address, ALL, "en") == "en"


def test_without_evidence_or_hint_the_company_default_is_taken() -> None:
    assert detected_language("12345", ("es", "en"), None) == "es"


def test_only_languages_of_the_company_are_given() -> None:
    assert detected_language("где мой заказ", ("es", "en"), None) == "es"
    assert detected_language("where is my order", ("ru",), "en") == "ru"
    assert detected_language("12345", ("es", "ru"), "en") == "es"


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("installation?", None, "en"),
        ("vinieron dos brazos izquierdos", "en", "es"),
        ("representante", None, "es"),
        ("representante", "en", "en"),
        ("asdf", "es", "es"),
    ],
)
def test_what_the_words_do_not_tell_the_letters_do_unless_it_is_short_in_a_conversation(
    text: str, hint: str | None, language: str
) -> None:
    assert detected_language(text, ("en", "es"), hint) == language
    assert detected_language(text, ("es", "en"), hint) == language
