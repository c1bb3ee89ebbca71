"""Numbers of the five steps as people write and read them: money, shares, times."""

import re
from math import isfinite

from babel.core import Locale
from babel.numbers import format_currency, format_decimal, format_percent, get_decimal_symbol

from config.five_steps import Range
from desk.forms import WrongField
from desk.report_views import NOTHING, seconds
from desk.words import Words

MOST_CHARACTERS = 24
GROUP = 3  # digits between separators of thousands
_BLANK = re.compile(r"[\s\u00a0\u202f'’]")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)*")


def read_amount(given: str, name: str, locale: Locale) -> float | None:
    """“1 200,50” or “1,200.50”; None for nothing. Raises WrongField."""
    text = _BLANK.sub("", given)
    if not text:
        return None
    if len(text) > MOST_CHARACTERS or not text.isascii() or not _PLAIN.fullmatch(text):
        raise WrongField(name, "amount")
    return float(_with_point(text, str(get_decimal_symbol(locale))))


def _with_point(text: str, decimal: str) -> str:
    """The last separator is the decimal one, but where it repeats or parts thousands as this language does."""
    marks = [each for each in text if each in ".,"]
    if not marks:
        return text
    mark, tail = marks[-1], len(text) - text.rindex(marks[-1]) - 1
    is_group = marks.count(mark) > 1 or (len(marks) == 1 and mark != decimal and tail == GROUP)
    whole, _, part = (text, "", "") if is_group else text.rpartition(mark)
    digits = re.sub("[.,]", "", whole)
    return f"{digits}.{part}" if part else digits


def plain(value: float | None, locale: Locale) -> str:
    """For a field: no separators of thousands, the decimal sign of the language."""
    if value is None:
        return ""
    return str(format_decimal(round(value, 4), format="0.####", locale=locale))


def percent_text(value: float, locale: Locale) -> str:
    return plain(value * 100, locale)


def whole(value: float, words: Words) -> str:
    return str(format_decimal(round(value), locale=words.locale))


def money(value: float | None, currency: str, words: Words) -> str:
    """Without cents from a hundred on: nobody knows them that well."""
    if value is None or not isfinite(value):
        return NOTHING
    pattern = words.locale.currency_formats["standard"].pattern
    if abs(value) >= 100 or value == 0:  # noqa: PLR2004
        pattern = pattern.replace("0.00", "0")
    return str(format_currency(value, currency, format=pattern, locale=words.locale, currency_digits=False))


def share(value: float | None, words: Words) -> str:
    return NOTHING if value is None else str(format_percent(value, "0.0\u00a0%", locale=words.locale))


def points(value: float, words: Words) -> str:
    """A difference of two shares."""
    return words("reports.units.points", n=format_decimal(100 * value, "+0.0;-0.0", locale=words.locale))


def measured(value: float | None, unit: str, currency: str, words: Words) -> str:
    """`unit`: share, seconds, money or number."""
    if value is None:
        return NOTHING
    if unit == "share":
        return share(value, words)
    if unit == "money":
        return money(value, currency, words)
    return _time(value, words) if unit == "seconds" else str(format_decimal(round(value, 2), locale=words.locale))


def _time(value: float, words: Words) -> str:
    """A difference may be below nought."""
    return f"−{seconds(-value, words)}" if value < 0 else seconds(value, words)


def spread(each: Range, words: Words) -> str:
    """“120 (80 … 160)”."""
    low, mode, high = (whole(value, words) for value in (each.low, each.mode, each.high))
    return mode if low == high else f"{mode} ({low} … {high})"
