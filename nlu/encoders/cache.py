"""Vectors kept on disk by the hash of their text: training again costs only the new texts."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.encoders.encoder import Encoder

_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class CachedEncoder:
    """`encoder` with its vectors kept in one file of `folder`; for training, not for serving."""

    encoder: Encoder
    folder: Path

    @property
    def name(self) -> str:
        return self.encoder.name

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text. Raises EncoderError."""
        known = self._known()
        digests = [_digest(text) for text in texts]
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
        if missing:
            vectors = self.encoder.encode(list(missing.values()))
            known |= dict(zip(missing, vectors, strict=True))
            self._keep(known)
        return np.stack([known[digest] for digest in digests])

    def _file(self) -> Path:
        return self.folder / f"{self.name.replace('/', '--').replace(':', '-')}.npz"

    def _known(self) -> dict[bytes, NDArray[np.float32]]:
        try:
            with np.load(self._file(), allow_pickle=False) as arrays:
                digests, vectors = bytes(arrays["digests"]), arrays["vectors"]
        except FileNotFoundError:
            return {}
        rows = range(len(vectors))
        return {digests[row * _DIGEST_BYTES : (row + 1) * _DIGEST_BYTES]: vectors[row] for row in rows}

    def _keep(self, known: dict[bytes, NDArray[np.float32]]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.folder, suffix=".npz")
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, digests=np.frombuffer(b"".join(known), np.uint8), vectors=np.stack(list(known.values())))
        Path(name).replace(self._file())


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()
