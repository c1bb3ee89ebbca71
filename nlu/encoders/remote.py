"""`url`: any server that speaks OpenAI's `POST /v1/embeddings` (API reference, “Embeddings”)."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import numpy as np
from numpy.typing import NDArray

from nlu.encoders.encoder import EncoderError

_BATCH = 64
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class RemoteEncoder:
    """Vectors of model `model` from `url`, which ends before `/embeddings`."""

    model: str
    url: str
    client: httpx.Client

    @classmethod
    def opened(
        cls, model: str, url: str, key: str | None, *, transport: httpx.BaseTransport | None = None
    ) -> "RemoteEncoder":
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return cls(model, url.rstrip("/"), httpx.Client(headers=headers, timeout=_TIMEOUT_S, transport=transport))

    @property
    def name(self) -> str:
        return f"url:{self.model}"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text. Raises EncoderError where the server does not answer as it should."""
        vectors = np.concatenate([self._asked(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)])
        unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return unit

    def _asked(self, texts: Sequence[str]) -> NDArray[np.float32]:
        try:
            answer = self.client.post(f"{self.url}/embeddings", json={"model": self.model, "input": list(texts)})
            answer.raise_for_status()
            rows = sorted(answer.json()["data"], key=lambda row: row["index"])
            vectors = np.array([row["embedding"] for row in rows], np.float32)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise EncoderError(f"the embeddings server does not answer ({type(error).__name__}): {self.url}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts):  # noqa: PLR2004 - texts and dimensions
            raise EncoderError(f"the embeddings server answered with another number of vectors: {self.url}")
        return vectors
