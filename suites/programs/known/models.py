"""Small models written as bytes, so that the programs need no package that makes models.

ONNX is protobuf, of which a writer is twenty lines; TFLite is written by scripts/tflite_models.py.
Weights are seeded random numbers.
"""

import struct

import numpy

FLOAT, INT64, STRING = 1, 7, 8


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _bytes(field, value):
    value = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _attribute(name, value):
    """An AttributeProto of a number, a list of numbers, or a list of strings."""
    head = _bytes(1, name)
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, 2)
    if isinstance(value, float):
        return head + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value[0], str):
        return head + b"".join(_bytes(9, text) for text in value) + _number(20, 8)
    return head + b"".join(_number(8, number) for number in value) + _number(20, 7)


def _value(name, element, shape):
    """A ValueInfoProto; a dimension given as text is open."""
    dimensions = b"".join(_bytes(1, _bytes(2, size) if isinstance(size, str) else _number(1, size)) for size in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, element) + _bytes(2, dimensions)))


def _tensor(name, array):
    dimensions = b"".join(_number(1, size) for size in array.shape)
    element = {"float32": FLOAT, "int64": INT64}[str(array.dtype)]
    return dimensions + _number(2, element) + _bytes(8, name) + _bytes(9, array.tobytes())


class Onnx:
    """Builds an ONNX model node by node."""

    def __init__(self, seed=1):
        self._graph = b""
        self._random = numpy.random.default_rng(seed)
        self._names = 0

    def input(self, name, shape, element=FLOAT):
        self._graph += _bytes(11, _value(name, element, shape))
        return name

    def output(self, name, shape, element=FLOAT):
        self._graph += _bytes(12, _value(name, element, shape))

    def constant(self, array):
        self._names += 1
        name = f"constant{self._names}"
        self._graph += _bytes(5, _tensor(name, array))
        return name

    def weight(self, *shape):
        return self.constant(0.05 * self._random.standard_normal(shape, dtype=numpy.float32))

    def node(self, kind, *inputs, to=None, domain="", **attributes):
        self._names += 1
        output = to or f"value{self._names}"
        body = b"".join(_bytes(1, name) for name in inputs) + _bytes(2, output) + _bytes(3, f"node{self._names}")
        body += _bytes(4, kind) + b"".join(_bytes(5, _attribute(*pair)) for pair in attributes.items())
        self._graph += _bytes(1, body + _bytes(7, domain))
        return output

    def finish(self):
        """The bytes of the model, of opset 13 and ai.onnx.ml 2."""
        opsets = _bytes(8, _bytes(1, "") + _number(2, 13)) + _bytes(8, _bytes(1, "ai.onnx.ml") + _number(2, 2))
        return _number(1, 8) + _bytes(7, self._graph + _bytes(2, "graph")) + opsets


def convolutions(layers=4, channels=8):
    """ONNX: 3×3 convolutions with Relu on an image of open height and width,
    one channel more in each."""
    model = Onnx()
    value = model.input("image", [1, 3, "height", "width"])
    depth = 3
    for layer in range(layers):
        weights = model.weight(channels + layer, depth, 3, 3)
        value = model.node("Relu", model.node("Conv", value, weights, kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
        depth = channels + layer
    model.node("GlobalAveragePool", value, to="result")
    model.output("result", [1, depth, 1, 1])
    return model.finish()


def perceptron(layers=4, width=256, rows="batch"):
    """ONNX: matrix products with Relu, by default on an open number of rows; 4·layers·width² bytes of weights."""
    model = Onnx()
    value = model.input("rows", [rows, width])
    for _ in range(layers):
        value = model.node("Relu", model.node("MatMul", value, model.weight(width, width)))
    model.node("Identity", value, to="result")
    model.output("result", [rows, width])
    return model.finish()


def branches(branches=32, width=8):
    """ONNX: many matrix products of the same open number of rows, all alive until they are added up."""
    model = Onnx()
    rows = model.input("rows", ["length", width])
    values = [model.node("Sigmoid", model.node("MatMul", rows, model.weight(width, width))) for _ in range(branches)]
    model.node("Sum", *values, to="result")
    model.output("result", ["length", width])
    return model.finish()


def label_encoder():
    """ONNX: strings to their numbers, 0 for unknown ones."""
    model = Onnx()
    text = model.input("text", ["batch"], STRING)
    model.node("LabelEncoder", text, to="number", domain="ai.onnx.ml", keys_strings=["a", "b"], values_int64s=[1, 2],
               default_int64=0)
    model.output("number", ["batch"], INT64)
    return model.finish()


def tflite_dense(layers=4, width=256, kind=None):
    """TFLite: fully connected layers, batch 1, with the signature "serve"; 4·layers·width² bytes of weights.

    `kind` replaces the operator of the last layer, for models that a runtime must refuse.
    """
    import tflite_models

    graph = tflite_models.Graph(1)
    value = first = graph.tensor([1, width], "row")
    for layer in range(layers):
        value = graph.dense(value, width, name="result" if layer == layers - 1 else None)
    if kind is not None:
        graph.codes.append((kind, 1, None))
        graph.operators[-1].opcodeIndex = 1
    return graph.bytes([first], [value], signature="serve")


def shapes(count, low, high, seed=1):
    """`count` different pairs of sizes from low to high in random order, so that no trend hides in them."""
    pairs = numpy.random.default_rng(seed).permutation((high - low) ** 2)[:count]
    return [(low + int(pair) // (high - low), low + int(pair) % (high - low)) for pair in pairs]
