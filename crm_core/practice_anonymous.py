"""A past conversation without the people in it: each name, number and address becomes a fictive one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from config.phrases import plain
from crm_core.practice_judging import Found

# Kept: what a story needs and what names nobody.
KEPT = frozenset({"date", "date_range", "time", "amount", "rating", "language", "product", "quantity", "sku"})
NAMES: Mapping[str, tuple[str, str]] = {"en": ("Alex", "Winter"), "ru": ("Саша", "Зимин"), "es": ("Alex", "Vega")}
ADDRESSES: Mapping[str, str] = {
    "en": "1 Sample Street, Anytown", "ru": "ул. Примерная, 1", "es": "Calle Ejemplo, 1, Villamuestra",
}  # fmt: skip
SHORTEST_NAME, LONGEST_ENDING, FEWEST_DIGITS = 3, 3, 4
_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d(?:[\s.-]?\d){4,}")
_HIDDEN_CARD = re.compile(r"•{4}(?: •{4})* \d{4}")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.\w+|(?:https?://|www\.)\S+", re.IGNORECASE)


def _is_name(word: str, name: str) -> bool:
    """With or without accents, and in any case: a Russian name changes its end, Соколов and Соколову."""
    stem = name[: max(SHORTEST_NAME, len(name) - 1)]
    return word.startswith(stem) and len(word) - len(stem) <= LONGEST_ENDING


@dataclass(frozen=True, slots=True)
class Mask:
    """`start:end` becomes `text`; `kind` is what it was."""

    start: int
    end: int
    text: str
    kind: str


@dataclass(slots=True)
class Anonymiser:
    """One for a whole conversation, so that an order keeps its new number through it. `names`: whom to hide."""

    language: str
    names: Sequence[str] = ()
    replaced: dict[str, int] = field(default_factory=dict)
    _values: dict[tuple[str, str], str] = field(default_factory=dict)

    def cleaned(self, text: str, found: Sequence[Found]) -> str:
        """`found` is what the entity recognisers see in `text`; what they do not see, the rough rules here do."""
        masks = sorted(self._masks(text, found), key=lambda mask: (mask.start, -mask.end))
        parts, at = [], 0
        for mask in masks:
            if mask.start < at:
                continue
            parts += [text[at : mask.start], mask.text]
            at = mask.end
            self.replaced[mask.kind] = self.replaced.get(mask.kind, 0) + 1
        return "".join([*parts, text[at:]])

    def _masks(self, text: str, found: Sequence[Found]) -> Iterator[Mask]:
        kept = [(one.start, one.end) for one in found if one.kind in KEPT]
        for one in found:
            if one.kind and one.kind not in KEPT:
                yield Mask(one.start, one.end, self._fictive(one.kind, text[one.start : one.end]), one.kind)
        for match in _HIDDEN_CARD.finditer(text):
            yield Mask(match.start(), match.end(), "•••• 0000", "card")
        for match in _ADDRESS.finditer(text):
            fictive = "someone@example.com" if "@" in match[0] else "example.com"
            yield Mask(match.start(), match.end(), fictive, "address")
        for match in _DIGITS.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end in kept):
                yield Mask(match.start(), match.end(), self._fictive("number", match[0]), "number")
        yield from self._known_names(text)

    def _known_names(self, text: str) -> Iterator[Mask]:
        """The people of this conversation."""
        known = [(plain(word), place) for name in self.names for place, word in enumerate(_WORD.findall(name))]
        for match in _WORD.finditer(text):
            word = plain(match[0])
            place = next((at for name, at in known if len(name) >= SHORTEST_NAME and _is_name(word, name)), None)
            if place is not None:
                yield Mask(match.start(), match.end(), self._name(place), "person")

    def _name(self, place: int) -> str:
        first, last = NAMES.get(self.language, NAMES["en"])
        return last if place else first

    def _fictive(self, kind: str, raw: str) -> str:
        """The same for the same, another for another."""
        digits = re.sub(r"\D", "", raw)
        known = (kind, digits or raw.casefold())
        if known not in self._values:
            self._values[known] = self._made(kind, raw, sum(each == kind for each, _ in self._values) + 1)
        return self._values[known]

    def _made(self, kind: str, raw: str, number: int) -> str:
        if kind == "person":
            return " ".join(NAMES.get(self.language, NAMES["en"]))
        if kind == "address":
            return ADDRESSES.get(self.language, ADDRESSES["en"])
        if kind == "email":
            return f"customer{number}@example.com"
        if kind == "phone":
            return f"+34 600 000 0{number:02d}"
        width = max(len(re.sub(r"\D", "", raw)), FEWEST_DIGITS)
        return str(10 ** (width - 1) + number)
