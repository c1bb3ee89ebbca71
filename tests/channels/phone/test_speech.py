"""What a voice says and what an ear hears."""

import pytest

from channels.phone.speech import for_the_ear, with_digits


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Order 100234 is on its way.", "Order 1 0 0 2 3 4 is on its way."),
        ("It costs 1234.50 euros on 24 November.", "It costs 1234.50 euros on 24 November."),
        ("Tracking: SEUR AB-77X", "Tracking: SEUR A B   7 7 X"),
        ("See https://shop.example/x for more.", "See  for more."),
        ("One\n\nTwo", "One Two"),
    ],
)
def test_a_text_is_made_for_the_ear(written: str, said: str) -> None:
    assert for_the_ear(written) == said


def test_the_source_of_an_answer_is_not_read_out() -> None:
    assert for_the_ear("We deliver in two days.\n\nSource: Delivery", is_knowledge=True) == "We deliver in two days."


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("one zero zero two three four", "100234"),
        ("my order is one oh oh, two three four please", "my order is 100234 please"),
        ("заказ один ноль ноль два три четыре", "заказ 100234"),
        ("uno cero cero dos tres cuatro", "100234"),
        ("1 0 0 2 3 4", "100234"),
        ("one of two chairs", "one of two chairs"),
        ("один стул и два стола", "один стул и два стола"),
        ("o no", "o no"),
        ("", ""),
    ],
)
def test_spoken_digits_become_a_number(heard: str, meant: str) -> None:
    assert with_digits(heard) == meant
