"""One spelling of a text: case, accents, spaces; and entities masked, so that numbers do not matter."""

import unicodedata
from collections.abc import Iterable

from nlu.engine import Entity
from nlu.words.lists import word_list

# Grave, acute, tilde and diaeresis go (á→a, ñ→n, ё→е); the breve stays, since й is a letter of its own.
_DROPPED_MARKS = dict.fromkeys((0x300, 0x301, 0x303, 0x308))
_APOSTROPHES = str.maketrans({"’": "'", "`": "'", "´": "'"})

_MASKS = {
    "order_number": "_number_",
    "invoice_number": "_number_",
    "tracking_number": "_number_",
    "card_number": "_number_",
    "code": "_number_",
    "digits4": "_number_",
    "rating": "_number_",
    "phone": "_phone_",
    "email": "_email_",
    "date": "_date_",
    "date_range": "_date_",
    "time": "_time_",
    "address": "_address_",
    "amount": "_amount_",
    "person": "_person_",
}


def normalise(text: str) -> str:
    """NFKC, lower case, ё→е, Spanish without accents (customers leave them out), single spaces."""
    folded = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).lower().translate(_DROPPED_MARKS)
    return " ".join(unicodedata.normalize("NFC", folded).split())


def masked(text: str, entities: Iterable[Entity]) -> str:
    """`text` with every entity but language names replaced by the mask of its kind."""
    parts, position = [], 0
    for entity in sorted(entities, key=lambda entity: entity.start):
        mask = _MASKS.get(entity.kind)
        if mask is None or entity.start < position:
            continue
        parts += [text[position : entity.start], f" {mask} "]
        position = entity.end
    return "".join([*parts, text[position:]])


def only_informs(text: str) -> bool:
    """Whether a normalised masked text only gives values: “_email_”, “my order is _number_”, “меня зовут _person_”."""
    words = [word.strip(".,;:!?()") for word in text.split() if any(character.isalnum() for character in word)]
    return not _MASK_WORDS.isdisjoint(words) and "?" not in text and _MASK_WORDS.union(_ANNOUNCING).issuperset(words)


_MASK_WORDS = frozenset(_MASKS.values())
_ANNOUNCING = word_list("announcing")
