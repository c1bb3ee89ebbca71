"""Money in words: “полторы тысячи рублей”, “mil quinientos euros”, “two hundred and fifty dollars”."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from nlu.engine import Entity
from nlu.grammars.amounts import CURRENCY_WORDS, named_currency

_UNITS = (
    "one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_RUSSIAN_UNITS = (
    "один два три четыре пять шесть семь восемь девять десять "
    "одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
)
_SPANISH_UNITS = (
    "un dos tres cuatro cinco seis siete ocho nueve diez "
    "once doce trece catorce quince dieciseis diecisiete dieciocho diecinueve "
    "veinte veintiun veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho veintinueve"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_RUSSIAN_TENS = "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"
_SPANISH_TENS = "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa"
_RUSSIAN_HUNDREDS = "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот"
_SPANISH_HUNDREDS = (
    "cien doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_HUNDRED, _THOUSAND = Decimal(100), Decimal(1000)
_THOUSANDS = ("thousand", "тысяча", "тысячи", "тысяч", "тысячу", "mil")


def _numbered(words: str, first: int, step: int) -> dict[str, Decimal]:
    return {word: Decimal(first + step * at) for at, word in enumerate(words.split())}


_VALUES = {
    **_numbered(_UNITS, 1, 1), **_numbered(_RUSSIAN_UNITS, 1, 1), **_numbered(_SPANISH_UNITS, 1, 1),
    **_numbered(_TENS, 20, 10), **_numbered(_RUSSIAN_TENS, 20, 10), **_numbered(_SPANISH_TENS, 20, 10),
    **_numbered(_RUSSIAN_HUNDREDS, 100, 100), **_numbered(_SPANISH_HUNDREDS, 100, 100),
    "одна": Decimal(1), "одну": Decimal(1), "две": Decimal(2), "una": Decimal(1), "uno": Decimal(1),
    "dieciséis": Decimal(16), "veintiún": Decimal(21), "veintidós": Decimal(22), "veintitrés": Decimal(23),
    "veintiséis": Decimal(26), "ciento": _HUNDRED, "hundred": _HUNDRED,
    "полтора": Decimal("1.5"), "полторы": Decimal("1.5"), **dict.fromkeys(_THOUSANDS, _THOUSAND),
}  # fmt: skip
_BETWEEN = frozenset({"and", "y"})
_WORD = re.compile(r"[^\W\d_]+")
_CURRENCY = re.compile(rf"\s(?:{CURRENCY_WORDS})(?!\w)", re.IGNORECASE)


def spoken_amounts(text: str) -> Iterator[Entity]:
    """Whole sums below a million; cents alone are left out, as in figures."""
    for run in _runs(text):
        named = _CURRENCY.match(text, run[-1].end())
        currency = named_currency(named) if named else "cents"
        if named and currency != "cents":
            start, end = run[0].start(), named.end()
            value = _value([match[0].lower() for match in run])
            yield Entity("amount", f"{value:.2f} {currency}".strip(), text[start:end], start, end)


def _runs(text: str) -> Iterator[list[re.Match[str]]]:
    """Number words side by side, read once from left to right."""
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        word = match[0].lower()
        if run and not (match.start() == run[-1].end() + 1 and (word in _VALUES or word in _BETWEEN)):
            yield run
            run = []
        if word in _VALUES or run:
            run.append(match)
    if run:
        yield run


def _value(words: Sequence[str]) -> Decimal:
    """Thousands first; “two hundred” multiplies, “двести” and “doscientos” only add."""
    thousands, rest = Decimal(0), Decimal(0)
    for word in words:
        if word in _THOUSANDS:
            thousands, rest = thousands + (rest or 1) * _THOUSAND, Decimal(0)
        elif word == "hundred":
            rest = (rest or 1) * _HUNDRED
        else:
            rest += _VALUES.get(word, 0)
    return thousands + rest
