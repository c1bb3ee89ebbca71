"""Models on disk: immutable directories by content, one of them current, the one before kept for going back."""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nlu.model_making import ModelContent

FORMAT = 3
KEPT = 5
DESCRIPTION, ARRAYS = "model.json", "model.npz"
_CURRENT, _PREVIOUS = "current", "previous"
_ALLOWED = frozenset({DESCRIPTION, ARRAYS})


class ModelError(ValueError):
    """A model directory that this code cannot serve; the message says what to do."""


def write_model(directory: Path, content: "ModelContent") -> None:
    """Whole or not at all: the directory gets its name when everything is in it."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}-"))
    try:
        np.savez_compressed(unfinished / ARRAYS, allow_pickle=False, **content.arrays)
        known = {ARRAYS: _sha256(unfinished / ARRAYS)}
        description = {"format": FORMAT, "model_id": directory.name, "sha256": known, **content.description}
        text = json.dumps(description, ensure_ascii=False, indent=1)
        (unfinished / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.rename(directory)
    except OSError:
        if not (directory / DESCRIPTION).exists():  # else another process was faster with the same content
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def read_description(directory: Path) -> Mapping[str, object]:
    """What `model.json` says, when this code can serve it and the arrays are the ones it was written with.

    Raises ModelError, and OSError where there is no model.
    """
    try:
        description = json.loads((directory / DESCRIPTION).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{directory}: {DESCRIPTION} is not readable: train the model anew") from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        found = description.get("format") if isinstance(description, dict) else "none"
        raise ModelError(f"{directory}: model format {found}, not {FORMAT}: train it anew")
    known = description.get("sha256")
    if not isinstance(known, dict) or known.get(ARRAYS) != _sha256(directory / ARRAYS):
        raise ModelError(f"{directory}: {ARRAYS} is not the one the model was written with: train it anew")
    return description


def import_model(source: Path, root: Path) -> str:
    """Take in a directory from elsewhere; its id. Raises ModelError for anything that is more than numbers and text."""
    strangers = sorted(path.name for path in source.iterdir() if path.name not in _ALLOWED or not path.is_file())
    if strangers:
        raise ModelError(f"{source} holds {', '.join(strangers)}: a model is {DESCRIPTION} and {ARRAYS}, nothing else")
    _refuse_objects(source / ARRAYS)
    model_id = str(read_description(source).get("model_id"))
    if Path(model_id).name != model_id or model_id.startswith("."):
        raise ModelError(f"{source}: “{model_id}” is no name for a model")
    if not (root / model_id).exists():
        root.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, root / model_id)
    return model_id


def _refuse_objects(arrays: Path) -> None:
    """Pickled objects would run code when they are read."""
    try:
        with np.load(arrays, allow_pickle=False) as content:
            for name in content.files:
                content[name]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"{arrays} does not hold plain arrays of numbers: {error}") from error


def current_model(root: Path) -> Path | None:
    """The directory that `current` names, or None when there is no such model."""
    return _named(root, _CURRENT)


def previous_model(root: Path) -> Path | None:
    return _named(root, _PREVIOUS)


def models(root: Path) -> list[Path]:
    """Every model there is, the youngest first."""
    found = [path.parent for path in root.glob(f"*/{DESCRIPTION}") if not path.parent.name.startswith(".")]
    return sorted(found, key=lambda path: (path / DESCRIPTION).stat().st_mtime, reverse=True)


def make_current(root: Path, model_id: str) -> None:
    """Readers see the old name or the new one, never half of one; the old one can be gone back to."""
    before = current_model(root)
    if before is not None and before.name != model_id:
        _point(root, _PREVIOUS, before.name)
    _point(root, _CURRENT, model_id)
    _remove_old(root)


def _remove_old(root: Path) -> None:
    """All but the youngest, the current one and the one before."""
    pointed = {current_model(root), previous_model(root)}
    for path in models(root)[KEPT:]:
        if path not in pointed:
            shutil.rmtree(path, ignore_errors=True)


def roll_back(root: Path) -> Path:
    """The model before the current one, current again. Raises ModelError when there is none."""
    before = previous_model(root)
    if before is None:
        raise ModelError("There is no model to go back to.")
    make_current(root, before.name)
    return before


def pointer(root: Path) -> Path:
    """The file that names the current model; it is replaced at every change."""
    return root / _CURRENT


def _named(root: Path, name: str) -> Path | None:
    try:
        directory = root / (root / name).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return directory if (directory / DESCRIPTION).exists() else None


def _point(root: Path, name: str, model_id: str) -> None:
    descriptor, written = tempfile.mkstemp(dir=root, prefix=f".{name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{model_id}\n")
        os.fchmod(file.fileno(), 0o644)  # a temporary file is its owner's only; other processes may run as others
    Path(written).replace(root / name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
