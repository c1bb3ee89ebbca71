"""What PostgreSQL can hold."""

import pytest

from crm_core.plain_text import is_storable, storable


@pytest.mark.parametrize("text", ["", "Hello", "Привет, мир", "¿Qué tal?", "\t\r\n\x01\x7f", "\U0001f6cb", "\uffff"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert is_storable(text)
    assert storable(text) == text


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "a\ude00\ud83db"])
def test_what_is_not_utf8_is_taken_out(text: str) -> None:
    assert not is_storable(text)
    assert storable(text) in ("", "ab")
