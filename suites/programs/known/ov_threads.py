"""OpenVINO #17609: inference from a thread that ends left something behind for each such thread.

openvinotoolkit/openvino#17609 "[Bug]memory leak in infer thread", repaired by pull requests #18868/#19191 "[Core] fix
Memory Leak caused by create/inference request consequently in separate thread" and #19832: the executor of the
streams kept a stream for every thread that ever called it. Each iteration infers once, in a new thread, by the C
library, since the Python binding hands the work to a thread of the plugin. `--remedy` infers in the main thread.
"""

import os
import sys
import tempfile
import threading

import highwater
import models
from openvino_c import LIBRARY, make

REMEDY = "--remedy" in sys.argv[1:]


def compile_model(core):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        with open(path, "wb") as file:
            file.write(models.perceptron(layers=2, width=64, rows=1))
        model = make("ov_core_read_model", core, path.encode(), None)
    return make("ov_core_compile_model", core, model, b"CPU", 0)


def infer(request, failed):
    if LIBRARY.ov_infer_request_infer(request) != 0:
        failed.append(request)


def main():
    core = make("ov_core_create")
    request = make("ov_compiled_model_create_infer_request", compile_model(core))
    failed = []
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            if REMEDY:
                infer(request, failed)
            else:
                thread = threading.Thread(target=infer, args=(request, failed))
                thread.start()
                thread.join()
        if failed:
            sys.exit("an inference failed")


main()
