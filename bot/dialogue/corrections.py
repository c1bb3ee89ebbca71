"""“No, I meant 1003”: which of the numbers in a message is meant, and whether it takes back what was asked before."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.dialogue.context import Said
from nlu.denials import affirmed
from nlu.engine import Entity
from nlu.normalise import normalise

_ORDER = "order_number"
_TAKEN_BACK = re.compile(
    r"\b(?:not|isn't|instead of|rather than|не|вместо|no|en vez de|en lugar de)\s+(?:\S+\s+){0,2}$"
)
# “No, …” takes back; “no sofa has come” does not.
_NO = re.compile(
    r"^\W*(?:no\s*[,.!]|нет\b|(?:nope|wait|sorry|actually|ой|стойте|подождите|perdon|espere|en realidad)\b)"
)
_BEFORE = 40


def takes_back(text: str) -> bool:
    """Whether a message takes back what was understood or said before: “no, …”, “…, not cancel it”."""
    words = normalise(text)
    return _NO.match(words) is not None or affirmed(words) != words


def without_denied(said: Said, known: str | None) -> Said:
    """The message with only the order number that is meant: not the one it denies, nor the one we hold already."""
    orders = [entity for entity in said.nlu.entities if entity.kind == _ORDER]
    if len({entity.value for entity in orders}) < 2 or said.nlu.clauses:  # noqa: PLR2004 - nothing to choose between
        return said
    meant = _meant(orders, said.text, known)
    if meant is None:
        return said
    kept = tuple(entity for entity in said.nlu.entities if entity.kind != _ORDER or entity.value == meant)
    return replace(said, nlu=replace(said.nlu, entities=kept))


def _meant(orders: Sequence[Entity], text: str, known: str | None) -> str | None:
    affirmed = [order.value for order in orders if not _is_denied(order, text)]
    if len(set(affirmed)) == 1:
        return affirmed[0]
    others = {order.value for order in orders} - {known}
    return others.pop() if known is not None and len(others) == 1 else None


def _is_denied(order: Entity, text: str) -> bool:
    return _TAKEN_BACK.search(normalise(text[max(0, order.start - _BEFORE) : order.start]) + " ") is not None
