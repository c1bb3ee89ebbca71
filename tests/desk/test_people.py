import pytest

from desk.people import initials, intent_name, person_name, shown_address
from desk.words import read_catalogues

WORDS = read_catalogues()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("María López", "ML"), ("Антон Соколов", "АС"), ("Lucía de la Torre", "LT"), ("Ann", "A"), ("", "?"), ("<b>", "?"),
     ("+7 495 555-01-02", "+7"), ("+34612345678", "+34")],
)  # fmt: skip
def test_initials(name: str, expected: str) -> None:
    assert initials(name) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [("tel:+34612345678", "+34 612 34 56 78"), ("mailto:tom@example.com", "tom@example.com"), ("web:abc", ""),
     ("fax:garbage", "garbage"), ("telegram:55501", "55501"), ("", "")],
)  # fmt: skip
def test_addresses_are_shown_as_people_write_them(uri: str, expected: str) -> None:
    assert shown_address(uri) == expected


def test_a_nameless_visitor_is_called_a_visitor() -> None:
    assert person_name(None, "web:abc", WORDS["es"]) == "Visitante"
    assert person_name(None, "tel:+74955550102", WORDS["en"]) == "+7 495 555-01-02"


def test_an_intent_nobody_named_is_still_readable() -> None:
    assert intent_name("refund_status", WORDS["ru"]) == "возврат денег"
    assert intent_name("gift_wrapping", WORDS["en"]) == "gift wrapping"
