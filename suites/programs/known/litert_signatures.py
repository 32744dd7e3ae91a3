"""LiteRT, tensorflow/tensorflow#56236: asking for the signatures of a model leaked them.

tensorflow/tensorflow#56236 "BUG: Memory leak bugs due to new reference passed to non-stealing APIs (static analyzer
reports)" lists places of the TFLite Python binding that put new objects into a dictionary, which takes a reference of
its own, and never drop theirs; it was closed as stale. `get_signature_runner` goes through one of them, and some
programs call it for each inference. `--remedy` calls it once.
"""

import sys

import highwater
import models
import numpy
from ai_edge_litert.interpreter import Interpreter

REMEDY = "--remedy" in sys.argv[1:]


def main():
    interpreter = Interpreter(model_content=models.tflite_dense(layers=2, width=64), num_threads=1)
    interpreter.allocate_tensors()
    once = interpreter.get_signature_runner("serve")
    row = numpy.ones((1, 64), numpy.float32)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            (once if REMEDY else interpreter.get_signature_runner("serve"))(row=row)


main()
