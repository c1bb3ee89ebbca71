"""Encoders made ready once, each in its folder: weights fetched, turned into a graph, checked by hash ever after."""

import fcntl
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nlu.encoders.encoder import EncoderError

DESCRIPTION = "encoder.json"
Making = Callable[[Path], None]


def prepared(root: Path, name: str, make: Making) -> Path:
    """The folder of encoder `name`, made by `make` if it is not there yet; whole or not at all, by one process."""
    folder = root / name
    if (folder / DESCRIPTION).exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    with _alone(root):
        if not (folder / DESCRIPTION).exists():
            _make(folder, make)
    return folder


def verified(folder: Path) -> Path:
    """`folder`, when its files are the ones that were prepared. Raises EncoderError."""
    known = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))["sha256"]
    for name, digest in known.items():
        if _sha256(folder / name) != digest:
            raise EncoderError(f"{folder / name} has changed since it was prepared: remove {folder} and start again.")
    return folder


def _make(folder: Path, make: Making) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        make(unfinished)
        known = {path.name: _sha256(path) for path in sorted(unfinished.iterdir())}
        (unfinished / DESCRIPTION).write_text(json.dumps({"sha256": known}, indent=1) + "\n", encoding="utf-8")
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
