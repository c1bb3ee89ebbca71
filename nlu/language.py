"""The language of a text: by script, function words and letters, else lingua's n-grams; short texts keep the hint."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from lingua import IsoCode639_1, LanguageDetector, LanguageDetectorBuilder

from nlu.language_words import ENGLISH, SPANISH

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NOT_WORDS = re.compile(r"\S*[@/\d]\S*")  # addresses, links, numbers: of no language
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_SPANISH_SIGNS = re.compile(r"[¿¡]")
_SPANISH_LETTERS = re.compile(r"[ñáéíóú]", re.IGNORECASE)
_IN_NAMES = frozenset(
    {"el", "la", "los", "las", "de", "del", "y"}
)  # Calle de la Montera: an address changes no language
_FEW_WORDS = 3
_CLEARLY = 0.2  # lingua's distance between the two likeliest; measured in docs/nlu.md


@dataclass(frozen=True, slots=True)
class _Evidence:
    words: int
    cyrillic: int
    english: int
    spanish: int
    spanish_names: int


def _evidence(text: str) -> _Evidence:
    words = [word.replace("’", "'") for word in _WORD.findall(_NOT_WORDS.sub(" ", text).lower())]
    spanish = [word for word in words if word in SPANISH]
    in_names = [word for word in spanish if word in _IN_NAMES]
    return _Evidence(
        words=len(words),
        cyrillic=sum(1 for word in words if _CYRILLIC.search(word)),
        english=sum(1 for word in words if word in ENGLISH),
        spanish=len(spanish) - len(in_names) + len(set(_SPANISH_SIGNS.findall(text))),
        spanish_names=len(in_names) + len(set(_SPANISH_LETTERS.findall(text))),
    )


def detected_language(text: str, languages: Sequence[str], hint: str | None = None) -> str:
    """One of `languages` (the default first).

    The hint is kept where the text gives no evidence, and by texts under three words whose evidence is not
    all for one other language.
    """
    kept = hint if hint in languages else None
    if len(languages) == 1:
        return languages[0]
    evidence = _evidence(text)
    if "ru" in languages and evidence.cyrillic and 2 * evidence.cyrillic >= evidence.words:
        return "ru"
    latin = [language for language in languages if language != "ru"]
    if ruled := _latin(evidence, latin, kept):
        return ruled
    asks = kept is None or (evidence.words >= _FEW_WORDS and not evidence.spanish_names)  # else perhaps an address
    guessed = _guessed(text, tuple(latin)) if asks and evidence.words and len(latin) > 1 else None
    return guessed or kept or languages[0]


def _guessed(text: str, languages: tuple[str, ...]) -> str | None:
    found = _detector(languages).detect_language_of(_NOT_WORDS.sub(" ", text))
    return found.iso_code_639_1.name.lower() if found else None


@cache
def _detector(languages: tuple[str, ...]) -> LanguageDetector:
    """In its small mode (trigrams, 11 MB): beside the rule the large one (94 MB) finds 0.1 % more of the sentences."""
    codes = [IsoCode639_1.from_str(language.upper()) for language in languages]
    builder = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_minimum_relative_distance(_CLEARLY)
    return builder.with_low_accuracy_mode().build()


def _latin(evidence: _Evidence, candidates: Iterable[str], kept: str | None) -> str | None:
    """English or Spanish, or None without evidence; a conversation changes language only on stronger evidence."""
    named = evidence.spanish_names if evidence.spanish or kept in {None, "es"} else 0
    possible = {"en": evidence.english, "es": evidence.spanish + named}
    found = {language: possible[language] for language in candidates if possible[language]}
    if not found:
        return None
    if evidence.words < _FEW_WORDS and kept in found:
        return kept
    return max(found, key=lambda language: (found[language], language == kept))
