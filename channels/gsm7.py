"""How much of a text fits into so many SMS: GSM 03.38 packs 160 characters into one, anything else 70."""

from itertools import accumulate, takewhile

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")  # an escape goes before each of them
_SINGLE, _JOINED = {True: 160, False: 70}, {True: 153, False: 67}  # a joined part gives up room for its number
_PLANE = 0xFFFF


def is_gsm7(text: str) -> bool:
    return all(character in _BASIC or character in _EXTENDED for character in text)


def _costs(text: str, *, packed: bool) -> list[int]:
    """Septets, or UTF-16 units, of each character."""
    if packed:
        return [1 + (character in _EXTENDED) for character in text]
    return [1 + (ord(character) > _PLANE) for character in text]


def segments(text: str) -> int:
    """How many SMS `text` is billed as."""
    packed = is_gsm7(text)
    units = sum(_costs(text, packed=packed))
    return 1 if units <= _SINGLE[packed] else -(-units // _JOINED[packed])


def room(text: str, most_segments: int) -> int:
    """How many characters from the start of `text` fit into `most_segments` SMS."""
    packed = is_gsm7(text)
    units = _SINGLE[packed] if most_segments == 1 else most_segments * _JOINED[packed]
    return sum(1 for _ in takewhile(lambda used: used <= units, accumulate(_costs(text, packed=packed))))
