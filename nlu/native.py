"""The engine in our own process: rules for language and entities, linear models over vectors and words for intents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import structlog
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from nlu.classifier import Calibration, IntentClassifier, Linear, Neighbours, Ranking
from nlu.clauses import clauses_of, entities_in, may_hold_several, parts_of
from nlu.denials import affirmed
from nlu.encoders.encoder import Encoder, EncoderError
from nlu.encoders.shelf import EncoderShelf
from nlu.engine import Entity, NluResult, Zone
from nlu.entities import found_entities
from nlu.features import Vocabulary
from nlu.language import detected_language
from nlu.model_store import ARRAYS, ModelError, read_description
from nlu.normalise import masked, normalise, only_informs
from nlu.products import ProductNames
from nlu.sentences import Block, SentenceSpace, Vectors, readable
from nlu.shapes import Shapes, shapes_of
from nlu.signals import felt_as, signals_of
from nlu.transliteration import is_transliterated_russian, to_cyrillic

CLASSIFIED_CHARACTERS = 4_000
_INFORM: Ranking = (("inform", 1.0),)
_Arrays = Mapping[str, np.ndarray]

log = structlog.get_logger(__name__)


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class SentenceReader:
    """Encoders and the space their vectors lie in; `encoders` go with the blocks of the space."""

    space: SentenceSpace
    encoders: tuple[Encoder, ...]

    def vectors(self, texts: Sequence[str], language: str) -> Sequence[Vectors | None]:
        """Centred vectors of readable texts; None where no encoder reads the language or one does not answer."""
        if not any(block.reads(language) for block in self.space.blocks):
            return [None] * len(texts)
        try:
            parts = [self._part(number, texts, language) for number in range(len(self.encoders))]
        except EncoderError as error:
            log.warning("nlu.encoder.failed", error=str(error))
            return [None] * len(texts)
        return list(self.space.centred(np.concatenate(parts, axis=1), language))

    def _part(self, number: int, texts: Sequence[str], language: str) -> Vectors:
        if self.space.blocks[number].reads(language):
            return self.encoders[number].encode(texts)
        return np.zeros((len(texts), self.space.widths[number]), np.float32)


@dataclass(frozen=True, slots=True)
class NativeEngine:
    """Language, entities and intent of a text. Immutable after loading, so any thread may parse."""

    model_id: str
    classifier: IntentClassifier
    reader: SentenceReader | None
    shapes: Shapes
    products: ProductNames = field(default=ProductNames.none(), repr=False)
    today: Callable[[], date] = field(default=_today)

    @classmethod
    def load(cls, directory: Path, shelf: EncoderShelf, *, today: Callable[[], date] = _today) -> "NativeEngine":
        """Raises ModelError for a model of another format, EncoderError for a missing encoder, OSError for no model."""
        # What one message asks of numpy is little: a second thread only waits for the first.
        threadpool_limits(limits=1, user_api="blas")
        description = read_description(directory)
        with np.load(directory / ARRAYS, allow_pickle=False) as arrays:
            classifier = _classifier(description, arrays)
            reader = _reader(description, arrays, shelf)
        return cls(str(description["model_id"]), classifier, reader, _shapes(description), today=today)

    @property
    def intents(self) -> tuple[str, ...]:
        return self.classifier.intents

    def parse(self, text: str, *, languages: Sequence[str], hint: str | None = None) -> NluResult:
        """Only the first 4,000 characters are classified (and the first 20,000 searched for entities)."""
        known = self.classifier.calibrations
        served = [language for language in languages if language in known] or list(known)
        head = text[:CLASSIFIED_CHARACTERS]
        in_latin = "ru" in served and is_transliterated_russian(head)
        language = "ru" if in_latin else detected_language(head, served, hint)
        entities = found_entities(
            text, language=language, shapes=self.shapes, today=self.today(), products=self.products
        )
        parts = self._worth_reading(head, entities, language, to_cyrillic if in_latin else str)
        pieces = [(head, entities), *((head[start:end], entities_in(entities, start, end)) for start, end in parts)]
        (ranked, zone), *judged = self._judged(pieces, language, to_cyrillic if in_latin else str)
        clauses = clauses_of(parts, judged, entities)
        signals = felt_as(signals_of(head), *ranked[0])
        return NluResult(language, ranked, zone, entities, self.model_id, clauses, signals)

    def _worth_reading(
        self, head: str, entities: Sequence[Entity], language: str, spelt: Callable[[str], str]
    ) -> list[tuple[int, int]]:
        """The spans of a text that may hold a wish each; none where its words speak of one wish only."""
        parts = parts_of(head, entities, language)
        inside = [entities_in(entities, start, end) for start, end in parts]
        guesses = [
            self.classifier.by_words(normalise(spelt(masked(head[start:end], own))))
            for (start, end), own in zip(parts, inside, strict=True)
        ]
        orders = sum(any(entity.kind == "order_number" for entity in own) for own in inside)
        return parts if may_hold_several(guesses, orders) else []

    def _judged(
        self, pieces: Sequence[tuple[str, Sequence[Entity]]], language: str, spelt: Callable[[str], str]
    ) -> list[tuple[Ranking, Zone]]:
        """Each text with its entities. `spelt` writes it in the letters of its language."""
        read = [affirmed(spelt(readable(text, entities, language))) for text, entities in pieces]
        vectors = self.reader.vectors(read, language) if self.reader else [None] * len(read)
        return [
            self._one(affirmed(normalise(spelt(masked(text, entities)))), vector, language)
            for (text, entities), vector in zip(pieces, vectors, strict=True)
        ]

    def _one(self, words: str, vector: Vectors | None, language: str) -> tuple[Ranking, Zone]:
        if only_informs(words):
            return _INFORM, Zone.ANSWER
        ranked, zone = self.classifier.judged(words, vector, language)
        return ranked, zone if words else Zone.HANDOFF


def _classifier(description: Mapping[str, object], arrays: _Arrays) -> IntentClassifier:
    intents, texts, languages = description.get("intents"), description.get("texts"), description.get("languages")
    if not (isinstance(intents, list) and isinstance(texts, int) and isinstance(languages, dict)):
        raise ModelError("model.json is incomplete: train it anew")
    grams = bytes(arrays["grams"]).decode().split("\n")
    has_vectors = "dense.weights" in arrays
    return IntentClassifier(
        intents=tuple(intents),
        vocabulary=Vocabulary.of(grams, arrays["idf"], texts=texts),
        lexical=_linear(arrays, "lexical"),
        dense=_linear(arrays, "dense") if has_vectors else None,
        centres=arrays["centres"] if has_vectors else None,
        neighbours=_neighbours(arrays, len(intents)) if has_vectors else None,
        calibrations={language: Calibration(**part["calibration"]) for language, part in languages.items()},
    )


def _shapes(description: Mapping[str, object]) -> Shapes:
    shapes = description.get("shapes")
    if not isinstance(shapes, dict):
        raise ModelError("model.json is incomplete: train it anew")
    return shapes_of(shapes)


def _neighbours(arrays: _Arrays, intents: int) -> Neighbours:
    labels = arrays["neighbours.labels"].astype(np.int64)
    return Neighbours(arrays["neighbours"].astype(np.float32), labels, intents)


def _linear(arrays: _Arrays, name: str) -> Linear:
    return Linear(arrays[f"{name}.weights"].astype(np.float32), arrays[f"{name}.bias"])


def _reader(description: Mapping[str, object], arrays: _Arrays, shelf: EncoderShelf) -> SentenceReader | None:
    described = description.get("blocks")
    if not isinstance(described, list) or not described:
        return None
    languages = description["languages"]
    means = {language: arrays[f"mean.{language}"] for language in languages}  # type: ignore[attr-defined]
    blocks = tuple(Block(part["encoder"], _tuple(part["languages"])) for part in described)
    space = SentenceSpace(blocks, tuple(part["width"] for part in described), means)
    return SentenceReader(space, tuple(shelf.open(block.encoder) for block in blocks))


def _tuple(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)
