"""A file without a word gets a thank-you and a question, not “I did not understand”."""

from collections.abc import Callable

import pytest

from tests.bot.conftest import Talk

THANKS = {"en": "your file has arrived", "ru": "файл получен", "es": "hemos recibido su archivo"}


@pytest.mark.parametrize("language", ["en", "ru", "es"])
async def test_a_file_alone_is_acknowledged_and_asked_about(talk: Callable[[str], Talk], language: str) -> None:
    conversation = talk(language)
    answer = await conversation.say("")
    assert THANKS[language] in answer
    assert conversation.memory.misses == 0


async def test_an_open_question_is_put_again(talk: Callable[[str], Talk]) -> None:
    conversation = talk("en")
    await conversation.say("where is my order?")
    answer = await conversation.say(" ")
    assert THANKS["en"] in answer
    assert "a number such as" in answer


@pytest.mark.parametrize(("choice", "expected"), [("greeting", "Hello"), ("help", "order")])
async def test_a_command_of_a_messenger_is_as_good_as_the_word(
    talk: Callable[[str], Talk], choice: str, expected: str
) -> None:
    answer = await talk("en").say("/start", choice)
    assert expected.lower() in answer.lower()
    assert "start over" not in answer.lower()
