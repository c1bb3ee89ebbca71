"""Phrases that a text is searched for.

Plain words; `word*` for a beginning; `...` for up to four words between; `?` for a question mark; `~not` in front: not
behind this word.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

MOST_BETWEEN = 4
_TOKEN = re.compile(r"[^\W_]+|\?")
_WRITTEN = re.compile(r"(?:~[^\W_]+ )?(?:[^\W_]+\*?|\?|\.\.\.)(?:[ '’-](?:[^\W_]+\*?|\?|\.\.\.))*")
_PART = re.compile(r"[^\W_]+\*?|\?|\.\.\.")
_BREAK = re.compile(r"(?<=[.!?])\s+|\n+")
_ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0308")  # not U+0306: Russian й is a letter of its own


def plain(text: str) -> str:
    """Without capitals and accents, so that “envío” is “envio” and “счёт” is “счет”."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return unicodedata.normalize("NFC", "".join(each for each in parts if each not in _ACCENTS))


def words_of(text: str) -> list[str]:
    """Words and question marks."""
    return _TOKEN.findall(plain(text))


def sentences_of(text: str) -> list[str]:
    return [found for found in (each.strip() for each in _BREAK.split(text)) if found]


@dataclass(frozen=True, slots=True)
class _Part:
    word: str
    is_start: bool
    between: int

    def fits(self, word: str) -> bool:
        return word.startswith(self.word) if self.is_start else word == self.word


@dataclass(frozen=True, slots=True)
class Phrase:
    """Searched for word by word, in time that grows with the text and not faster."""

    parts: tuple[_Part, ...]
    unless: str = ""

    @classmethod
    def of(cls, written: str) -> "Phrase":
        parts, between = [], 0
        first, _, rest = written.partition(" ")
        unless = plain(first[1:]) if first.startswith("~") else ""
        for each in _PART.findall(plain(rest if unless else written)):
            if each == "...":
                between = MOST_BETWEEN
                continue
            parts.append(_Part(each.rstrip("*"), each.endswith("*"), between))
            between = 0
        return cls(tuple(parts), unless)

    def count(self, words: Sequence[str]) -> int:
        """How often it stands there, without overlapping."""
        at = found = 0
        while at < len(words):
            end = self._end(words, at)
            found += end is not None
            at = end or at + 1
        return found

    def _end(self, words: Sequence[str], start: int) -> int | None:
        """Behind which word it ends when it begins with word `start`; the parts are few, so this is constant."""
        if self.unless and start and words[start - 1] == self.unless:
            return None
        places = {start}
        for part in self.parts:
            ahead = {at for place in places for at in range(place, min(place + part.between + 1, len(words)))}
            places = {at + 1 for at in ahead if part.fits(words[at])}
        return min(places, default=None)


def _readable(written: str) -> str:
    if not _WRITTEN.fullmatch(written) or written.startswith("...") or written.endswith("..."):
        raise ValueError(f"“{written}” is no phrase; write words, word*, ? and ... between words")
    return written


PhraseText = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_readable)]
