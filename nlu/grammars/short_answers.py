"""What people answer to a question of ours: a code, four digits, a mark from one to five."""

import re
from collections.abc import Iterator

from nlu.engine import Entity

_CODE_WORD = re.compile(
    r"\b(?:code|passcode|otp|pin|код\w{0,2}|c[oó]digo|clave)(?:\s(?:de\sverificaci[oó]n|подтверждения|доступа))?(?:\s{0,3}(?:is|was|это|es|из|смс|sms|por|:|-|—)){0,4}"
    r"\s{0,3}(\d{3}[ -]?\d{3})(?![\w-])",
    re.IGNORECASE,
)
_CODE_ALONE = re.compile(r"\s*(\d{3}[ -]\d{3})[\s.!]*")
_DIGITS4_WORD = re.compile(
    r"(?:\b(?:last|final)\s+(?:four|4)(?:\s+(?:digits?|numbers?))?|\b(?:ends?|ending)(?:\s+(?:in|with))?(?=\s)|\bcard\s+ending|\b(?:карт\w)\s+на|"
    r"\bпоследни\w{1,2}\s+(?:четыре|4)(?:\s+цифр\w)?|\b(?:за|о)канчива\w{2,4}\s+(?:на|цифрами)|"
    r"\b[uú]ltim[oa]s\s+(?:cuatro|4)(?:\s+(?:d[ií]gitos|n[uú]meros|cifras))?|\b(?:terminan?|acaban?|(?:termin|acab)ad[ao]s?)\s+en)"
    r"(?:\s{0,3}(?:are|is|of|my|the|phone|number|это|телефона|номера|моего|del?|mi|tel[eé]fono|son|es|el|los|las|:|-|—)){0,6}"
    r"\s{0,3}(\d{4})(?![\w-]|[.,]\d)",
    re.IGNORECASE,
)
_DIGITS4_ALONE = re.compile(r"\s*(\d{4})[\s.!]*")
_RATING = re.compile(
    r"\s*(?:rating|i(?:'d| would)?\s+give(?:\s+(?:it|you|this))?(?:\s+a)?|оценка|ставлю|поставлю|nota|"
    r"(?:les?|os)?\s?(?:doy|pongo)(?:\s+un)?|un|a)?"
    r"[\s:—-]{0,3}"
    r"(?:([1-5])|(\w{3,6}))(?:\s*(?:/|out\s+of|из|de|sobre)\s*5)?"
    r"\s*(?:stars?|points?|зв[её]зд\w{0,2}|балл\w{0,2}|estrellas?|puntos?)?[\s.!]*",
    re.IGNORECASE,
)
_STARS = re.compile(r"\s*((?:⭐\ufe0f?|★){1,5})\s*")
_NUMBER_WORDS = {
    word: str(number)
    for number, words in enumerate(("one один", "two два", "three три tres", "four четыре", "five пять cinco"), start=1)
    for word in words.split()
} | {"uno": "1", "dos": "2", "cuatro": "4"}
_LONGEST_RATING = 60


def _span(kind: str, value: str, match: re.Match[str], group: int) -> Entity:
    return Entity(kind, value, match[group], match.start(group), match.end(group))


def codes(text: str) -> Iterator[Entity]:
    """A verification code after its word, or alone in two halves; alone it may be an order number as well."""
    for match in _CODE_WORD.finditer(text):
        yield _span("code", re.sub(r"\D", "", match[1]), match, 1)
    if (alone := _CODE_ALONE.fullmatch(text[:_LONGEST_RATING])) is not None and len(text) <= _LONGEST_RATING:
        value = re.sub(r"\D", "", alone[1])
        yield _span("order_number", value, alone, 1)
        yield _span("code", value, alone, 1)


def digits4(text: str) -> Iterator[Entity]:
    """The last four digits of a telephone number, named as such or alone."""
    alone = _DIGITS4_ALONE.fullmatch(text) if len(text) <= _LONGEST_RATING else None
    for match in [alone] if alone else _DIGITS4_WORD.finditer(text):
        yield _span("digits4", match[1], match, 1)


def ratings(text: str) -> Iterator[Entity]:
    """A mark alone; never a number inside a sentence."""
    if len(text) > _LONGEST_RATING:
        return
    if (stars := _STARS.fullmatch(text)) is not None:
        yield _span("rating", str(sum(character in "⭐★" for character in stars[1])), stars, 1)
    elif (match := _RATING.fullmatch(text)) is not None:
        group = 1 if match[1] else 2
        value = match[1] or _NUMBER_WORDS.get(match[2].lower())
        if value is not None:
            yield _span("rating", value, match, group)
