"""ONNX Runtime without telemetry: since 1.29 its package for Linux reports from a thread of its own, which allocates.

`ort_telemetry.py` lets it. The variable must be set before the library is loaded.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # noqa: E402


def open_session(model, threads=1, arena=True, **attributes):
    """A session on the CPU whose threads sleep when idle; `attributes` are attributes of SessionOptions."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = arena
    for name, value in attributes.items():
        setattr(options, name, value)
    return onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
