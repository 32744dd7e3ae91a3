"""ONNX Runtime #11118: a session remembers a memory plan for every input shape it has seen, without limit.

microsoft/onnxruntime#11118 "Memory leak during inference": memory grows when new shapes are fed; a maintainer advises
to disable memory patterns. The plans are kept in a map that is never trimmed. Its key is the exclusive or of all
dimensions of the inputs, so that it is a new batch size or sequence length that makes a new plan. Each iteration has a
length that was not seen before, in random order. `--remedy` is `enable_mem_pattern = False`.
"""

import sys

import highwater
import models
import numpy
import ort

REMEDY = "--remedy" in sys.argv[1:]
SHORTEST, LENGTHS = 512, 4096


def run(session, length):
    session.run(None, {"rows": numpy.ones((length, 8), numpy.float32)})


def main():
    session = ort.open_session(models.branches(branches=32, width=8), arena=False, enable_mem_pattern=not REMEDY)
    lengths = SHORTEST + numpy.random.default_rng(1).permutation(LENGTHS)
    for i in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            run(session, lengths[i % LENGTHS])


main()
