"""What a Rasa server answered, believed only where it has the shape of Rasa 3.6."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from nlu.classifier import TOP, Ranking
from nlu.engine import Entity

FALLBACK_INTENT = "nlu_fallback"  # what its FallbackClassifier names where it gives up
_LONGEST_NAME = 200
# What our grammars and the catalogue read themselves; of these Rasa is not asked.
OUR_KINDS = frozenset(
    {"address", "amount", "card_number", "code", "date", "date_range", "digits4", "email", "invoice_number", "language",
     "order_number", "person", "phone", "product", "rating", "time", "tracking_number"}
)  # fmt: skip


class RubbishError(ValueError):
    """An answer that no Rasa gives."""


@dataclass(frozen=True, slots=True)
class RasaAnswer:
    """`entities` count their places in the text that was sent; `gave_up` is its FallbackClassifier's verdict."""

    intents: Ranking
    gave_up: bool
    entities: tuple[Entity, ...]


def read_answer(body: bytes, text: str) -> RasaAnswer:
    """Raises RubbishError. `text` is what was sent."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RubbishError("no JSON") from error
    if not isinstance(content, dict):
        raise RubbishError("no object")
    ranking = content.get("intent_ranking") or [content.get("intent")]
    entities = content.get("entities", [])
    if not (isinstance(ranking, list) and isinstance(entities, list)):
        raise RubbishError("no lists")
    ranked = sorted(map(_likely, ranking), key=lambda entry: -entry[1])
    known = tuple(entry for entry in ranked if entry[0] != FALLBACK_INTENT)[:TOP]
    gave_up = any(name == FALLBACK_INTENT for name, _ in ranked)
    found = (_entity(entity, text) for entity in entities)
    return RasaAnswer(known or tuple(ranked), gave_up, tuple(one for one in found if one))


def _likely(entry: object) -> tuple[str, float]:
    if not isinstance(entry, dict):
        raise RubbishError("no intent")
    name, confidence = entry.get("name"), entry.get("confidence")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise RubbishError("no name")
    if not isinstance(confidence, int | float) or not 0 <= confidence <= 1:  # NaN is refused here too
        raise RubbishError("no confidence")
    return name, float(confidence)


def _entity(entry: object, text: str) -> Entity | None:
    """None for what our own grammars read better, and for values that are no words (Duckling's)."""
    if not isinstance(entry, Mapping):
        raise RubbishError("no entity")
    kind, value, start, end = (entry.get(name) for name in ("entity", "value", "start", "end"))
    if not (isinstance(kind, str) and type(start) is int and type(end) is int and 0 <= start < end <= len(text)):
        raise RubbishError("no place of an entity")
    if kind in OUR_KINDS or not isinstance(value, str):
        return None
    return Entity(kind, value, text[start:end], start, end)
