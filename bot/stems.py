"""Words of a question or a document as stems: case, accents and endings do not count, nor words that carry no topic."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Protocol

import snowballstemmer

from bot.question_words import LIGHT_WORDS, STOP_WORDS

MOST_CHARACTERS, MOST_WORDS = 2_000, 40
MOST_WORD_CHARACTERS = 40

_WORD = re.compile(r"[^\W_]+")
_STEMMERS = {"en": "english", "ru": "russian", "es": "spanish"}
_WITHOUT_ACCENT = str.maketrans("ёáàâäéèêëíìîïóòôöúùûü", "еaaaaeeeeiiiioooouuuu")
_LOST_ACCENT = re.compile(r"([cs])ion$")


class Stemmer(Protocol):
    """What snowballstemmer gives for every language."""

    def stemWord(self, word: str) -> str: ...  # noqa: N802 - its own name


def bare(text: str) -> str:
    """In lower case without accents; «й» and «ñ» are letters of their own and stay."""
    return unicodedata.normalize("NFKC", text).lower().translate(_WITHOUT_ACCENT)


class Words:
    """Cuts text of one language into stems; stems of words met in documents are remembered."""

    def __init__(self, language: str) -> None:
        self._stemmer: Stemmer = snowballstemmer.stemmer(_STEMMERS[language])
        self._silent = frozenset(bare(word) for word in STOP_WORDS[language].split())
        self._light = frozenset(bare(word) for word in LIGHT_WORDS[language].split())
        self._spanish = language == "es"
        self._known: dict[str, str] = {}

    def learn(self, text: str) -> list[str]:
        """The stems of a document, in order, remembered for questions."""
        words = self._topical(text)
        for word in words:
            if word not in self._known:
                self._known[word] = self._stem(word)
        return [self._known[word] for word in words]

    def topical(self, question: str) -> list[str]:
        """The first MOST_WORDS words that carry a topic, each once, in order."""
        words = dict.fromkeys(self._topical(question[:MOST_CHARACTERS])[:MOST_WORDS])
        return [word for word in words if word in self._known or word not in self._light]

    @property
    def known(self) -> Mapping[str, str]:
        """Every word of the documents, with its stem."""
        return self._known

    def stem(self, word: str) -> str:
        return self._known.get(word) or self._stem(word)

    def _topical(self, text: str) -> list[str]:
        words = _WORD.findall(bare(text))
        return [word[:MOST_WORD_CHARACTERS] for word in words if word not in self._silent]

    def _stem(self, word: str) -> str:
        # The Spanish rules look for written accents, which people leave out: give the commonest back.
        accented = _LOST_ACCENT.sub(r"\1ión", word) if self._spanish else word
        return bare(self._stemmer.stemWord(accented))
