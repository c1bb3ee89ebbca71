"""A wish apart from the message it came in: one that waits its turn, or one that was unclear until it was chosen."""

from collections.abc import Iterable
from dataclasses import replace

from bot.dialogue.context import Said
from bot.dialogue.memory import Wish
from nlu.engine import Clause, Entity, NluResult, Zone


def wish_of(clause: Clause) -> Wish:
    return Wish(clause.intents[0][0], values_of(clause.entities))


def values_of(entities: Iterable[Entity]) -> dict[str, str]:
    """The first value of each kind."""
    values: dict[str, str] = {}
    for entity in entities:
        values.setdefault(entity.kind, entity.value)
    return values


def as_if_said(said: Said, wish: Wish, text: str) -> Said:
    """The message as if it had held this one wish, and surely."""
    entities = tuple(Entity(kind, value, value, 0, 0) for kind, value in wish.values.items())
    nlu = NluResult(said.nlu.language, ((wish.intent, 1.0),), Zone.ANSWER, entities, said.nlu.model_id)
    return replace(said, text=text, nlu=nlu, choice=None)
