"""A BERT encoder as an ONNX graph: word vectors and mask in, one unit vector a sentence out.

The word table stays outside, mapped into memory: a sentence needs a dozen of its hundred thousand rows. Products run
in int8 with activations quantised on the fly (ONNX Runtime's contrib operators, domain com.microsoft).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from nlu.encoders.bert_weights import BertWeights, Layer, Linear, Norm

_OPSET, _CONTRIB = 20, "com.microsoft"
_FARTHEST = -10_000.0  # what a masked position adds to its attention score


@dataclass(slots=True)
class _Graph:
    """Nodes and constants under construction; every name is used once."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, values: NDArray[np.generic]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, order="C"), name))
        return name

    def numbers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def node(self, operator: str, inputs: Iterable[str], *, domain: str = "", **attributes: Any) -> str:  # noqa: ANN401 - as onnx has them
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], domain=domain, **attributes))
        return name

    def linear(self, x: str, linear: Linear) -> str:
        inputs = [x, self.constant(linear.weights), self.constant(linear.scales), "", self.constant(linear.bias)]
        return self.node("DynamicQuantizeMatMul", inputs, domain=_CONTRIB)

    def norm(self, x: str, norm: Norm, epsilon: float) -> str:
        inputs = [x, self.constant(norm.scale), self.constant(norm.bias)]
        return self.node("LayerNormalization", inputs, axis=-1, epsilon=epsilon)


def bert_graph(weights: BertWeights) -> onnx.ModelProto:
    """From `words` float32 [batch, tokens, width] and `mask` int64 [batch, tokens] to `vectors` [batch, width]."""
    graph, width = _Graph(), weights.words.shape[1]
    x = graph.norm(_with_positions(graph, weights.positions), weights.input_norm, weights.epsilon)
    far = _attention_bias(graph)
    for layer in weights.layers:
        x = _layer(graph, x, layer, (weights.heads, width // weights.heads, far, weights.epsilon))
    graph.node("Identity", [_unit(graph, _mean(graph, x))])
    graph.nodes[-1].output[0] = "vectors"
    return _model(graph, width)


def _with_positions(graph: _Graph, positions: NDArray[np.float32]) -> str:
    tokens = graph.node("Gather", [graph.node("Shape", ["words"]), graph.numbers(1)], axis=0)
    table = graph.node("Slice", [graph.constant(positions), graph.numbers(0), tokens, graph.numbers(0)])
    return graph.node("Add", ["words", table])


def _attention_bias(graph: _Graph) -> str:
    """0 at words and far below at padding, [batch, 1, 1, tokens]."""
    absent = graph.node("Sub", [graph.constant(np.array(1, np.float32)), _present(graph)])
    far = graph.node("Mul", [absent, graph.constant(np.array(_FARTHEST, np.float32))])
    return graph.node("Unsqueeze", [far, graph.numbers(1, 2)])


def _present(graph: _Graph) -> str:
    return graph.node("Cast", ["mask"], to=TensorProto.FLOAT)


def _layer(graph: _Graph, x: str, layer: Layer, shape: tuple[int, int, str, float]) -> str:
    epsilon = shape[3]
    attended = graph.linear(_attention(graph, graph.linear(x, layer.attention_in), shape), layer.attention_out)
    x = graph.norm(graph.node("Add", [x, attended]), layer.attention_norm, epsilon)
    wide = graph.node("Gelu", [graph.linear(x, layer.widen)])
    return graph.norm(graph.node("Add", [x, graph.linear(wide, layer.narrow)]), layer.output_norm, epsilon)


def _attention(graph: _Graph, projected: str, shape: tuple[int, int, str, float]) -> str:
    """Scaled dot-product attention over query, key and value that lie side by side in `projected`."""
    heads, size, far, _ = shape
    split = graph.node("Reshape", [projected, graph.numbers(0, 0, 3, heads, size)])
    query, key, value = (
        graph.node("Gather", [split, graph.constant(np.array(part, np.int64))], axis=2) for part in range(3)
    )
    query = graph.node("Transpose", [query], perm=[0, 2, 1, 3])
    key = graph.node("Transpose", [key], perm=[0, 2, 3, 1])
    value = graph.node("Transpose", [value], perm=[0, 2, 1, 3])
    scores = graph.node("Mul", [graph.node("MatMul", [query, key]), graph.constant(np.array(size**-0.5, np.float32))])
    shares = graph.node("Softmax", [graph.node("Add", [scores, far])], axis=-1)
    heard = graph.node("Transpose", [graph.node("MatMul", [shares, value])], perm=[0, 2, 1, 3])
    return graph.node("Reshape", [heard, graph.numbers(0, 0, heads * size)])


def _mean(graph: _Graph, x: str) -> str:
    present = graph.node("Unsqueeze", [_present(graph), graph.numbers(2)])
    total = graph.node("ReduceSum", [graph.node("Mul", [x, present]), graph.numbers(1)], keepdims=0)
    return graph.node("Div", [total, graph.node("ReduceSum", [present, graph.numbers(1)], keepdims=0)])


def _unit(graph: _Graph, x: str) -> str:
    return graph.node("LpNormalization", [x], axis=-1, p=2)


def _model(graph: _Graph, width: int) -> onnx.ModelProto:
    body = helper.make_graph(
        graph.nodes,
        "encoder",
        [
            helper.make_tensor_value_info("words", TensorProto.FLOAT, ["batch", "tokens", width]),
            helper.make_tensor_value_info("mask", TensorProto.INT64, ["batch", "tokens"]),
        ],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", width])],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
    return helper.make_model(body, opset_imports=opsets, ir_version=10, producer_name="switchboard")
