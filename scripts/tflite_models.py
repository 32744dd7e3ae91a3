#!/usr/bin/env python3
"""Writes TFLite models with true layer structure and seeded random weights.

    tflite_models.py NAME FILE     one of mobilenet_v2, inception_v3, or of the small ones that tests use

Needs the packages ai-edge-litert and flatbuffers, which scripts/fetch-runtimes brings. The same versions of them write the
same bytes on every machine: weights are uniform numbers of numpy's RandomState, whose stream is frozen, and nothing is
computed but products and square roots.
"""

import math
import sys

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema

ACTIVATIONS = schema.ActivationFunctionType
OPERATORS = schema.BuiltinOperator
OPTIONS = schema.BuiltinOptions
TYPES = schema.TensorType

# Element types of constants, as numpy and as TFLite call them.
CONSTANTS = {
    numpy.dtype(numpy.float32): TYPES.FLOAT32,
    numpy.dtype(numpy.int32): TYPES.INT32,
    numpy.dtype(numpy.int8): TYPES.INT8,
}


class Graph:
    """A model that grows operator by operator; a tensor is its index."""

    def __init__(self, seed):
        self.random = numpy.random.RandomState(seed)
        self.buffers = [schema.BufferT()]
        self.tensors = []
        self.operators = []
        self.codes = []

    def tensor(self, shape, name=None, element=TYPES.FLOAT32, open_shape=None):
        """A tensor without content; `open_shape` has -1 where the size is open."""
        tensor = schema.TensorT()
        tensor.shape = list(shape)
        tensor.shapeSignature = open_shape
        tensor.type = element
        tensor.name = name or f"tensor{len(self.tensors)}"
        tensor.buffer = 0
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, values):
        """A tensor with content."""
        buffer = schema.BufferT()
        buffer.data = numpy.frombuffer(values.tobytes(), dtype=numpy.uint8)
        self.buffers.append(buffer)
        index = self.tensor(values.shape, element=CONSTANTS[values.dtype])
        self.tensors[index].buffer = len(self.buffers) - 1
        return index

    def weights(self, shape, fan_in):
        """Uniform weights under which a signal keeps its size through a layer with a ReLU (He et al. 2015)."""
        limit = math.sqrt(6 / fan_in)
        return self.constant(((self.random.random_sample(shape) * 2 - 1) * limit).astype(numpy.float32))

    def quantized(self, index, scale, zero_point=0):
        """Says what the integers of a tensor mean."""
        meaning = schema.QuantizationParametersT()
        meaning.scale = [scale]
        meaning.zeroPoint = [zero_point]
        self.tensors[index].quantization = meaning
        return index

    def shape(self, index):
        return self.tensors[index].shape

    def operator(self, builtin, inputs, output, kind=OPTIONS.NONE, options=None, version=1, custom=None):
        """Adds an operator and gives its output."""
        key = (builtin, version, custom)
        if key not in self.codes:
            self.codes.append(key)
        operator = schema.OperatorT()
        operator.opcodeIndex = self.codes.index(key)
        operator.inputs = list(inputs)
        operator.outputs = [output]
        operator.builtinOptionsType = kind
        operator.builtinOptions = options
        self.operators.append(operator)
        return output

    def convolution(self, x, channels, kernel, stride=1, same=True, activation=ACTIVATIONS.RELU):
        height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        fan_in = height * width * self.shape(x)[3]
        weights = self.weights((channels, height, width, self.shape(x)[3]), fan_in)
        options = schema.Conv2DOptionsT()
        return self.convolve(OPERATORS.CONV_2D, OPTIONS.Conv2DOptions, options, x, weights, channels, stride, same, activation)

    def depthwise(self, x, kernel, stride):
        channels = self.shape(x)[3]
        weights = self.weights((1, kernel, kernel, channels), kernel * kernel)
        options = schema.DepthwiseConv2DOptionsT()
        options.depthMultiplier = 1
        kind, activation = OPTIONS.DepthwiseConv2DOptions, ACTIVATIONS.RELU6
        return self.convolve(OPERATORS.DEPTHWISE_CONV_2D, kind, options, x, weights, channels, stride, True, activation)

    def convolve(self, builtin, kind, options, x, weights, channels, stride, same, activation):
        options.padding = padding(same)
        options.strideH = options.strideW = stride
        options.dilationHFactor = options.dilationWFactor = 1
        options.fusedActivationFunction = activation
        bias = self.constant(numpy.zeros(channels, numpy.float32))
        batch, rows, columns, _ = self.shape(x)
        height, width = self.shape(weights)[1:3]
        output = self.tensor([batch, windows(rows, height, stride, same), windows(columns, width, stride, same), channels])
        return self.operator(builtin, [x, weights, bias], output, kind, options)

    def pool(self, builtin, x, kernel, stride, same):
        options = schema.Pool2DOptionsT()
        options.padding = padding(same)
        options.strideH = options.strideW = stride
        options.filterHeight = options.filterWidth = kernel
        batch, rows, columns, channels = self.shape(x)
        output = self.tensor([batch, windows(rows, kernel, stride, same), windows(columns, kernel, stride, same), channels])
        return self.operator(builtin, [x], output, OPTIONS.Pool2DOptions, options)

    def largest(self, x):
        return self.pool(OPERATORS.MAX_POOL_2D, x, 3, 2, False)

    def mean(self, x):
        return self.pool(OPERATORS.AVERAGE_POOL_2D, x, 3, 1, True)

    def add(self, a, b):
        return self.operator(OPERATORS.ADD, [a, b], self.tensor(self.shape(a)), OPTIONS.AddOptions, schema.AddOptionsT())

    def join(self, parts):
        options = schema.ConcatenationOptionsT()
        options.axis = 3
        output = self.tensor([*self.shape(parts[0])[:3], sum(self.shape(part)[3] for part in parts)])
        return self.operator(OPERATORS.CONCATENATION, parts, output, OPTIONS.ConcatenationOptions, options)

    def dense(self, x, width, activation=ACTIVATIONS.NONE, name=None, open_shape=None):
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = activation
        rows, depth = self.shape(x)
        weights = self.weights((width, depth), depth)
        bias = self.constant(numpy.zeros(width, numpy.float32))
        output = self.tensor([rows, width], name, open_shape=open_shape)
        return self.operator(OPERATORS.FULLY_CONNECTED, [x, weights, bias], output, OPTIONS.FullyConnectedOptions, options)

    def classifier(self, x, classes=1000):
        """The mean over rows and columns, and a dense layer."""
        batch, rows, _, channels = self.shape(x)
        x = self.pool(OPERATORS.AVERAGE_POOL_2D, x, rows, 1, False)
        options = schema.ReshapeOptionsT()
        options.newShape = [batch, channels]
        shape = self.constant(numpy.array([batch, channels], numpy.int32))
        flat = self.operator(OPERATORS.RESHAPE, [x, shape], self.tensor([batch, channels]), OPTIONS.ReshapeOptions, options)
        return self.dense(flat, classes, name="logits")

    def bytes(self, inputs, outputs, signature=None):
        """The model as a file; with a signature of that name, in which tensors have their own names."""
        graph = schema.SubGraphT()
        graph.name = "main"
        graph.tensors = self.tensors
        graph.operators = self.operators
        graph.inputs = inputs
        graph.outputs = outputs
        model = schema.ModelT()
        model.version = 3
        model.description = "highwater"
        model.operatorCodes = [code(*key) for key in self.codes]
        model.subgraphs = [graph]
        model.buffers = self.buffers
        if signature:
            model.signatureDefs = [self.signature(signature, inputs, outputs)]
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def signature(self, name, inputs, outputs):
        """What a model takes and gives, by name."""
        signature = schema.SignatureDefT()
        signature.signatureKey = name
        signature.subgraphIndex = 0
        signature.inputs, signature.outputs = ([self.named(index) for index in side] for side in (inputs, outputs))
        return signature

    def named(self, index):
        entry = schema.TensorMapT()
        entry.name = self.tensors[index].name
        entry.tensorIndex = index
        return entry


