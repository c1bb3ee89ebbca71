"""Where buttons are numbered lines (SMS, mail), a lone number presses one."""

from collections.abc import Callable

import pytest

from tests.bot.conftest import Talk

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("language", "hello", "asked"),
    [("en", "hello", "number of your order"), ("ru", "здравствуйте", "номер"), ("es", "hola", "número")],
)
async def test_a_number_chooses_what_was_offered(
    talk: Callable[[str], Talk], language: str, hello: str, asked: str
) -> None:
    conversation = talk(language)
    await conversation.say(hello)
    assert asked in await conversation.say("1.")


async def test_a_number_that_was_not_offered_is_just_a_number(talk: Callable[[str], Talk]) -> None:
    conversation = talk("en")
    await conversation.say("hello")
    assert "number of your order" not in await conversation.say("9")


async def test_what_was_offered_before_the_last_words_counts_no_more(talk: Callable[[str], Talk]) -> None:
    conversation = talk("en")
    await conversation.say("hello")
    await conversation.say("where is my order")
    assert "number" in await conversation.say("3")
    assert conversation.last is not None
    assert conversation.last.caused.handoff_reason is None
