"""The language of a text by rule: the script first, then function words and letters; short texts keep the hint."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nlu.language_words import ENGLISH, SPANISH

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NOT_WORDS = re.compile(r"\S*[@/\d]\S*")  # addresses, links, numbers: of no language
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_SPANISH_LETTERS = re.compile(r"[ñ¿¡áéíóú]", re.IGNORECASE)
_FEW_WORDS = 3


@dataclass(frozen=True, slots=True)
class _Evidence:
    words: int
    cyrillic: int
    english: int
    spanish: int


def _evidence(text: str) -> _Evidence:
    words = [word.replace("’", "'") for word in _WORD.findall(_NOT_WORDS.sub(" ", text).lower())]
    return _Evidence(
        words=len(words),
        cyrillic=sum(1 for word in words if _CYRILLIC.search(word)),
        english=sum(1 for word in words if word in ENGLISH),
        spanish=sum(1 for word in words if word in SPANISH) + len(set(_SPANISH_LETTERS.findall(text))),
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
    return _latin(evidence, [language for language in languages if language in {"en", "es"}], kept) or (
        kept or languages[0]
    )


def _latin(evidence: _Evidence, candidates: Iterable[str], kept: str | None) -> str | None:
    """English or Spanish, or None without evidence; a conversation changes language only on stronger evidence."""
    scores = {language: evidence.english if language == "en" else evidence.spanish for language in candidates}
    found = {language: score for language, score in scores.items() if score}
    if not found:
        return None
    best = max(found, key=lambda language: (found[language], language == kept))
    if evidence.words < _FEW_WORDS and kept in found:
        return kept
    return best
