"""A prepared transformer in its folder: word table, tokenizer and graph; run by ONNX Runtime on one thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # it ships no types
from numpy.typing import NDArray

LONGEST_TOKENS = 128
_BATCH = 32

Rows = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class WordTable:
    """Int8 rows with float scales a block, mapped from disk: only rows in use take memory."""

    rows: NDArray[np.int8]
    scales: NDArray[np.float32]

    @classmethod
    def mapped(cls, folder: Path) -> "WordTable":
        return cls(np.load(folder / "words.npy", mmap_mode="r"), np.load(folder / "scales.npy", mmap_mode="r"))

    def vectors(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Float rows of the shape of `rows` with the width added."""
        scales = np.asarray(self.scales[rows])
        values = self.rows[rows].reshape(*scales.shape, -1) * scales[..., None]
        return values.reshape(*rows.shape, -1).astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True)
class TransformerEncoder:
    """`rows` cuts a sentence into rows of the word table."""

    name: str
    rows: Rows
    words: WordTable
    session: onnxruntime.InferenceSession

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Batches of sentences of like length, so that little of a batch is padding."""
        cut = [self.rows(text) for text in texts]
        order = sorted(range(len(cut)), key=lambda index: len(cut[index]))
        vectors = np.zeros((len(cut), self.words.rows.shape[1]), np.float32)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            vectors[batch] = self._batch([cut[index] for index in batch])
        return vectors

    def _batch(self, cut: list[list[int]]) -> NDArray[np.float32]:
        longest = max(map(len, cut))
        rows = np.array([sentence + [0] * (longest - len(sentence)) for sentence in cut], np.int64)
        mask = np.array([[1] * len(sentence) + [0] * (longest - len(sentence)) for sentence in cut], np.int64)
        (vectors,) = self.session.run(None, {"words": self.words.vectors(rows), "mask": mask})
        return np.asarray(vectors, np.float32)


def opened_session(graph: Path, *, threads: int = 1) -> onnxruntime.InferenceSession:
    """On the CPU. Serving keeps to one thread: requests run side by side instead."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
