"""ONNX Runtime #12207, #11627: the arena of a session keeps what the largest input needed.

microsoft/onnxruntime#12207 "How to release memory after Inference session run in Python" and #11627 "Why does
`enable_cpu_mem_arena` have such a large effect on memory usage during inference?". The arena asks the system for more
whenever a run needs it and gives nothing back while the session lives. Inputs are of random length, most of them
short. `--remedy` switches the arena off.
"""

import sys

import highwater
import models
import numpy
import ort

REMEDY = "--remedy" in sys.argv[1:]


def run(session, length):
    session.run(None, {"rows": numpy.ones((length, 256), numpy.float32)})


def main():
    session = ort.open_session(models.perceptron(), arena=not REMEDY, enable_mem_pattern=False)
    random = numpy.random.default_rng(1)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            run(session, int(2 ** random.uniform(4, 14)))


main()
