"""ONNX Runtime #16334: a session with profiling on keeps every event in memory, up to one million.

microsoft/onnxruntime#16334 "Increase - decrease the maximum number of events during inference profiling.": events are
collected until profiling ends or a limit is reached that is a constant of the source. A bounded buffer whose bound
lies far away looks like a leak for a long time. `--remedy` has profiling off.
"""

import os
import sys
import tempfile

import highwater
import models
import numpy
import ort

REMEDY = "--remedy" in sys.argv[1:]


def main():
    rows = numpy.ones((1, 16), numpy.float32)
    with tempfile.TemporaryDirectory() as folder:
        session = ort.open_session(models.perceptron(layers=8, width=16), enable_profiling=not REMEDY,
                                   profile_file_prefix=os.path.join(folder, "profile"))
        for _ in highwater.iterations(alone=300):
            with highwater.phase("execute"):
                session.run(None, {"rows": rows})
        if not REMEDY:
            session.end_profiling()


main()
