"""The graph computes what BERT's definition says, up to the rounding of eight bits."""

from math import erf
from pathlib import Path

import numpy as np
import onnx
import pytest

from nlu.encoders.bert_graph import bert_graph
from nlu.encoders.bert_weights import BertWeights, Floats, Layer, Linear, Norm
from nlu.encoders.transformer import opened_session

WIDTH, WIDE, HEADS, LAYERS, VOCABULARY = 32, 64, 4, 2, 50
EPSILON = 1e-12


def linear(random: np.random.Generator, inputs: int, outputs: int) -> Linear:
    weights = random.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32)
    return Linear.quantised(weights, random.normal(0, 0.1, outputs).astype(np.float32))


def norm(random: np.random.Generator) -> Norm:
    return Norm(random.normal(1, 0.1, WIDTH).astype(np.float32), random.normal(0, 0.1, WIDTH).astype(np.float32))


@pytest.fixture(scope="module")
def weights() -> BertWeights:
    random = np.random.default_rng(3)
    layers = tuple(
        Layer(
            attention_in=Linear.side_by_side(tuple(linear(random, WIDTH, WIDTH) for _ in range(3))),
            attention_out=linear(random, WIDTH, WIDTH),
            attention_norm=norm(random),
            widen=linear(random, WIDTH, WIDE),
            narrow=linear(random, WIDE, WIDTH),
            output_norm=norm(random),
        )
        for _ in range(LAYERS)
    )
    return BertWeights(
        words=random.integers(-8, 8, (VOCABULARY, WIDTH)).astype(np.int8),
        word_scales=np.full((VOCABULARY, 1), 0.1, np.float32),
        positions=random.normal(0, 0.3, (16, WIDTH)).astype(np.float32),
        input_norm=norm(random),
        layers=layers,
        heads=HEADS,
        epsilon=EPSILON,
    )


def applied(part: Linear, x: Floats) -> Floats:
    product: Floats = x @ (part.weights.astype(np.float32) * part.scales) + part.bias
    return product


def normed(part: Norm, x: Floats) -> Floats:
    centred = x - x.mean(axis=-1, keepdims=True)
    unit: Floats = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    scaled: Floats = unit * part.scale + part.bias
    return scaled


def gelu(x: Floats) -> Floats:
    bent: Floats = 0.5 * x * (1 + np.vectorize(erf)(x / np.sqrt(2)))
    return bent


def attended(layer: Layer, x: Floats) -> Floats:
    query, key, value = np.split(applied(layer.attention_in, x), 3, axis=1)
    heard = []
    for head in range(HEADS):
        own = slice(head * WIDTH // HEADS, (head + 1) * WIDTH // HEADS)
        scores = query[:, own] @ key[:, own].T / np.sqrt(WIDTH // HEADS)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        heard.append(shares / shares.sum(axis=1, keepdims=True) @ value[:, own])
    return applied(layer.attention_out, np.concatenate(heard, axis=1))


def by_definition(weights: BertWeights, rows: list[int]) -> Floats:
    """Devlin et al. 2019 for one sentence, then the mean over its words at unit length."""
    x = weights.words[rows] * weights.word_scales[rows] + weights.positions[: len(rows)]
    x = normed(weights.input_norm, x)
    for layer in weights.layers:
        x = normed(layer.attention_norm, x + attended(layer, x))
        x = normed(layer.output_norm, x + applied(layer.narrow, gelu(applied(layer.widen, x))))
    mean = x.mean(axis=0)
    unit: Floats = mean / np.linalg.norm(mean)
    return unit


def test_the_graph_is_the_definition(weights: BertWeights, tmp_path: Path) -> None:
    onnx.save(bert_graph(weights), tmp_path / "graph.onnx")
    session = opened_session(tmp_path / "graph.onnx")
    long, short = [3, 14, 15, 9, 26, 5], [35, 8, 9]
    padded = np.array([long, [*short, 0, 0, 0]])
    words = weights.words[padded] * weights.word_scales[padded]
    mask = np.array([[1] * 6, [1, 1, 1, 0, 0, 0]], np.int64)
    (vectors,) = session.run(None, {"words": words.astype(np.float32), "mask": mask})
    assert vectors[0] @ by_definition(weights, long) > 0.995
    assert vectors[1] @ by_definition(weights, short) > 0.995
    assert vectors[0] @ by_definition(weights, short) < 0.9
