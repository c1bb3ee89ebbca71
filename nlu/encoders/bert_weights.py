"""The weights of a BERT encoder on their way from a package into a graph of ours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Linear:
    """`y = x @ (weights * scales) + bias`: int8 [inputs, outputs], one scale an output (symmetric)."""

    weights: NDArray[np.int8]
    scales: Floats
    bias: Floats

    @classmethod
    def quantised(cls, weights: Floats, bias: Floats) -> "Linear":
        """From float weights [inputs, outputs]: each column fills -127..127."""
        scales = np.maximum(np.abs(weights).max(axis=0), 1e-12).astype(np.float32) / 127
        return cls(np.round(weights / scales).astype(np.int8), scales, bias)

    @classmethod
    def side_by_side(cls, parts: "tuple[Linear, ...]") -> "Linear":
        """One product instead of several over the same input."""
        return cls(
            np.concatenate([part.weights for part in parts], axis=1),
            np.concatenate([part.scales for part in parts]),
            np.concatenate([part.bias for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class Norm:
    scale: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class Layer:
    """One transformer layer, post-norm as in BERT (Devlin et al. 2019)."""

    attention_in: Linear  # query, key and value side by side
    attention_out: Linear
    attention_norm: Norm
    widen: Linear
    narrow: Linear
    output_norm: Norm


@dataclass(frozen=True, slots=True)
class BertWeights:
    """`words` are int8 rows [vocabulary, width] with float scales [vocabulary, blocks]: a block shares one scale."""

    words: NDArray[np.int8]
    word_scales: Floats
    positions: Floats  # with the embedding of token type 0 added
    input_norm: Norm
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float
