"""ONNX Runtime #22271: the Python binding leaked every string of an input that is a list.

microsoft/onnxruntime#22271 "Memory leak after running onnx model numerous times"; the cause is named in pull request
#23105 "Fix the Python memory leak": taking an element out of an array makes a new reference that nobody drops. The
strings of one call stayed alive for ever. `--remedy` gives an array of fixed-width strings, whose elements are no
objects.
"""

import sys

import highwater
import models
import numpy
import ort

REMEDY = "--remedy" in sys.argv[1:]
STRINGS = 100


def run(session, i):
    text = [f"text {i:08} {k:08}" for k in range(STRINGS)]
    session.run(None, {"text": numpy.array(text) if REMEDY else text})


def main():
    session = ort.open_session(models.label_encoder())
    for i in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            run(session, i)


main()
