"""Training files in, an immutable model directory out."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from nlu.dataset import DatasetError, Example, read_dataset
from nlu.entities import found_entities
from nlu.native import FORMAT
from nlu.normalise import masked, normalise
from nlu.shapes import Shapes, read_shapes

if TYPE_CHECKING:
    from nlu.fitting import Fitted

LANGUAGES = ("en", "ru", "es")
_ANY_DAY = date(2026, 1, 15)  # masks do not depend on it
_POINTER = "current"
Progress = Callable[[str, float], None]

log = structlog.get_logger(__name__)


def train(config_dir: Path, out_root: Path, *, progress: Progress | None = None) -> Path:
    """The directory of the model of `config_dir`'s files, made current; trained only when they changed.

    Raises DatasetError for the first file that cannot be used.
    """
    model_id = _model_id(config_dir)
    directory = out_root / model_id
    if not (directory / "model.json").exists():
        _write(directory, _trained(config_dir, progress or _unheard))
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


def _model_id(config_dir: Path) -> str:
    """By content: of the training files, and of this package, since its code decides the features."""
    digest = hashlib.sha256(str(FORMAT).encode())
    shapes = config_dir / "entities.yml"
    files = [*_sources(config_dir), *([shapes] if shapes.exists() else []), *sorted(Path(__file__).parent.glob("*.py"))]
    for file in files:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return f"native-{digest.hexdigest()[:12]}"


def _trained(
    config_dir: Path, progress: Progress
) -> tuple[dict[str, object], dict[str, "np.typing.NDArray[np.generic]"]]:
    # scikit-learn and scipy cost 100 MB, and this module is imported where only `current_model` is needed.
    from nlu.fitting import fitted  # noqa: PLC0415

    shapes = read_shapes(config_dir / "entities.yml")
    datasets = {file.stem: read_dataset(file) for file in _sources(config_dir)}
    models: dict[str, Fitted] = {}
    for done, (language, examples) in enumerate(datasets.items()):
        progress(language, done / len(datasets))
        texts = [_prepared(example, language, shapes) for example in examples]
        models[language] = fitted(texts, [example.intent for example in examples])
    progress("done", 1.0)
    arrays = {name: array for language, model in models.items() for name, array in _arrays(language, model).items()}
    return {"shapes": asdict(shapes), "languages": {name: _described(model) for name, model in models.items()}}, arrays


def _prepared(example: Example, language: str, shapes: Shapes) -> str:
    entities = found_entities(example.text, language=language, shapes=shapes, today=_ANY_DAY)
    return normalise(masked(example.text, entities))


def _arrays(language: str, model: "Fitted") -> dict[str, "np.typing.NDArray[np.generic]"]:
    classifier = model.classifier
    grams = "\n".join(classifier.vocabulary.index).encode()
    return {
        f"{language}.grams": np.frombuffer(grams, np.uint8),
        f"{language}.idf": classifier.vocabulary.idf,
        f"{language}.weights": classifier.weights,
        f"{language}.bias": classifier.bias,
    }


def _described(model: "Fitted") -> dict[str, object]:
    classifier = model.classifier
    return {
        "intents": classifier.intents,
        "texts": model.texts,
        "cross_validated_accuracy": round(model.accuracy, 4),
        "calibration": asdict(classifier.calibration),
    }


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
