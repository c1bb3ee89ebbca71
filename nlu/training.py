"""Training files in, an immutable model directory out."""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog

from nlu.dataset import DatasetError, read_dataset
from nlu.encoders.packages import Progress
from nlu.encoders.plan import Plan
from nlu.native import FORMAT
from nlu.shapes import read_shapes

if TYPE_CHECKING:
    from nlu.model_making import ModelContent

LANGUAGES = ("en", "ru", "es")
_POINTER = "current"

log = structlog.get_logger(__name__)


def train(config_dir: Path, out_root: Path, plan: Plan, *, progress: Progress | None = None) -> Path:
    """The directory of the model of `config_dir`'s files, made current; trained only when they changed.

    Raises DatasetError for the first file that cannot be used, EncoderError for an encoder that cannot be had.
    """
    model_id = _model_id(config_dir, plan)
    directory = out_root / model_id
    if not (directory / "model.json").exists():
        # scikit-learn and scipy cost 100 MB, and this module is imported where only `current_model` is needed.
        from nlu.model_making import model_content  # noqa: PLC0415

        examples = {file.stem: read_dataset(file) for file in _sources(config_dir)}
        shapes = read_shapes(config_dir / "entities.yml")
        write_model(directory, model_content(examples, shapes, plan, progress or _unheard))
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
    files = [
        *_sources(config_dir),
        *([shapes] if shapes.exists() else []),
        *sorted(Path(__file__).parent.rglob("*.py")),
    ]
    for file in files:
        digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return f"native-{digest.hexdigest()[:12]}"


def write_model(directory: Path, content: "ModelContent") -> None:
    """Whole or not at all: the directory gets its name when everything is in it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}-"))
    try:
        np.savez_compressed(unfinished / "model.npz", allow_pickle=False, **content.arrays)
        text = json.dumps(
            {"format": FORMAT, "model_id": directory.name, **content.description}, ensure_ascii=False, indent=1
        )
        (unfinished / "model.json").write_text(text + "\n", encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.rename(directory)
    except OSError:
        if not (directory / "model.json").exists():  # else another process was faster with the same content
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
