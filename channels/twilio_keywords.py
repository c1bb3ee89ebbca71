"""STOP, START and HELP, as carriers know them and as people write them in Russian and Spanish."""

from enum import StrEnum
from typing import NamedTuple


class Wish(StrEnum):
    """What a keyword asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"


class Keyword(NamedTuple):
    wish: Wish
    language: str | None  # None: the word is used in every language


# The first row of STOP is what Twilio itself obeys and then refuses to send (twilio.com/docs/messaging/tutorials/
# advanced-opt-out): we must read it the same way.
_WORDS: dict[Keyword, str] = {
    Keyword(Wish.STOP, None): "stop stopall unsubscribe cancel end quit optout revoke",
    Keyword(Wish.STOP, "ru"): "стоп отписаться отписка отмена",
    Keyword(Wish.STOP, "es"): "baja parar alto cancelar",
    Keyword(Wish.START, None): "start unstop",
    Keyword(Wish.START, "ru"): "старт начать",
    Keyword(Wish.START, "es"): "alta empezar iniciar",
    Keyword(Wish.HELP, None): "help info",
    Keyword(Wish.HELP, "ru"): "помощь справка",
    Keyword(Wish.HELP, "es"): "ayuda",
}
_MEANINGS = {word: keyword for keyword, words in _WORDS.items() for word in words.split()}


def keyword_in(text: str) -> Keyword | None:
    """The keyword that is the whole of `text`; a word inside a sentence is none."""
    return _MEANINGS.get(text.strip(" \t\r\n.!¡").casefold())
