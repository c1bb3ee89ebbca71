"""“Send me this by mail”, in the languages of the house; and what only sounds like it."""

import pytest

from bot.dialogue.transcripts import asks_for_transcript, masked


@pytest.mark.parametrize(
    "said",
    [
        "Can you email me this conversation?",
        "please send me this by mail",
        "Send me a copy of this chat",
        "mail this to me",
        "Пришлите мне эту переписку на почту",
        "вышлите разговор на мой email",
        "Отправьте мне это на электронную почту",
        "Envíeme esto por correo",
        "¿Puede mandarme esta conversación a mi correo?",
        "envíame una copia por email",
    ],
)
def test_the_wish_is_known_by_its_words(said: str) -> None:
    assert asks_for_transcript(said)


@pytest.mark.parametrize(
    "said",
    [
        "send me the invoice by mail",
        "I sent you an email about this conversation",
        "Пришлите счёт на почту",
        "Envíeme la factura por correo",
        "when will you send my order",
    ],
)
def test_other_wishes_are_left_to_the_model(said: str) -> None:
    assert not asks_for_transcript(said)


def test_an_address_is_told_to_its_owner_only() -> None:
    assert masked("maria@oslo.example") == "m…@oslo.example"
