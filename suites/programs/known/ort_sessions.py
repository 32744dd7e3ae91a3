"""ONNX Runtime #26831, #18749: memory of a session that was deleted is still with the process.

microsoft/onnxruntime#26831 "[Bug][Performance] Memory leak when destroying InferenceSession - memory not released by
ReleaseSession or ReleaseEnv" and #18749 "[Performance] Memory leak in Python". The sessions are freed; it is the
allocator that keeps what they occupied. Each iteration opens a few sessions with threads, runs them and deletes them.
`--remedy` has the allocator give its free memory back after each iteration.
"""

import ctypes
import sys

import highwater
import models
import numpy
import ort

REMEDY = "--remedy" in sys.argv[1:]
SESSIONS = 4


def main():
    model = models.perceptron(layers=4, width=256)
    rows = numpy.ones((64, 256), numpy.float32)
    libc = ctypes.CDLL(None)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("prepare"):
            sessions = [ort.open_session(model, threads=4) for _ in range(SESSIONS)]
        with highwater.phase("execute"):
            for session in sessions:
                session.run(None, {"rows": rows})
        del session, sessions
        if REMEDY:
            libc.malloc_trim(0)


main()
