"""What stands in a cell of an imported file, each with a sentence about what to do when it cannot be read."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from crm_core.erp.quantities import clean_email, clean_ref, clean_text, is_currency, parse_decimal, phone_digits

NUMBER_LIMIT = Decimal(10) ** 15
DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y")
YES = frozenset({"yes", "y", "true", "1", "x", "да", "sí", "si"})
NO = frozenset({"no", "n", "false", "0", "нет"})
STRANGE_LIMIT = 30

Cell = str | bool | int | Decimal | date | tuple[str, ...]
Parse = Callable[[str], Cell]


class CellError(ValueError):
    """Why a cell cannot be used, and what to write instead."""


def words(text: str) -> str:
    return clean_text(text)


def number(text: str) -> str:
    """The number of a customer, order, invoice …: what a person can also say or type."""
    if clean_ref(text) != text:
        raise CellError(f"{_shown(text)} cannot be a number; use at most 40 letters, digits and . - / _ without spaces")
    return text


def quantity(text: str) -> Decimal:
    value = amount(text)
    if value < 0:
        raise CellError(f"{_shown(text)} is negative; write 0 or more")
    return value


def amount(text: str) -> Decimal:
    value = parse_decimal(text)
    if value is None or abs(value) >= NUMBER_LIMIT:
        raise CellError(f"{_shown(text)} is not a number; write it like 1234.50, without a currency sign")
    return value


def count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise CellError(f"{_shown(text)} is not a position; write 1, 2, 3 …")
    return int(text)


def day(text: str) -> date:
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no time zone
        except ValueError:
            continue
    raise CellError(f"{_shown(text)} is not a date; write it like 2026-11-23 or 23.11.2026")


def yes_or_no(text: str) -> bool:
    word = text.lower()
    if word not in YES | NO:
        raise CellError(f"{_shown(text)} is neither yes nor no; write “yes” or “no”")
    return word in YES


def currency(text: str) -> str:
    if not is_currency(text.upper()):
        raise CellError(f"{_shown(text)} is not a currency; write its three letters, such as EUR")
    return text.upper()


def language(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2}", text.lower()):
        raise CellError(f"{_shown(text)} is not a language; write its two letters, such as en, ru or es")
    return text.lower()


def emails(text: str) -> tuple[str, ...]:
    parts = [part for part in re.split(r"[|;,\s]+", text) if part]
    for part in parts:
        if clean_email(part) is None:
            raise CellError(f"{_shown(part)} is not an e-mail address; part several addresses by |")
    return tuple(dict.fromkeys(parts))


def phones(text: str) -> tuple[str, ...]:
    parts = [part.strip() for part in re.split(r"[|;,]+", text) if part.strip()]
    for part in parts:
        if phone_digits(part) is None:
            raise CellError(f"{_shown(part)} is not a telephone number; write it like +34 612 345 678, several with |")
    return tuple(dict.fromkeys(parts))


def web_address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"]{1,500}", text):
        raise CellError(f"{_shown(text)} is not a web address; it begins with https://")
    return text


def one_of(values: type[StrEnum]) -> Parse:
    def parse(text: str) -> str:
        word = text.lower().replace(" ", "_")
        if word not in set(values):
            raise CellError(f"{_shown(text)} is not known; write one of {', '.join(values)}")
        return word

    return parse


def _shown(text: str) -> str:
    return f"“{text if len(text) <= STRANGE_LIMIT else text[:STRANGE_LIMIT] + '…'}”"
