"""What the encoders are given to read, and the space their vectors are compared in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.engine import Entity
from nlu.normalise import masked

Vectors = NDArray[np.float32]

# Encoders know real words better than masks, and one number is as good as another.
_STANDS_FOR = {
    "_number_": "123456",
    "_phone_": "+123456789",
    "_email_": "me@mail.com",
    "_amount_": "100",
    "_time_": "10:00",
    "_person_": "Anna",
}
_DAYS = {"ru": "понедельник", "es": "lunes"}
_PLACES = {"ru": "улица Мира, 5", "es": "Calle Mayor 5"}


def readable(text: str, entities: Iterable[Entity], language: str) -> str:
    """Lower case, single spaces, and every number, name and address replaced by a typical one."""
    read = masked(text, entities)
    for mask, word in _STANDS_FOR.items():
        read = read.replace(mask, word)
    read = read.replace("_address_", _PLACES.get(language, "5 Main Street"))
    whole = (
        read.replace("_date_", _DAYS.get(language, "monday")).encode("utf-8", "ignore").decode()
    )  # no lone surrogates
    return " ".join(whole.lower().split())


@dataclass(frozen=True, slots=True)
class Block:
    """A share of the space: one encoder's vectors, for some languages only or for all (None)."""

    encoder: str
    languages: tuple[str, ...] | None = None

    def reads(self, language: str) -> bool:
        return self.languages is None or language in self.languages


@dataclass(frozen=True, slots=True)
class SentenceSpace:
    """Vectors less the mean of their language, each block of unit length, side by side; a block not read is zero.

    A language has a direction of its own in the vectors of a multilingual encoder; without it, sentences of all
    languages lie together by what they mean, and one language's examples teach the others.
    """

    blocks: tuple[Block, ...]
    widths: tuple[int, ...]
    means: Mapping[str, Vectors]

    @classmethod
    def learned(cls, blocks: Sequence[Block], raw: Sequence[Vectors], languages: NDArray[np.str_]) -> "SentenceSpace":
        """`raw` holds a block's vectors [texts, width] each; rows a block does not read are zero."""
        together = np.concatenate(raw, axis=1)
        means = {str(language): together[languages == language].mean(axis=0) for language in np.unique(languages)}
        return cls(tuple(blocks), tuple(vectors.shape[1] for vectors in raw), means)

    def centred(self, together: Vectors, language: str) -> Vectors:
        """`together` [texts, all widths] of one language; a language never seen keeps its own direction."""
        mean = self.means.get(language)
        vectors = together - mean if mean is not None else together.copy()
        start = 0
        for block, width in zip(self.blocks, self.widths, strict=True):
            part = vectors[:, start : start + width]
            if block.reads(language):
                part /= np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9)
            else:
                part[:] = 0.0
            start += width
        return vectors
