"""`e5`: multilingual-e5-small (Wang et al. 2024), 384 dimensions, for English, Russian, Spanish and other languages."""

import json
from pathlib import Path

import numpy as np

from nlu.encoders.prepared import verified
from nlu.encoders.transformer import LONGEST_TOKENS, TransformerEncoder, WordTable, opened_session
from nlu.encoders.unigram import UnigramTokenizer

NAME = "e5-2"  # counts up whenever the vectors change
_PREFIX = "query: "  # the model was trained with it; without it similarities are worse


def open_e5(root: Path, *, threads: int = 1) -> TransformerEncoder:
    """From its prepared folder."""
    folder = verified(root / NAME)
    tokenizer = _tokenizer(folder)
    return TransformerEncoder(
        NAME,
        lambda text: tokenizer.rows(_PREFIX + text, most=LONGEST_TOKENS),
        WordTable.mapped(folder),
        opened_session(folder / "graph.onnx"),
        threads,
    )


def _tokenizer(folder: Path) -> UnigramTokenizer:
    content = json.loads((folder / "pieces.json").read_text(encoding="utf-8"))
    return UnigramTokenizer.of(
        content["pieces"],
        np.load(folder / "scores.npy"),
        {ord(character): reading for character, reading in content["readings"].items()},
        content["special"],
    )
