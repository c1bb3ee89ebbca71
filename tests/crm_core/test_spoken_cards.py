"""A card number said aloud is masked like a written one; other numbers in words are left."""

import pytest

from crm_core.cards import without_card_numbers

MASKED = "•••• •••• •••• 1111"
SPOKEN = (
    "four " + " ".join(["one"] * 15),
    "Four one one one, one one one one, one one one one, one one one one",
    "forty-one " + " ".join(["eleven"] * 7),
    "четыре " + " ".join(["один"] * 15),
    "сорок один " + " ".join(["одиннадцать"] * 7),
    "четыреста одиннадцать сто одиннадцать сто одиннадцать сто одиннадцать сто одиннадцать один",
    "cuatro " + " ".join(["uno"] * 15),
    "cuarenta y uno " + " ".join(["once"] * 7),
)


@pytest.mark.parametrize("said", SPOKEN)
def test_a_spoken_card_is_masked(said: str) -> None:
    assert without_card_numbers(f"my card is {said}, thanks") == f"my card is {MASKED}, thanks"


@pytest.mark.parametrize(
    "text",
    [
        "four " + " ".join(["one"] * 14) + " two",
        "order one zero zero two three four",
        "call me at six one two three four five six seven eight",
        "один стол, два стула, три лампы и четыре полки",
        "uno, dos, tres, cuatro, cinco, seis, siete",
        "",
    ],
)
def test_other_numbers_in_words_stay(text: str) -> None:
    assert without_card_numbers(text) == text


@pytest.mark.parametrize("hostile", ["one " * 25_000, "сто " * 25_000, "forty-one " * 10_000])
def test_any_text_is_read_to_an_end(hostile: str) -> None:
    assert isinstance(without_card_numbers(hostile), str)
