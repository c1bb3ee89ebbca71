"""A customer's name, where they introduce themselves."""

import re
from collections.abc import Iterator

from nlu.engine import Entity

_NAME = r"[^\W\d_][^\W\d_'’-]{1,30}(?:[-'’][^\W\d_]{1,30})?"
_CAPITALISED = r"(?-i:[A-ZÁÉÍÓÚÑÜА-ЯЁ])(?:[^\W\d_]|['’-]){1,30}"
_INTRODUCED = re.compile(
    rf"\b(?:my\s+name\s+is|my\s+name's|(?:меня\s+)?зовут|мо[её]\s+имя|me\s+llamo|mi\s+nombre\s+es|(?:last\s|first\s)?name:|имя:|фамилия:?|nombre:|apellidos?:?)[\s:—-]{{1,3}}"
    rf"(?P<given>{_NAME})(?P<more>(?:\s{_CAPITALISED}){{0,3}})",
    re.IGNORECASE,
)
# “I'm Disappointed” and “This is Terrible” are written too: in English it takes two names to believe it.
_TITLE = r"(?:(?:(?:Mr|Mrs|Ms|Dr|Prof)\.?|г-(?:н|жа)|el\sseñor|la\sseñora|se[nñ]ora?|Sra?\.)\s)?"
_NAMED_FOR = re.compile(
    rf"\b(?:under\s(?:the\s)?name\s(?:of\s)?|in\sthe\sname\sof\s|на\s(?:имя|фамилию)\s|a\snombre\sde\s|"
    rf"(?:this\s+is\s|i\s?am\s|i['’]m\s|это\s|soy\s|habla\s)(?=(?:Mr|Mrs|Ms|Dr|Prof|г-н|г-жа|el\sse|la\sse|Sr)))"
    rf"{_TITLE}(?P<given>{_CAPITALISED})(?P<more>(?:\s{_CAPITALISED}){{0,3}})",
    re.IGNORECASE,
)
_SAID = re.compile(
    rf"\b(?:(?:this\s+is|i\s?am|i['’]m|я)\s(?={_CAPITALISED}\s{_CAPITALISED})|(?:это|soy|habla|le\s+escribe)\s)"
    rf"(?P<given>{_CAPITALISED})(?P<more>(?:\s{_CAPITALISED}){{0,3}})",
    re.IGNORECASE,
)


def persons(text: str) -> Iterator[Entity]:
    for pattern in (_INTRODUCED, _NAMED_FOR, _SAID):
        for match in pattern.finditer(text):
            raw = text[match.start("given") : match.end("more")]
            value = raw if any(character.isupper() for character in raw) else raw.title()
            yield Entity("person", value, raw, match.start("given"), match.end("more"))
