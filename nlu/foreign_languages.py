"""Languages that customers write in and the company does not answer in: a wide look, for reports and not for turns."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cache

from lingua import IsoCode639_1, LanguageDetector, LanguageDetectorBuilder

LOOKED_FOR = (
    "en", "ru", "es", "fr", "de", "it", "pt", "nl", "pl", "uk", "ro", "cs", "hu", "sv", "da", "fi", "el", "tr", "ar",
    "zh", "ja", "ko",
)  # fmt: skip
FEWEST_LETTERS = 20  # a shorter text may be of any language
_CLEARLY = 0.25
_NOT_WORDS = re.compile(r"\S*[@/\d]\S*")


def foreign_languages(texts: Iterable[str], known: Collection[str]) -> Counter[str]:
    """How many of the texts are clearly in which language, those of `known` left out."""
    detector = _detector()
    cleaned = (_NOT_WORDS.sub(" ", text) for text in texts)
    found = (detector.detect_language_of(text) for text in cleaned if _letters(text) >= FEWEST_LETTERS)
    codes = Counter(each.iso_code_639_1.name.lower() for each in found if each is not None)
    return Counter({code: count for code, count in codes.items() if code not in known})


def _letters(text: str) -> int:
    return sum(1 for each in text if each.isalpha())


@cache
def _detector() -> LanguageDetector:
    codes = [IsoCode639_1.from_str(language.upper()) for language in LOOKED_FOR]
    builder = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).with_minimum_relative_distance(_CLEARLY)
    return builder.with_low_accuracy_mode().build()
