"""What a message denies beside its wish is not read as a wish; any other “not” stays."""

import pytest

from nlu.denials import affirmed
from nlu.native import NativeEngine


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("no, i want to return it, not cancel", "no, i want to return it"),
        ("i want to return it, not cancel it", "i want to return it"),
        ("not to cancel, but to return it", "to return it"),
        ("return it instead of cancelling the order", "return it"),
        ("нет, я хочу вернуть, а не отменить", "нет, я хочу вернуть"),
        ("не отменить, а вернуть", "вернуть"),
        ("no, quiero devolverlo, no cancelarlo", "no, quiero devolverlo"),
        ("no cancelar, sino devolver", "devolver"),
        ("quiero devolverlo en vez de cancelar", "quiero devolverlo"),
    ],
)
def test_the_denied_wish_goes(text: str, left: str) -> None:
    assert affirmed(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "please do not cancel my order", "my parcel is late, not happy", "I did not order this", "do not cancel",
        "не могу оплатить", "заказ не пришёл", "не отменяйте заказ",
        "no quiero cancelar", "ya pagué, no funciona la tarjeta", "no puedo pagar", "",
    ],
)  # fmt: skip
def test_any_other_not_stays(text: str) -> None:
    assert affirmed(text) == text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("no, I want to return it, not cancel", "en"),
        ("I want to return it, not cancel it", "en"),
        ("нет, я хочу вернуть, а не отменить", "ru"),
        ("хочу вернуть, а не отменить", "ru"),
        ("no, quiero devolverlo, no cancelarlo", "es"),
        ("devolverlo, no cancelarlo", "es"),
    ],
)
def test_the_wish_that_is_left_is_understood(engine: NativeEngine, text: str, language: str) -> None:
    assert engine.parse(text, languages=("en", "ru", "es"), hint=language).intent == "return_item"
