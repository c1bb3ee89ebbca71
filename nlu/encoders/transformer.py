"""A prepared transformer in its folder: word table, tokenizer and graph; run by ONNX Runtime on one thread."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # it ships no types
from numpy.typing import NDArray

LONGEST_TOKENS = 128
# Without VNNI a processor adds int8 products with saturation, silently wrong, unless this is set. It costs a tenth of
# the time, and every processor comes to the same sums.
_EXACT_PRODUCTS = ("session.x64quantprecision", "1")
_FEWEST_AT_ONCE = 8

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
    """`rows` cuts a sentence into rows of the word table; `threads` read many sentences at once."""

    name: str
    rows: Rows
    words: WordTable
    session: onnxruntime.InferenceSession
    threads: int = 1

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Each sentence by itself: activations are quantised by their range, and a batch would share one."""
        if self.threads == 1 or len(texts) < _FEWEST_AT_ONCE:
            return np.concatenate([self._one(self.rows(text)) for text in texts])
        with ThreadPoolExecutor(self.threads) as pool:
            return np.concatenate(list(pool.map(lambda text: self._one(self.rows(text)), texts)))

    def _one(self, cut: list[int]) -> NDArray[np.float32]:
        rows = np.array([cut], np.int64)
        (vectors,) = self.session.run(None, {"words": self.words.vectors(rows), "mask": np.ones_like(rows)})
        return np.asarray(vectors, np.float32)


def opened_session(graph: Path) -> onnxruntime.InferenceSession:
    """On the CPU, one thread a sentence: sentences run side by side instead."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 1, 1
    options.log_severity_level = 3
    options.add_session_config_entry(*_EXACT_PRODUCTS)
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
