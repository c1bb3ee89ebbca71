"""Segments as carriers count them (3GPP TS 23.038)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.gsm7 import is_gsm7, room, segments


@pytest.mark.parametrize(
    ("text", "count"),
    [("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2), ("я" * 70, 1),
     ("я" * 71, 2), ("я" * 134, 2), ("я" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2), ("", 1), ("a" * 69 + "я", 1)],
)  # fmt: skip
def test_a_text_is_counted_in_its_alphabet(text: str, count: int) -> None:
    assert segments(text) == count


@pytest.mark.parametrize(("text", "packed"), [("¿Dónde está?", False), ("¡Ñandú à €5!", False), ("Año: Ä é ñ", True)])
def test_spanish_needs_the_wide_alphabet_for_its_accents(text: str, packed: object) -> None:
    assert is_gsm7(text) is packed


@given(st.text(alphabet="ab€я😀[", max_size=900), st.integers(1, 6))
def test_what_has_room_is_not_more_segments_than_asked(text: str, most: int) -> None:
    assert segments(text[: room(text, most)]) <= most
