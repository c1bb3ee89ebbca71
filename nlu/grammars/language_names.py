"""Languages by name: whoever names one may want to go on in it."""

import re
from collections.abc import Iterator

from nlu.engine import Entity

_NAMES = {
    "en": r"english|ingl[eé]s|по[-\s]?английски|английск\w{1,3}|англ|inglish|eng",
    "ru": r"russian|rus+o|по[-\s]?русски|русск\w{2,3}|по[-\s]?росси\w{1,3}|russkiy",
    "es": r"spanish|espa[nñ]ol|castellano|по[-\s]?испански|испанск\w{1,3}",
}
_LANGUAGE = re.compile("|".join(rf"\b(?P<{language}>{names})\b" for language, names in _NAMES.items()), re.IGNORECASE)


def language_names(text: str) -> Iterator[Entity]:
    for match in _LANGUAGE.finditer(text):
        yield Entity("language", str(match.lastgroup), match[0], match.start(), match.end())
