"""`hub:owner/name[@revision]`: a sentence encoder of the model hub that has an ONNX export and a fast tokenizer.

Its files are fetched once; their hashes are kept and checked at every start. The pooling is the mean over words, as in
sentence-transformers' default (Reimers and Gurevych 2019).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # it ships no types
from numpy.typing import NDArray
from tokenizers import Tokenizer

from nlu.encoders.prepared import verified
from nlu.encoders.transformer import LONGEST_TOKENS, opened_session

SCHEME = "hub:"
_BATCH = 32


@dataclass(frozen=True, slots=True)
class HubEncoder:
    """A graph that takes `input_ids` and gives `last_hidden_state`."""

    name: str
    tokenizer: Tokenizer
    session: onnxruntime.InferenceSession

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector a text."""
        return np.concatenate([self._batch(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)])

    def _batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        cut = self.tokenizer.encode_batch(list(texts))
        rows = np.array([sentence.ids for sentence in cut], np.int64)
        mask = np.array([sentence.attention_mask for sentence in cut], np.int64)
        fed = {"input_ids": rows, "attention_mask": mask, "token_type_ids": np.zeros_like(rows)}
        wanted = {given.name for given in self.session.get_inputs()}
        hidden = self.session.run(None, {name: values for name, values in fed.items() if name in wanted})[0]
        present = mask[..., None].astype(np.float32)
        vectors = (hidden * present).sum(axis=1) / present.sum(axis=1)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def folder_name(choice: str) -> str:
    return choice.removeprefix(SCHEME).replace("/", "--").replace("@", "--")


def open_hub(root: Path, choice: str) -> HubEncoder:
    """From its prepared folder."""
    folder = verified(root / folder_name(choice))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(LONGEST_TOKENS)
    tokenizer.enable_padding()
    return HubEncoder(choice, tokenizer, opened_session(folder / "model.onnx"))
