"""`minilm`: all-MiniLM-L6-v2 (Reimers and Gurevych 2019), 384 dimensions, English only, twice as fast as `e5`."""

from pathlib import Path

from tokenizers import BertWordPieceTokenizer

from nlu.encoders.prepared import verified
from nlu.encoders.transformer import LONGEST_TOKENS, TransformerEncoder, WordTable, opened_session

NAME = "minilm-2"  # counts up whenever the vectors change
_VOCABULARY = Path(__file__).parent / "vocabulary" / "bert-uncased.txt"  # google-research/bert, Apache-2.0


def open_minilm(root: Path, *, threads: int = 1) -> TransformerEncoder:
    """From its prepared folder."""
    folder = verified(root / NAME)
    tokenizer = BertWordPieceTokenizer(str(_VOCABULARY))
    tokenizer.enable_truncation(LONGEST_TOKENS)
    return TransformerEncoder(
        NAME,
        lambda text: list(tokenizer.encode(text).ids),
        WordTable.mapped(folder),
        opened_session(folder / "graph.onnx"),
        threads,
    )
