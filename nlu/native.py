"""The engine in our own process: rules for language and entities, a linear model for intents; numpy only."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from nlu.classifier import Calibration, IntentClassifier, zone_of
from nlu.engine import NluResult, Zone
from nlu.entities import found_entities
from nlu.features import Vocabulary
from nlu.language import detected_language
from nlu.normalise import is_only_masks, masked, normalise
from nlu.shapes import Shapes, shapes_of

FORMAT = 1
CLASSIFIED_CHARACTERS = 4_000


def _today() -> date:
    return datetime.now(UTC).date()


class ModelError(ValueError):
    """A model directory that this code cannot serve."""


@dataclass(frozen=True, slots=True)
class NativeEngine:
    """Language, entities and intent of a text. Immutable after loading, so any thread may parse."""

    model_id: str
    classifiers: dict[str, IntentClassifier]
    shapes: Shapes
    today: Callable[[], date] = field(default=_today)

    @classmethod
    def load(cls, directory: Path, *, today: Callable[[], date] = _today) -> "NativeEngine":
        """Raises ModelError where the directory is of another format, OSError where it is not there."""
        description = json.loads((directory / "model.json").read_text(encoding="utf-8"))
        if description.get("format") != FORMAT:
            raise ModelError(f"{directory}: model format {description.get('format')}, not {FORMAT}: train it anew")
        with np.load(directory / "model.npz", allow_pickle=False) as arrays:
            classifiers = {
                language: _classifier(language, part, arrays) for language, part in description["languages"].items()
            }
        return cls(description["model_id"], classifiers, shapes_of(description["shapes"]), today)

    def parse(self, text: str, *, languages: Sequence[str], hint: str | None = None) -> NluResult:
        """Only the first 4,000 characters are classified (and the first 20,000 searched for entities)."""
        served = [language for language in languages if language in self.classifiers] or list(self.classifiers)
        language = detected_language(text[:CLASSIFIED_CHARACTERS], served, hint)
        entities = found_entities(text, language=language, shapes=self.shapes, today=self.today())
        words = normalise(masked(text[:CLASSIFIED_CHARACTERS], entities))
        if is_only_masks(words):
            return NluResult(language, (("inform", 1.0),), Zone.ANSWER, entities, self.model_id)
        classifier = self.classifiers[language]
        ranked = classifier.ranked(words)
        return NluResult(language, ranked, zone_of(ranked, classifier.calibration), entities, self.model_id)


def _classifier(language: str, part: dict[str, object], arrays: "np.lib.npyio.NpzFile") -> IntentClassifier:
    grams = bytes(arrays[f"{language}.grams"]).decode().split("\n")
    intents, texts, calibration = part["intents"], part["texts"], part["calibration"]
    if not (isinstance(intents, list) and isinstance(texts, int) and isinstance(calibration, dict)):
        raise ModelError(f"model.json: {language} is incomplete: train it anew")
    return IntentClassifier(
        intents=tuple(intents),
        vocabulary=Vocabulary.of(grams, arrays[f"{language}.idf"], texts=texts),
        weights=arrays[f"{language}.weights"],
        bias=arrays[f"{language}.bias"],
        calibration=Calibration(**calibration),
    )
