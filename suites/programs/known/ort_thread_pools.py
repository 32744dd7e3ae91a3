"""ONNX Runtime #23523: every session of the Python interface starts threads of its own.

microsoft/onnxruntime#23523 "[Feature Request] Global Threadpool in Python API": thousands of small models held in
memory start so many threads that the program halts. Each iteration opens one more small session and keeps it, as a
server does that has a model for each customer. `--remedy` is one thread per session, which is no pool.
"""

import sys

import highwater
import models
import ort

REMEDY = "--remedy" in sys.argv[1:]


def main():
    model = models.perceptron(layers=1, width=16)
    sessions = []
    for _ in highwater.iterations(alone=200):
        with highwater.phase("prepare"):
            sessions.append(ort.open_session(model, threads=1 if REMEDY else 4))


main()
