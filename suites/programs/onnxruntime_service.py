"""A service that loads a model, runs it once and drops it, by the Python package of ONNX Runtime.

The model is the file in HIGHWATER_MODEL, or the first argument. Dimensions that it leaves open are 1.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
import highwater  # noqa: E402
import numpy  # noqa: E402

# The package reports to its maker from a thread of its own, whose memory would be measured too.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime  # noqa: E402

TYPES = {"tensor(float)": numpy.float32, "tensor(int64)": numpy.int64, "tensor(int32)": numpy.int32}

model = os.environ.get("HIGHWATER_MODEL") or sys.argv[1]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ.get("HIGHWATER_THREADS", "1"))
inputs = None

for i in highwater.iterations(name="onnxruntime", version=onnxruntime.__version__):
    with highwater.phase("prepare"):
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    if inputs is None:
        inputs = {
            value.name: numpy.zeros([size if isinstance(size, int) else 1 for size in value.shape], TYPES[value.type])
            for value in session.get_inputs()
        }
    with highwater.phase("execute"):
        outputs = session.run(None, inputs)
    with highwater.phase("drop"):
        del session, outputs
