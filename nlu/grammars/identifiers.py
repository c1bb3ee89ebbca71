"""Order, invoice and tracking numbers: by the word before them, by the company's prefixes, or bare."""

import re
from collections.abc import Iterator
from functools import lru_cache

from nlu.engine import Entity
from nlu.shapes import Shapes

_LINK = (
    r"(?:\s{0,3}(?:numbers?|num\.?|no\.|no\b|nr\.?|nbr|id|ref\.?|reference|code|is|was|it's|"
    r"номер\w{0,3}|ном\.|это|number|n[úu]mero|núm\.?|n\.?[ºo°]|nro\.?|es|el|mi|"
    r"(?:de|con|под|за|с)\s{1,3}(?=n|номер|№|#)|[№#:=\-–—(«\"'])){0,5}\s{0,3}"
)
_NOT_DATE = r"(?!\d{1,2}[./]\d{1,2}(?!\d)|\d{4}-\d\d-\d\d)"
_TOKEN = (
    rf"{_NOT_DATE}(\d{{3}}\s\d{{3}}(?!\d)|(?:[A-Za-zА-Яа-я]{{1,6}}[-/]?)?\d[\dA-Za-z]{{0,20}}"
    r"(?:[-/]\d[\dA-Za-z]{0,20}){0,3})"
)
_END = r"(?![\w@]|[.,/:-]\d)"

_ORDER_WORDS = (
    r"orders?|purchase|purchase\s+order|заказ(?:а|у|ом|е|ы|ов|ик\w{0,2})?|покупк\w{1,2}|pedidos?|compra|[oó]rden"
)
_INVOICE_WORDS = (
    r"invoices?|bill|receipt|сч[её]т(?:а|у|ом|е|ов|[-\s]фактур\w{1,2})?|фактур\w{1,2}|накладн\w{2}\s+№|чек(?:а|у)?|"
    r"facturas?|recibo|boleta"
)
_TRACKING_WORDS = (
    r"tracking|track|parcel|(?:код\w{0,2}|номер\w{0,2})\s(?:для\s)?отслеживани\w|waybill|consignment|трек(?:[-\s]?номер\w{0,2}|[-\s]?код\w{0,2}|а|у)?|накладн\w{2}|посылк\w|"
    r"отправлени\w|seguimiento|rastreo|gu[ií]a|tracking\s+number|env[ií]o"
)
_UNIVERSAL_TRACKING = re.compile(r"\b(?:[A-Z]{2}\d{9}[A-Z]{2}|1Z[0-9A-Z]{16})\b", re.IGNORECASE)  # UPU S10, UPS
_COUNTED = r"\s?(?:units?|pcs|pieces|people|persons?|km|kg|шт|штук\w?|человек|км|кг|unidades|piezas|personas)\b"
_RECKONED = (
    r"\s?(?:[+*×÷=]|(?:multiplied|divided|times|plus|minus|умножить|разделить|плюс|минус|"
    r"por\s\d|m[aá]s\s\d|menos\s\d|entre\s\d|dividido)\b)"
)
_RECKONING = re.compile(
    r"(?:[+*×÷=]|\b(?:by|times|plus|minus|(?:умножить|разделить)\sна|плюс|минус|dividido)|\broot of)\s?\Z",
    re.IGNORECASE,
)
_HASH = re.compile(rf"(?<![\w&])[#№]\s?(\d{{2,12}}){_END}")
_FEWEST_KEYWORD_DIGITS = 4
_FEWEST_TRACKING_DIGITS = 9  # a shorter one is the order’s number
_QUANTITY_PREFIXES = frozenset({"X", "Х"})


@lru_cache(maxsize=64)
def _keyword_pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words}){_LINK}{_TOKEN}{_END}", re.IGNORECASE)


@lru_cache(maxsize=64)
def _prefix_pattern(prefixes: tuple[str, ...]) -> re.Pattern[str]:
    names = "|".join(map(re.escape, prefixes)) or "(?!)"
    return re.compile(
        rf"\b(?:{names})(?:[-/_]|(?=\d{{3}})|\s(?=\d{{4}}))\d{{1,12}}(?:[-/]\d{{1,12}}){{0,2}}{_END}", re.IGNORECASE
    )


@lru_cache(maxsize=64)
def _bare_pattern(fewest: int, most: int) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.,/:+@$€£₽-])\d{{{fewest},{most}}}(?![\w@/:$€£₽%-]|[.,]\d|{_COUNTED}|{_RECKONED})")


def _number(kind: str, raw: str, start: int) -> Entity:
    """`so 100234` and `SO100234` are SO-100234, `100 234` is 100234."""
    value = re.sub(r"[\s_]", "-" if raw[:1].isalpha() else "", raw.strip()).upper()
    if kind == "order_number":
        value = re.sub(r"^([^\W\d]+)(?=\d)", r"\1-", value)
    return Entity(kind, value, raw, start, start + len(raw))


def _after_keyword(text: str, kind: str, words: str, fewest_digits: int) -> Iterator[Entity]:
    """A number with enough digits, or a marked one (`A-55`), right after its word."""
    for match in _keyword_pattern(words).finditer(text):
        raw = match[1]
        digits = sum(character.isdigit() for character in raw)
        marked = re.match(r"[^\W\d]{1,6}[-/]?\d", raw) is not None and raw[0].upper() not in _QUANTITY_PREFIXES
        if digits >= fewest_digits or marked:
            yield _number(kind, raw, match.start(1))


def _prefixed(text: str, kind: str, prefixes: tuple[str, ...]) -> Iterator[Entity]:
    for match in _prefix_pattern(prefixes).finditer(text):
        yield _number(kind, match[0], match.start())


def order_numbers(text: str, shapes: Shapes) -> Iterator[Entity]:
    """Numbers that are an order's beyond doubt."""
    yield from _prefixed(text, "order_number", shapes.order_prefixes)
    yield from _after_keyword(text, "order_number", _ORDER_WORDS, _FEWEST_KEYWORD_DIGITS)


def invoice_numbers(text: str, shapes: Shapes) -> Iterator[Entity]:
    yield from _prefixed(text, "invoice_number", shapes.invoice_prefixes)
    yield from _after_keyword(text, "invoice_number", _INVOICE_WORDS, _FEWEST_KEYWORD_DIGITS)


def tracking_numbers(text: str, shapes: Shapes) -> Iterator[Entity]:
    yield from _prefixed(text, "tracking_number", shapes.tracking_prefixes)
    for match in _UNIVERSAL_TRACKING.finditer(text):
        yield _number("tracking_number", match[0], match.start())
    yield from _after_keyword(text, "tracking_number", _TRACKING_WORDS, _FEWEST_TRACKING_DIGITS)


def prefixed_numbers(text: str, _: Shapes) -> Iterator[Entity]:
    """`#100234` and `№100234`."""
    for match in _HASH.finditer(text):
        yield _number("order_number", match[1], match.start(1))


def bare_numbers(text: str, shapes: Shapes) -> Iterator[Entity]:
    """A number of the right length with nothing that makes it something else."""
    for match in _bare_pattern(*shapes.order_digits).finditer(text):
        if _RECKONING.search(text[max(match.start() - 16, 0) : match.start()]):
            continue
        yield _number("order_number", match[0], match.start())
        if len(match[0]) == 6 and match[0] == text.strip(" \t\n.!"):  # noqa: PLR2004 - the length of our codes
            yield _number("code", match[0], match.start())