def code(builtin, version, custom):
    """What an operator is, in the model's table of them."""
    code = schema.OperatorCodeT()
    code.builtinCode = builtin
    code.deprecatedBuiltinCode = min(builtin, 127)
    code.version = version
    code.customCode = custom
    return code


def padding(same):
    return schema.Padding.SAME if same else schema.Padding.VALID


def windows(size, kernel, stride, same):
    """How often a kernel fits."""
    return -(-size // stride) if same else (size - kernel) // stride + 1


def mobilenet_v2():
    """MobileNet v2 1.0 at 224 x 224 (Sandler et al. 2018)."""
    graph = Graph(1)
    relu6, linear = ACTIVATIONS.RELU6, ACTIVATIONS.NONE
    image = graph.tensor([1, 224, 224, 3], "input")
    x = graph.convolution(image, 32, 3, 2, activation=relu6)
    # Expansion, channels, repetitions, stride of the first: table 2 of the paper.
    blocks = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for expansion, channels, repetitions, first_stride in blocks:
        for repetition in range(repetitions):
            stride = first_stride if repetition == 0 else 1
            before = graph.shape(x)[3]
            y = graph.convolution(x, before * expansion, 1, activation=relu6) if expansion != 1 else x
            y = graph.convolution(graph.depthwise(y, 3, stride), channels, 1, activation=linear)
            x = graph.add(x, y) if stride == 1 and before == channels else y
    x = graph.convolution(x, 1280, 1, activation=relu6)
    return graph.bytes([image], [graph.classifier(x)])


def inception_v3():
    """Inception v3 at 299 x 299 (Szegedy et al. 2015)."""
    graph = Graph(2)
    conv, join, largest, mean = graph.convolution, graph.join, graph.largest, graph.mean
    image = graph.tensor([1, 299, 299, 3], "input")
    x = conv(conv(conv(image, 32, 3, 2, False), 32, 3, 1, False), 64, 3)
    x = largest(conv(conv(largest(x), 80, 1, 1, False), 192, 3, 1, False))
    for pooled in (32, 64, 64):
        fives = conv(conv(x, 48, 1), 64, 5)
        threes = conv(conv(conv(x, 64, 1), 96, 3), 96, 3)
        x = join([conv(x, 64, 1), fives, threes, conv(mean(x), pooled, 1)])
    threes = conv(conv(conv(x, 64, 1), 96, 3), 96, 3, 2, False)
    x = join([conv(x, 384, 3, 2, False), threes, largest(x)])
    for channels in (128, 160, 160, 192):
        short = conv(conv(conv(x, channels, 1), channels, (1, 7)), 192, (7, 1))
        long = conv(x, channels, 1)
        for width, kernel in ((channels, (7, 1)), (channels, (1, 7)), (channels, (7, 1)), (192, (1, 7))):
            long = conv(long, width, kernel)
        x = join([conv(x, 192, 1), short, long, conv(mean(x), 192, 1)])
    sevens = conv(conv(conv(conv(x, 192, 1), 192, (1, 7)), 192, (7, 1)), 192, 3, 2, False)
    x = join([conv(conv(x, 192, 1), 320, 3, 2, False), sevens, largest(x)])
    for _ in range(2):
        one, two = conv(x, 384, 1), conv(conv(x, 448, 1), 384, 3)
        split = [conv(one, 384, (1, 3)), conv(one, 384, (3, 1))], [conv(two, 384, (1, 3)), conv(two, 384, (3, 1))]
        x = join([conv(x, 320, 1), join(split[0]), join(split[1]), conv(mean(x), 192, 1)])
    return graph.bytes([image], [graph.classifier(x)])


def perceptron():
    """Two dense layers of 8."""
    graph = Graph(3)
    x = graph.tensor([1, 8], "x")
    return graph.bytes([x], [graph.dense(graph.dense(x, 8, ACTIVATIONS.RELU), 4, name="y")])


def perceptron_open():
    """A dense layer that takes any number of rows."""
    graph = Graph(3)
    x = graph.tensor([1, 8], "x", open_shape=[-1, 8])
    return graph.bytes([x], [graph.dense(x, 4, name="y", open_shape=[-1, 4])])


def sum_i8():
    """The sum of two inputs of 8-bit integers, whose steps are 0.5, 0.25 and 1."""
    graph = Graph(0)
    a, b, y = (graph.tensor([1, 4], name, TYPES.INT8) for name in ("a", "b", "y"))
    for index, scale in ((a, 0.5), (b, 0.25), (y, 1.0)):
        graph.quantized(index, scale)
    graph.operator(OPERATORS.ADD, [a, b], y, OPTIONS.AddOptions, schema.AddOptionsT(), version=2)
    return graph.bytes([a, b], [y])


def half():
    """16-bit floats that become 32-bit ones."""
    graph = Graph(0)
    x = graph.tensor([1, 4], "x", TYPES.FLOAT16)
    y = graph.tensor([1, 4], "y")
    graph.operator(OPERATORS.DEQUANTIZE, [x], y, OPTIONS.DequantizeOptions, schema.DequantizeOptionsT(), version=3)
    return graph.bytes([x], [y])


def foreign():
    """An operator that no runtime has."""
    graph = Graph(0)
    x, y = graph.tensor([1, 4], "x"), graph.tensor([1, 4], "y")
    graph.operator(OPERATORS.CUSTOM, [x], y, custom="HighwaterForeign")
    return graph.bytes([x], [y])


MODELS = [mobilenet_v2, inception_v3, perceptron, perceptron_open, sum_i8, half, foreign]


def main():
    models = {model.__name__: model for model in MODELS}
    if len(sys.argv) != 3 or sys.argv[1] not in models:
        sys.exit(f"usage: {sys.argv[0]} NAME FILE, where NAME is one of {', '.join(models)}")
    with open(sys.argv[2], "wb") as file:
        file.write(models[sys.argv[1]]())


if __name__ == "__main__":
    main()
