"""Money: a number with a currency before or after it."""

import re
from collections.abc import Iterator
from decimal import Decimal

from nlu.engine import Entity

_NUMBER = r"(?:\d{1,3}(?:[ \u00a0\u202f.,']\d{3}){1,4}|\d{1,12})(?:[.,]\d{1,2})?"
_SIGNS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "₽": "RUB", "MX$": "MXN"}
_WORDS = (
    (r"(?:us\s)?dollars?|d[oó]lares?|доллар\w{0,2}|bucks|usd", "USD"),
    (r"euros?|евро|eur", "EUR"),
    (r"pounds?|quid|libras?|фунт\w{0,2}|gbp", "GBP"),
    (r"rubles?|roubles?|rublos?|руб(?:л\w{1,3})?\.?|р\.|р|rub", "RUB"),
    (r"mxn", "MXN"),
    (r"cop", "COP"),
    (r"ars", "ARS"),
    (r"kzt|тенге", "KZT"),
    (r"pesos?", ""),  # of which country, the text does not say
    (r"cents?|c[eé]ntimos?|копе\w{1,3}", "cents"),
)
CURRENCY_WORDS = "|".join(rf"(?P<w{i}>{words})" for i, (words, _) in enumerate(_WORDS))
_THOUSAND = r"(?P<thousand>\s?(?:тыс(?:яч\w{0,2}|\.)?|mil|k|к)(?=\s))?"
_AMOUNT = re.compile(
    rf"(?<![\w.,/#№-])(?:(?P<before>US\$|MX\$|[$€£₽])\s?(?P<first>{_NUMBER})(?:\s?(?P<code>USD|EUR|GBP|MXN|ARS|COP|RUB)\b)?"
    rf"|(?P<named>USD|EUR|GBP|MXN|ARS|COP|RUB)\s(?P<third>{_NUMBER})(?![\w%]|[.,:/-]\d)"
    rf"|(?P<second>{_NUMBER}){_THOUSAND}\s?(?:(?P<sign>[$€£₽])|(?:{CURRENCY_WORDS})(?!\w)))"
    rf"(?:\s(?:and|и|y|con)\s(?P<small>\d{{1,2}})(?:\s(?:cents?|c[eé]ntimos?|centavos?|коп\w{{0,4}})|(?=[\s.,!?]*\Z)))?",
    re.IGNORECASE,
)


def amounts(text: str, language: str) -> Iterator[Entity]:
    """Values like `129.99 EUR`; without a currency where the text leaves it open (pesos, and $ in Spanish)."""
    for match in _AMOUNT.finditer(text):
        value = _decimal(match["first"] or match["second"] or match["third"])
        if match["thousand"]:
            value *= 1000
        if match["small"]:
            value += Decimal(match["small"]) / 100
        currency = _currency(match, language)
        if currency == "cents":
            continue
        yield Entity("amount", f"{value:.2f} {currency}".strip(), match[0], match.start(), match.end())


def _decimal(written: str) -> Decimal:
    """A last group of one or two digits is the fraction; every other separator parts thousands."""
    whole, fraction = written, ""
    if (match := re.search(r"[.,](\d{1,2})$", written)) is not None:
        whole, fraction = written[: match.start()], match[1]
    return Decimal(f"{re.sub(r'[^0-9]', '', whole)}.{fraction or '0'}")


def _currency(match: re.Match[str], language: str) -> str:
    if match["code"] or match["named"]:
        return str(match["code"] or match["named"]).upper()
    sign = (match["before"] or match["sign"] or "").upper()
    if sign:
        return "" if sign == "$" and language == "es" else _SIGNS[sign]
    return named_currency(match)


def named_currency(match: re.Match[str]) -> str:
    """The code of the word that a pattern with `CURRENCY_WORDS` found; empty for pesos of some country."""
    return next(currency for i, (_, currency) in enumerate(_WORDS) if match[f"w{i}"])
