"""Every value in a text: each grammar claims its spans in order of certainty, so no number is read twice."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice

from nlu.engine import Entity
from nlu.grammars.addresses import addresses
from nlu.grammars.amounts import amounts
from nlu.grammars.cards import card_numbers
from nlu.grammars.date_ranges import date_ranges
from nlu.grammars.dates import dates
from nlu.grammars.identifiers import bare_numbers, invoice_numbers, order_numbers, prefixed_numbers, tracking_numbers
from nlu.grammars.language_names import language_names
from nlu.grammars.people import persons
from nlu.grammars.phones import phones
from nlu.grammars.short_answers import codes, digits4, ratings
from nlu.grammars.spoken_amounts import spoken_amounts
from nlu.grammars.times import times
from nlu.products import ProductNames
from nlu.shapes import Shapes

SEARCHED_CHARACTERS = 20_000
_MOST_OF_A_GRAMMAR = 30
_EMAIL = re.compile(r"(?<![\w.+-])\w(?:[\w.+-]|['’](?=\w)){0,63}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_LINK = re.compile(r"\b(?:https?://|www\.)\S{1,2000}", re.IGNORECASE)
_ARTICLE = re.compile(
    r"\b(?:account(?:\s+(?:no\.?|number))?|cuenta|артикул|sku|item\s+(?:no\.?|number)|код\s+товара|c[oó]digo\s+de(?:l)?\s+(?:descuento|producto|art[ií]culo)|"
    r"(?:discount|promo|voucher|product)\s*code|промокод|купон|cup[oó]n)[\s:№#]{1,3}\d{3,12}\b",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"\b(?:c\.?p\.?|c[oó]digo\s+postal|zip(?:\s*code)?|postal\s*code|postcode|(?:почтовый\s+)?индекс)(?:\s(?:is|es))?[\s:]{1,3}\d{4,6}\b"
    r"|(?<=,\s)\d{5}(?=\s[A-ZÁÉÍÓÚÑ])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a grammar may need to know beside the text."""

    language: str
    shapes: Shapes
    today: date
    products: ProductNames


Grammar = Callable[[str, Context], Iterable[Entity]]


def _emails(text: str, _: Context) -> Iterable[Entity]:
    for match in _EMAIL.finditer(text):
        raw = match[0].rstrip(".-_")
        yield Entity("email", raw.lower(), raw, match.start(), match.start() + len(raw))


def _unread(text: str, _: Context) -> Iterable[Entity]:
    """Links, postcodes and article numbers: claimed, so that the numbers in them are taken for nothing else."""
    for pattern in (_LINK, _POSTCODE, _ARTICLE):
        for match in pattern.finditer(text):
            yield Entity("", "", match[0], match.start(), match.end())


_GRAMMARS: tuple[Grammar, ...] = (
    _emails,
    lambda text, _: card_numbers(text),
    lambda text, _: addresses(text),
    _unread,
    lambda text, context: amounts(text, context.language),
    lambda text, _: spoken_amounts(text),
    lambda text, context: invoice_numbers(text, context.shapes),
    lambda text, context: tracking_numbers(text, context.shapes),
    lambda text, context: order_numbers(text, context.shapes),
    lambda text, _: digits4(text),
    lambda text, _: codes(text),
    lambda text, context: date_ranges(text, context.today),
    lambda text, _: times(text),
    lambda text, context: dates(text, context.today),
    lambda text, context: context.products.found(text, context.language),
    lambda text, context: phones(text, context.language),
    lambda text, context: prefixed_numbers(text, context.shapes),
    lambda text, context: bare_numbers(text, context.shapes),
    lambda text, _: ratings(text),
    lambda text, _: language_names(text),
    lambda text, _: persons(text),
)


_NO_PRODUCTS = ProductNames.none()


def found_entities(
    text: str, *, language: str, shapes: Shapes, today: date, products: ProductNames = _NO_PRODUCTS
) -> tuple[Entity, ...]:
    """Entities in the order of the text; a lone six-digit number is both `order_number` and `code`."""
    searched = text[:SEARCHED_CHARACTERS]
    context = Context(language, shapes, today, products)
    claimed: list[Entity] = []
    for grammar in _GRAMMARS:
        claimed += _free(islice(grammar(searched, context), _MOST_OF_A_GRAMMAR), claimed)
    return tuple(sorted((entity for entity in claimed if entity.kind), key=lambda entity: (entity.start, entity.end)))


def _free(found: Iterable[Entity], claimed: Iterable[Entity]) -> list[Entity]:
    """Those that no earlier grammar claimed. One grammar may read a span as two kinds, never twice as one."""
    free: list[Entity] = []
    for entity in found:
        rivals = chain(claimed, (other for other in free if other.kind == entity.kind))
        if not any(entity.start < other.end and other.start < entity.end for other in rivals):
            free.append(entity)
    return free
