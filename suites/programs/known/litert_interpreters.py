"""LiteRT, google-ai-edge/litert-torch#518: an interpreter for each inference.

google-ai-edge/litert-torch#518 "Memory leak in inferencing the model": 180 GB after 30,000 calls of a model object
that opens an interpreter from the bytes of the model in each call, while the same model with TFLite directly stays
flat. Each iteration opens an interpreter, gets the runner of a signature, and infers. `--remedy` keeps both.
"""

import sys

import highwater
import models
import numpy
from ai_edge_litert.interpreter import Interpreter

REMEDY = "--remedy" in sys.argv[1:]


def open_runner(model):
    return Interpreter(model_content=model, num_threads=1).get_signature_runner("serve")


def main():
    model = models.tflite_dense(layers=8, width=512)
    row = numpy.ones((1, 512), numpy.float32)
    kept = open_runner(model)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            (kept if REMEDY else open_runner(model))(row=row)


main()
