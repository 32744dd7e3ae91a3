"""ONNX Runtime #27379: the telemetry of the package for Linux allocates beside the work, by the clock.

microsoft/onnxruntime#27379 "Add POSIX telemetry", in packages since 1.29.0 (OHF-Voice/wyoming-piper#64 "ONNX Runtime
added telemetry"). A thread keeps a queue of events in a database under the home directory and tries to send them. The
work is one small inference; what grows is not its doing. `--remedy` sets ORT_DISABLE_TELEMETRY=1.
"""

import os
import sys
import time

if "--remedy" in sys.argv[1:]:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import highwater  # noqa: E402
import models  # noqa: E402
import numpy  # noqa: E402
import onnxruntime  # noqa: E402


def main():
    session = onnxruntime.InferenceSession(models.perceptron(), providers=["CPUExecutionProvider"])
    rows = numpy.ones((16, 256), numpy.float32)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            session.run(None, {"rows": rows})
        time.sleep(0.05)


main()
