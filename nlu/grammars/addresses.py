"""Street addresses: a street's name with its word and a house number, and what is said of the flat and the town."""

import re
from collections.abc import Iterator

from nlu.engine import Entity

_NAME = r"(?-i:[A-ZÁÉÍÓÚÑÜА-ЯЁ])[\w'’-]{1,30}"
_WORD = r"(?-i:[A-ZÁÉÍÓÚÑÜА-ЯЁ])(?:[^\W\d]|['’-]){1,30}"
_TOWN = rf"(?:,\s(?:\d{{5,6}}\s)?{_WORD}(?:\s{_WORD}(?!\d)){{0,2}})?"
_ENGLISH = (
    rf"(?<![\w.,/#№-])(?:(?:flat|apt|apartment|unit)\.?\s\d{{1,4}}[A-Za-z]?,\s)?\d{{1,5}}[A-Za-z]?\s(?:{_NAME}\s){{1,3}}"
    r"(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|square|close|way|place)\b(?:\s(?-i:[NS]?[EW]|N|S)\b)?"
    rf"(?:,\s(?:flat|apt|apartment|unit)\.?\s\d{{1,4}}[A-Za-z]?)?{_TOWN}(?:,?\s(?-i:[A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-Z]{{2}}|[A-Z]{{2}}\s\d{{5}})\b)?"
)
_RUSSIAN = (
    r"(?<!\w)(?:ул\.|улиц[аеыу]|пр-т|просп\.|проспект\w?|пер\.|переул\w{2,4}|бульвар\w?|шоссе|наб\.|набережн\w{2})"
    r"\s?(?:[\w-]{2,30}\s){0,2}?[\w-]{2,30},?\s(?:д\.|дом)?\s?\d{1,4}[а-яА-Я]?(?:/\d{1,3})?"
    r"(?:,?\s(?:корп\.|корпус|стр\.|строение)\s?\d{1,3})?(?:,?\s(?:кв\.|квартира)\s?\d{1,4})?(?!\w)"
)
_RUSSIAN_LAST = (  # “Невский проспект, 28”
    r"(?<!\w)(?-i:[А-ЯЁ])[а-яё-]{2,30}\s(?:проспект|бульвар|переулок|улица|шоссе|набережная|проезд|площадь),?\s(?:д\.|дом)?\s?"
    r"\d{1,4}[а-яА-Я]?(?:/\d{1,3})?(?:,?\s(?:кв\.|квартира)\s?\d{1,4})?(?!\w)"
)
_SPANISH = (
    rf"(?<!\w)(?:calle|c/|avenida|avda\.?|av\.|plaza|paseo|camino|carretera)\s?(?:(?:de|del|la|las|los|el)\s){{0,2}}"
    rf"(?:{_NAME}\s?){{1,3}}(?:,?\s?(?:n[ºo°.]\s?)?)\d{{1,4}}(?:,\s\d{{1,2}}[ºª°o](?:\s?(?:[A-Z]\b|izquierda|izq\.?|derecha|dcha\.?|centro))?)?{_TOWN}(?!\w)"
)
_ADDRESS = re.compile(f"{_ENGLISH}|{_RUSSIAN}|{_RUSSIAN_LAST}|{_SPANISH}", re.IGNORECASE)


def addresses(text: str) -> Iterator[Entity]:
    """As written, in single spaces: an address is for a person to read."""
    for match in _ADDRESS.finditer(text):
        yield Entity("address", " ".join(match[0].split()), match[0], match.start(), match.end())
