"""Russian written in Latin letters (“gde moy zakaz”): recognised by its commonest words, and turned into Cyrillic.

People follow no standard: zh or j, kh, h or x, ch or 4, sch or w. What is read back is close enough to be understood.
"""

import re

from nlu.words.lists import word_list

_WORD = re.compile(r"[a-z'’]+|[^\W_]+", re.IGNORECASE)
_MASKED = re.compile(r"(_\w+_|\S*[@\d]\S*)")
_FEW_WORDS, _SHARE = 3, 0.34

_WORDS = word_list("transliterated_russian")
# Of them, these are words elsewhere too: they count only beside others.
_SHARED = frozenset({"da", "ne", "u", "operator", "plz", "den", "ya", "net", "est", "ty", "adres", "stol"})
_SPELLINGS = (
    "shch=щ sch=щ zh=ж kh=х ch=ч sh=ш ts=ц yu=ю ya=я yo=ё ye=е ju=ю ja=я jo=ё iy=ий yy=ый ey=ей oy=ой "
    "ay=ай uy=уй 4=ч a=а b=б v=в g=г d=д e=е z=з i=и j=ж k=к l=л m=м n=н o=о p=п r=р s=с t=т u=у f=ф h=х "
    "x=х c=ц y=ы w=ш q=к '=ь ’=ь "
)
_LETTERS = dict(pair.split("=") for pair in _SPELLINGS.split())
_PIECES = re.compile("|".join(re.escape(latin) for latin in _LETTERS), re.IGNORECASE)


def is_transliterated_russian(text: str) -> bool:
    """Whether enough of the words are Russian ones in Latin letters."""
    words = [word.lower() for word in _WORD.findall(_MASKED.sub(" ", text))]
    known = [word for word in words if word in _WORDS]
    own = [word for word in known if word not in _SHARED]
    if not own:
        return False
    return len(known) >= _SHARE * len(words) and (len(own) > 1 or len(words) <= _FEW_WORDS)


def to_cyrillic(text: str) -> str:
    """Words in Cyrillic; masks, numbers and addresses as they are."""
    parts = _MASKED.split(text)
    return "".join(
        part if number % 2 else _PIECES.sub(lambda match: _LETTERS[match[0].lower()], part)
        for number, part in enumerate(parts)
    )
