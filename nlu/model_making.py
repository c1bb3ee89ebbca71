"""Training examples in, the content of a model out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from nlu.classifier import IntentClassifier
from nlu.dataset import Example
from nlu.encoders.cache import CachedEncoder
from nlu.encoders.packages import Progress
from nlu.encoders.plan import Plan
from nlu.entities import found_entities
from nlu.fitting import TrainingTexts, fitted
from nlu.normalise import masked, normalise
from nlu.sentences import Block, SentenceSpace, Vectors, readable
from nlu.shapes import Shapes

_ANY_DAY = date(2026, 1, 15)  # masks do not depend on it
_STEP = 512


@dataclass(frozen=True, slots=True)
class ModelContent:
    """What `model.json` and `model.npz` will hold."""

    description: Mapping[str, object]
    arrays: Mapping[str, NDArray[np.generic]]


def model_content(
    examples: Mapping[str, Sequence[Example]], shapes: Shapes, plan: Plan, progress: Progress
) -> ModelContent:
    """One model of the examples of all languages. Raises EncoderError."""
    rows = [_row(example, language, shapes) for language, mine in examples.items() for example in mine]
    space, vectors = _vectors(rows, plan, progress)
    progress("fitting and judging", 0.0)
    result = fitted(
        TrainingTexts(
            words=np.array([row.words for row in rows], object),
            languages=np.array([row.language for row in rows]),
            intents=np.array([row.intent for row in rows]),
            vectors=vectors,
        )
    )
    progress("fitting and judging", 1.0)
    description = {
        "shapes": asdict(shapes),
        "texts": len(rows),
        "intents": result.classifier.intents,
        "blocks": _described_blocks(space),
        "languages": {
            language: {"calibration": asdict(calibration), "judgement": asdict(result.judgements[language])}
            for language, calibration in result.classifier.calibrations.items()
        },
    }
    return ModelContent(description, _arrays(result.classifier, space))


@dataclass(frozen=True, slots=True)
class _Row:
    """An example as the models see it."""

    language: str
    intent: str
    words: str
    readable: str


def _row(example: Example, language: str, shapes: Shapes) -> _Row:
    entities = found_entities(example.text, language=language, shapes=shapes, today=_ANY_DAY)
    words = normalise(masked(example.text, entities))
    return _Row(language, example.intent, words, readable(example.text, entities, language))


def _vectors(rows: list[_Row], plan: Plan, progress: Progress) -> tuple[SentenceSpace | None, Vectors | None]:
    """The space of the plan's encoders and every row's place in it; nothing for a plan without encoders."""
    if not plan.blocks:
        return None, None
    languages = np.array([row.language for row in rows])
    raw = [_encoded(rows, block, plan, progress) for block in plan.blocks]
    space = SentenceSpace.learned(plan.blocks, raw, languages)
    together = np.concatenate(raw, axis=1)
    vectors = np.zeros_like(together)
    for language in space.means:
        mine = languages == language
        vectors[mine] = space.centred(together[mine], language)
    return space, vectors


def _encoded(rows: list[_Row], block: Block, plan: Plan, progress: Progress) -> Vectors:
    """The vectors of one block, zero where it does not read the language; in steps, to show how far it is."""
    encoder = CachedEncoder(plan.shelf.open(block.encoder), plan.shelf.root / "cache")
    read = [number for number, row in enumerate(rows) if block.reads(row.language)]
    parts = []
    for start in range(0, len(read), _STEP):
        progress(f"reading the examples ({block.encoder})", start / len(read))
        parts.append(encoder.encode([rows[number].readable for number in read[start : start + _STEP]]))
    found = np.concatenate(parts)
    vectors = np.zeros((len(rows), found.shape[1]), np.float32)
    vectors[read] = found
    return vectors


def _described_blocks(space: SentenceSpace | None) -> list[dict[str, object]]:
    if space is None:
        return []
    pairs = zip(space.blocks, space.widths, strict=True)
    return [{"encoder": block.encoder, "languages": block.languages, "width": width} for block, width in pairs]


def _arrays(classifier: IntentClassifier, space: SentenceSpace | None) -> dict[str, NDArray[np.generic]]:
    arrays: dict[str, NDArray[np.generic]] = {
        "grams": np.frombuffer("\n".join(classifier.vocabulary.index).encode(), np.uint8),
        "idf": classifier.vocabulary.idf,
        "lexical.weights": classifier.lexical.weights.astype(np.float16),
        "lexical.bias": classifier.lexical.bias,
    }
    if space is not None and classifier.dense and classifier.centres is not None and classifier.neighbours:
        arrays |= {
            "neighbours": classifier.neighbours.vectors.astype(np.float16),
            "neighbours.labels": classifier.neighbours.labels.astype(np.int16),
            "dense.weights": classifier.dense.weights,
            "dense.bias": classifier.dense.bias,
            "centres": classifier.centres,
        }
        arrays |= {f"mean.{language}": mean for language, mean in space.means.items()}
    return arrays
