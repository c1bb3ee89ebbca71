"""Products of the catalogue by name, in any case and number: “стола Осло” is the “Стол Осло”."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import snowballstemmer

from nlu.engine import Entity
from nlu.normalise import normalise

_WORD = re.compile(r"[^\W_]+")
_STEMMERS = {"en": "english", "ru": "russian", "es": "spanish"}
_MOST_WORDS, _MOST_WORD_CHARACTERS = 8, 40
_FEWEST_NAME_CHARACTERS = 3
_LINKS = frozenset(["de", "del", "la", "el", "los", "las", "the", "a", "an", "of"])


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - its own name


def _stemmer(language: str) -> _Stemmer:
    made: _Stemmer = snowballstemmer.stemmer(_STEMMERS.get(language, "english"))
    return made


@dataclass(frozen=True, slots=True)
class ProductNames:
    """An immutable gazetteer: a name as stems, by language, to its sku; None where two products share the name."""

    by_language: Mapping[str, Mapping[tuple[str, ...], str | None]] = field(default_factory=dict)

    @classmethod
    def none(cls) -> "ProductNames":
        return cls()

    @classmethod
    def of(cls, products: Iterable[tuple[str, Mapping[str, str]]]) -> "ProductNames":
        """From (sku, name by language). A name that two products share names neither."""
        known: dict[str, dict[tuple[str, ...], str | None]] = {}
        stemmers = {language: _stemmer(language) for language in _STEMMERS}
        for sku, names in products:
            for language, name in names.items():
                stems = tuple(stem for stem, _, _ in _stems(name, stemmers.get(language) or stemmers["en"]))
                if stems and len(stems) <= _MOST_WORDS and len(name.strip()) >= _FEWEST_NAME_CHARACTERS:
                    of_language = known.setdefault(language, {})
                    of_language[stems] = sku if of_language.get(stems, sku) == sku else None
        return cls(MappingProxyType({language: MappingProxyType(names) for language, names in known.items()}))

    def found(self, text: str, language: str) -> Iterator[Entity]:
        """The longest name first, from left to right: at most eight look-ups a word."""
        names = self.by_language.get(language, {})
        if not names:
            return
        words = list(_stems(text, _stemmer(language)))
        first = 0
        while first < len(words):
            end = _end_of_name(names, words, first)
            if end is None:
                first += 1
                continue
            sku = names[tuple(stem for stem, _, _ in words[first:end])]
            start, stop = words[first][1], words[end - 1][2]
            if sku is not None:
                yield Entity("product", sku, text[start:stop], start, stop)
            first = end


def _end_of_name(
    names: Mapping[tuple[str, ...], str | None], words: list[tuple[str, int, int]], first: int
) -> int | None:
    for end in range(min(first + _MOST_WORDS, len(words)), first, -1):
        if tuple(stem for stem, _, _ in words[first:end]) in names:
            return end
    return None


def _stems(text: str, stemmer: _Stemmer) -> Iterator[tuple[str, int, int]]:
    """Each word that counts in a name, with its span."""
    known: dict[str, str] = {}
    for match in _WORD.finditer(text):
        word = normalise(match[0][:_MOST_WORD_CHARACTERS])
        if word in _LINKS:
            continue
        if word not in known:
            known[word] = normalise(stemmer.stemWord(word))
        yield known[word], match.start(), match.end()
