"""What every NLU engine promises: one text in, language, intents, zone and entities out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Zone(StrEnum):
    """What the engine advises: answer, ask which of a few was meant, or give it to a person."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    HANDOFF = "handoff"


@dataclass(frozen=True, slots=True)
class Entity:
    """A value found in the text: `value` normalised, `raw` as written at `start:end`."""

    kind: str
    value: str
    raw: str
    start: int
    end: int


class Sentiment(StrEnum):
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True)
class Signals:
    """How the customer feels and whether it cannot wait: for the queue, not for the dialogue."""

    urgent: bool = False
    sentiment: Sentiment = Sentiment.NEUTRAL


@dataclass(frozen=True, slots=True)
class Clause:
    """One of several wishes in a text, with the span `start:end` it stands in and the entities of that span."""

    intents: tuple[tuple[str, float], ...]
    zone: Zone
    entities: tuple[Entity, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NluResult:
    """What one text means; `intents` best first, at most five, with probabilities.

    `clauses` is empty unless the text holds several wishes ("cancel 1001, and where is 1002?"); then it holds two or
    more, in the order of the text, each sure enough to be served by itself.
    """

    language: str
    intents: tuple[tuple[str, float], ...]
    zone: Zone
    entities: tuple[Entity, ...]
    model_id: str
    clauses: tuple[Clause, ...] = ()
    signals: Signals = Signals()
    fell_back: bool = False  # the chosen engine did not answer, another one did

    @property
    def intent(self) -> str:
        return self.intents[0][0]

    @property
    def confidence(self) -> float:
        return self.intents[0][1]

    def entity(self, kind: str) -> Entity | None:
        """The first of that kind in the text."""
        return next((entity for entity in self.entities if entity.kind == kind), None)


class NluEngine(Protocol):
    """Synchronous, thread-safe and pure: safe to call from any worker thread."""

    @property
    def model_id(self) -> str: ...

    @property
    def intents(self) -> tuple[str, ...]:
        """Every intent there is."""
        ...

    def parse(self, text: str, *, languages: Sequence[str], hint: str | None = None) -> NluResult:
        """`languages` are the company's, its default first; `hint` is the language of the conversation so far."""
        ...
