"""A choice among options, however it is said; anything else is no choice."""

import pytest

from bot.dialogue.choosing import NONE_OF_THESE, chosen_of
from bot.dialogue.corrections import takes_back

OPTIONS = [
    ("payment", "Invoice, payment or refund"),
    ("discount", "Are there discounts or vouchers?"),
    (NONE_OF_THESE, "None of these"),
]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1", "payment"),
        ("2.", "discount"),
        ("number 2", "discount"),
        ("the second one", "discount"),
        ("первое", "payment"),
        ("la segunda", "discount"),
        ("3", NONE_OF_THESE),
        ("none", NONE_OF_THESE),
        ("ни одно", NONE_OF_THESE),
        ("ninguna", NONE_OF_THESE),
        ("refund", "payment"),
        ("vouchers", "discount"),
        ("INVOICE, PAYMENT OR REFUND", "payment"),
        ("4", None),
        ("", None),
        ("100234", None),
        ("or", None),
        ("where is my order", None),
        ("I have one question", None),
        ("one of my chairs is broken and two are missing", None),
    ],
)
def test_numbers_words_and_labels_choose(text: str, name: str | None) -> None:
    assert chosen_of(OPTIONS, text) == name


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("no, I want to return it", True),
        ("No! the other one", True),
        ("нет, вернуть", True),
        ("wait, I meant the sofa", True),
        ("no sofa has come", False),
        ("no me llegó el pedido", False),
        ("не пришёл заказ", False),
        ("nothing came", False),
    ],
)
def test_only_a_no_of_its_own_takes_back(text: str, is_so: bool) -> None:  # noqa: FBT001
    assert takes_back(text) is is_so
