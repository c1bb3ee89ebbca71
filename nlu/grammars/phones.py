"""Telephone numbers as E.164."""

import re
from collections.abc import Iterator

import phonenumbers

from nlu.engine import Entity

_REGIONS = {"en": ("US", "GB", "ES"), "ru": ("RU",), "es": ("ES",)}
_CANDIDATE = re.compile(r"(?<![\w@#№/.,-])(?:\+|\(|\d)(?:[\d()\u00a0 .-]{5,24})\d(?![\w@/]|[.,]\d)")
_CALLED = re.compile(
    r"(?:phone|mobile|cell|tel\.?|call|ring|text|телефон\w{0,2}|тел\.?|сотов\w{2,3}|мобильн\w{2,3}|tel[eé]fono|m[oó]vil|celular|whatsapp|вотсап)"
    r"(?:\s(?:number|номер\w?|n[uú]mero))?(?:\s(?:is|me|on|at|es|al?|мой|это|me))?[\s:]{0,3}\Z",
    re.IGNORECASE,
)
_MOST_CANDIDATES = 20
_FEWEST_DIGITS, _MOST_DIGITS = 9, 15


def phones(text: str, language: str) -> Iterator[Entity]:
    """Numbers that could really be called; without a country code, in the countries of the language."""
    for tried, match in enumerate(_CANDIDATE.finditer(text)):
        if tried >= _MOST_CANDIDATES:
            return
        raw = match[0].strip()
        is_called = _CALLED.search(text[max(match.start() - 40, 0) : match.start()]) is not None
        value = _e164(raw, language, is_called=is_called)
        if value is not None:
            yield Entity("phone", value, raw, match.start(), match.start() + len(raw))


def _e164(raw: str, language: str, *, is_called: bool) -> str | None:
    """What is called a telephone need only have the length of one: no list of ranges is quite up to date."""
    told: str | None = None
    digits = sum(character.isdigit() for character in raw)
    if not _FEWEST_DIGITS <= digits <= _MOST_DIGITS:
        return None
    international = f"+{raw[2:]}" if raw.startswith("00") else raw
    for region in _REGIONS.get(language, ("ES",)):
        try:
            number = phonenumbers.parse(international, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if is_called and phonenumbers.is_possible_number(number):
            told = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return told
