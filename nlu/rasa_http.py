"""Intents from a Rasa server; the rest, and every message it has no answer for, from our own engine."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from nlu.classifier import Ranking
from nlu.clauses import clauses_of
from nlu.engine import Entity, NluEngine, NluResult, Zone
from nlu.normalise import masked, normalise, only_informs
from nlu.rasa_answer import FALLBACK_INTENT, RasaAnswer
from nlu.rasa_server import RasaFault, RasaServer, RasaUnavailableError

_LONGEST_CHARACTERS = 4_000  # as our own engine
# Rasa takes “/refund” for the intent of that name, with certainty. That is for buttons, not for customers.
_COMMAND = re.compile(r"[\s/]*")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RasaThresholds:
    """`answer` is what Rasa's page on fallback suggests; the others are what `rasa init` of 3.6.21 writes.

    DIET is sure of itself: measure on messages of your own before you lower any of them.
    """

    answer: float = 0.7
    clarify: float = 0.3
    ambiguity: float = 0.1

    def zone(self, answer: RasaAnswer) -> Zone:
        """Where its own FallbackClassifier gave up nothing is answered, whatever threshold that has."""
        best = answer.intents[0][1]
        second = answer.intents[1][1] if len(answer.intents) > 1 else 0.0
        if best < self.clarify or answer.intents[0][0] == FALLBACK_INTENT:
            return Zone.HANDOFF
        is_sure = best >= self.answer and best - second >= self.ambiguity and not answer.gave_up
        return Zone.ANSWER if is_sure else Zone.CLARIFY


def _unheard(_fault: RasaFault) -> None:
    pass


@dataclass(frozen=True, slots=True)
class RasaEngine:
    """Keeps the promise of all engines. `native` stands in for the server, and `on_fall_back` is told why."""

    native: NluEngine
    server: RasaServer
    thresholds: RasaThresholds = RasaThresholds()
    on_fall_back: Callable[[RasaFault], None] = field(default=_unheard)

    @property
    def model_id(self) -> str:
        return self.server.model_id

    @property
    def intents(self) -> tuple[str, ...]:
        return self.native.intents

    def parse(self, text: str, *, languages: Sequence[str], hint: str | None = None) -> NluResult:
        ours = self.native.parse(text, languages=languages, hint=hint)
        words = normalise(masked(text[:_LONGEST_CHARACTERS], ours.entities))
        if only_informs(words) or not any(character.isalnum() for character in words):
            return ours  # a number, a smile: nothing that Rasa was taught
        try:
            return self._with_intents(text[:_LONGEST_CHARACTERS], ours)
        except RasaUnavailableError as error:
            self.on_fall_back(error.fault)
            if error.fault is not RasaFault.RESTING:
                log.warning("nlu.rasa.failed", fault=error.fault.value, model_id=ours.model_id)
            return replace(ours, fell_back=True)

    def _with_intents(self, text: str, ours: NluResult) -> NluResult:
        """Of the whole, and of each part that ours takes for a wish of its own."""
        hidden = _without_cards(text, ours.entities)
        parts = [(clause.start, clause.end) for clause in ours.clauses]
        starts = [_after_slashes(hidden, start, end) for start, end in [(0, len(hidden)), *parts]]
        ends = [len(hidden), *(end for _, end in parts)]
        whole, *answers = self.server.parse(
            [hidden[start:end].rstrip() for start, end in zip(starts, ends, strict=True)]
        )
        judged: list[tuple[Ranking, Zone]] = [(answer.intents, self.thresholds.zone(answer)) for answer in answers]
        return replace(
            ours, intents=whole.intents, zone=self.thresholds.zone(whole), model_id=self.server.model_id,
            entities=_joined(ours.entities, whole.entities, starts[0]),
            clauses=clauses_of(parts, judged, ours.entities),
        )  # fmt: skip


def _without_cards(text: str, entities: Sequence[Entity]) -> str:
    """Of the same length: places stay."""
    for card in (entity for entity in entities if entity.kind == "card_number" and entity.end <= len(text)):
        text = text[: card.start] + re.sub(r"\d", "0", text[card.start : card.end]) + text[card.end :]
    return text


def _after_slashes(text: str, start: int, end: int) -> int:
    match = _COMMAND.match(text, start, end)
    return match.end() if match else start


def _joined(ours: Sequence[Entity], theirs: Sequence[Entity], offset: int) -> tuple[Entity, ...]:
    """Ours, and of Rasa's those whose span we did not read."""
    moved = (replace(entity, start=entity.start + offset, end=entity.end + offset) for entity in theirs)
    more = [entity for entity in moved if not any(one.start < entity.end and entity.start < one.end for one in ours)]
    return tuple(sorted([*ours, *more], key=lambda entity: (entity.start, entity.end)))
