"""Card numbers said aloud, as a transcript of a call writes them: “four one one …”, “сорок один одиннадцать …”."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_UNITS = (
    (
        "zero one two three four five six seven eight nine ten "
        "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
    ),
    (
        "ноль один два три четыре пять шесть семь восемь девять десять "
        "одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
    ),
    (
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez "
        "once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte "
        "veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
    ),
)
_TENS = (
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
    "- treinta cuarenta cincuenta sesenta setenta ochenta noventa",
)
_HUNDREDS = (
    "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот",
    "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos",
)
_OTHER = {"oh": 0, "o": 0, "нуль": 0, "одна": 1, "две": 2, "un": 1, "cien": 100}
_VALUES = {
    **{word: at for line in _UNITS for at, word in enumerate(line.split())},
    **{word: 20 + 10 * at for line in _TENS for at, word in enumerate(line.split())},
    **{word: 100 + 100 * at for line in _HUNDREDS for at, word in enumerate(line.split())},
    **_OTHER,
}
_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = re.compile(r"[\s,.\-]{1,3}(?:y\s)?")
_FEWEST, _MOST = 13, 19
_CARD_STARTS = "23456"  # the industries whose cards people pay with
_LONGEST_RUN = 60  # words; nobody says more of one card


@dataclass(slots=True)
class _Group:
    """Number words that are one number: “two hundred” is not said in cards, “сто одиннадцать” is."""

    start: int
    end: int
    value: int
    room: int  # what may still be added: below the last word's size


def spoken_card_spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and digits of every card number in words: 13 to 19 digits that pass Luhn."""
    for run in _runs(text):
        groups = _groups(run)
        first = 0
        while first < len(groups):
            found = _card_from(groups, first)
            if found is None:
                first += 1
                continue
            last, digits = found
            yield groups[first].start, groups[last].end, digits
            first = last + 1


def _runs(text: str) -> Iterator[list[re.Match[str]]]:
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        if match[0].lower() not in _VALUES:
            continue
        apart = run and _BETWEEN.fullmatch(text, run[-1].end(), match.start()) is None
        if apart or len(run) == _LONGEST_RUN:
            yield run
            run = []
        run.append(match)
    yield run


def _groups(run: list[re.Match[str]]) -> list[_Group]:
    groups: list[_Group] = []
    for match in run:
        value = _VALUES[match[0].lower()]
        if groups and 0 < value < groups[-1].room:
            groups[-1].value += value
            groups[-1].end, groups[-1].room = match.end(), _room(value)
        else:
            groups.append(_Group(match.start(), match.end(), value, _room(value)))
    return groups


def _room(value: int) -> int:
    """Hundreds leave room for tens, tens for units."""
    return next((size for size in (100, 10) if value >= size and value % size == 0 and value > 10), 0)  # noqa: PLR2004


def _card_from(groups: list[_Group], first: int) -> tuple[int, str] | None:
    """The last group and the digits of the longest card that starts with group `first`."""
    digits, best = "", None
    if str(groups[first].value)[0] not in _CARD_STARTS:
        return None
    for number in range(first, len(groups)):
        digits += str(groups[number].value)
        if len(digits) > _MOST:
            break
        if len(digits) >= _FEWEST and _passes_luhn(digits):
            best = number, digits
    return best


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0
