"""What every encoder promises: sentences in, unit vectors out."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Synchronous and thread-safe. `name` changes whenever the vectors of the same sentence would."""

    @property
    def name(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text: [texts, dimensions]. Raises EncoderError."""
        ...


class EncoderError(RuntimeError):
    """An encoder that cannot be had or does not answer; the message says what to do."""
