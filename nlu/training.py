"""Training files in, an immutable model directory out."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from nlu.dataset import DatasetError, Example, read_dataset
from nlu.encoders.cache import CachedEncoder
from nlu.encoders.packages import Progress
from nlu.encoders.plan import Plan
from nlu.entities import found_entities
from nlu.native import FORMAT
from nlu.normalise import masked, normalise
from nlu.sentences import Block, SentenceSpace, Vectors, readable
from nlu.shapes import Shapes, read_shapes

if TYPE_CHECKING:
    from nlu.classifier import IntentClassifier

LANGUAGES = ("en", "ru", "es")
_ANY_DAY = date(2026, 1, 15)  # masks do not depend on it
_POINTER = "current"
_STEP = 512

log = structlog.get_logger(__name__)


def train(config_dir: Path, out_root: Path, plan: Plan, *, progress: Progress | None = None) -> Path:
    """The directory of the model of `config_dir`'s files, made current; trained only when they changed.

    Raises DatasetError for the first file that cannot be used, EncoderError for an encoder that cannot be had.
    """
    model_id = _model_id(config_dir, plan)
    directory = out_root / model_id
    if not (directory / "model.json").exists():
        _write(directory, _trained(config_dir, plan, progress or _unheard))
        log.info("nlu.model.trained", model_id=model_id)
    make_current(out_root, model_id)
    return directory


def current_model(out_root: Path) -> Path | None:
    """The directory that `current` names, or None when there is no such model."""
    try:
        directory = out_root / (out_root / _POINTER).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return directory if (directory / "model.json").exists() else None


def make_current(out_root: Path, model_id: str) -> None:
    """Readers see the old name or the new one, never half of one."""
    pointer = out_root / _POINTER
    descriptor, written = tempfile.mkstemp(dir=out_root, prefix=f".{_POINTER}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{model_id}\n")
        os.fchmod(file.fileno(), 0o644)  # a temporary file is its owner's only; other processes may run as others
    Path(written).replace(pointer)


def _unheard(_stage: str, _fraction: float) -> None:
    pass


def _sources(config_dir: Path) -> list[Path]:
    files = [config_dir / f"{language}.yml" for language in LANGUAGES if (config_dir / f"{language}.yml").exists()]
    if not files:
        raise DatasetError(config_dir / f"{LANGUAGES[0]}.yml", 1, "no training file; write at least this one")
    return files


def _model_id(config_dir: Path, plan: Plan) -> str:
    """By content: of the training files, of this package, since its code decides the features, and of the encoders."""
    digest = hashlib.sha256(f"{FORMAT} {plan.blocks}".encode())
    shapes = config_dir / "entities.yml"
    files = [*_sources(config_dir), *([shapes] if shapes.exists() else []), *sorted(Path(__file__).parent.glob("*.py"))]
    for file in files:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return f"native-{digest.hexdigest()[:12]}"


def _trained(
    config_dir: Path, plan: Plan, progress: Progress
) -> tuple[dict[str, object], dict[str, "np.typing.NDArray[np.generic]"]]:
    # scikit-learn and scipy cost 100 MB, and this module is imported where only `current_model` is needed.
    from nlu.fitting import TrainingTexts, fitted  # noqa: PLC0415

    shapes = read_shapes(config_dir / "entities.yml")
    rows = [_row(example, file.stem, shapes) for file in _sources(config_dir) for example in read_dataset(file)]
    languages = np.array([row.language for row in rows])
    space, vectors = _vectors(rows, plan, progress)
    progress("fitting", 0.0)
    words = np.array([row.words for row in rows], object)
    result = fitted(TrainingTexts(words, languages, np.array([row.intent for row in rows]), vectors))
    progress("fitting", 1.0)
    described = {
        "shapes": asdict(shapes),
        "texts": len(rows),
        "intents": result.classifier.intents,
        "blocks": _described_blocks(space),
        "languages": {
            language: {"calibration": asdict(calibration), "judgement": asdict(result.judgements[language])}
            for language, calibration in result.classifier.calibrations.items()
        },
    }
    return described, _arrays(result.classifier, space)


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
        progress(block.encoder, start / len(read))
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


def _arrays(classifier: "IntentClassifier", space: SentenceSpace | None) -> dict[str, "np.typing.NDArray[np.generic]"]:
    arrays: dict[str, np.typing.NDArray[np.generic]] = {
        "grams": np.frombuffer("\n".join(classifier.vocabulary.index).encode(), np.uint8),
        "idf": classifier.vocabulary.idf,
        "lexical.weights": classifier.lexical.weights.astype(np.float16),
        "lexical.bias": classifier.lexical.bias,
    }
    if space is not None and classifier.dense is not None and classifier.centres is not None:
        arrays |= {
            "dense.weights": classifier.dense.weights,
            "dense.bias": classifier.dense.bias,
            "centres": classifier.centres,
        }
        arrays |= {f"mean.{language}": mean for language, mean in space.means.items()}
    return arrays


def _write(directory: Path, content: tuple[dict[str, object], dict[str, "np.typing.NDArray[np.generic]"]]) -> None:
    """Whole or not at all: the directory gets its name when everything is in it."""
    description, arrays = content
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}-"))
    try:
        np.savez_compressed(unfinished / "model.npz", allow_pickle=False, **arrays)
        text = json.dumps({"format": FORMAT, "model_id": directory.name, **description}, ensure_ascii=False, indent=1)
        (unfinished / "model.json").write_text(text + "\n", encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.rename(directory)
    except OSError:
        if not (directory / "model.json").exists():  # else another process was faster with the same content
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
