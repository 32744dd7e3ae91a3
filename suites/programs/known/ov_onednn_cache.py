"""OpenVINO #23316: with the plugin's table of shapes switched off, another one, in oneDNN, fills up.

openvinotoolkit/openvino#23316 "[Bug]: IR Models with dynamic dimensions continuously increase memory during
inference" and #20633: "setting it to 0 doesn't seem to be helping here", of CPU_RUNTIME_CACHE_CAPACITY. oneDNN,
inside of the plugin, has a table of primitives of its own, of 1024 entries (uxlfoundation/oneDNN#1841 and its
documentation): growth stops when it is full. Each iteration has a new shape. `--remedy` is
ONEDNN_PRIMITIVE_CACHE_CAPACITY=0.
"""

import os
import sys

if "--remedy" in sys.argv[1:]:
    os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "0"

import highwater  # noqa: E402
import models  # noqa: E402
import numpy  # noqa: E402
import openvino  # noqa: E402


def infer(request, height, width):
    request.infer({"image": numpy.ones((1, 3, height, width), numpy.float32)})


def main():
    core = openvino.Core()
    model = core.read_model(models.convolutions(layers=12), b"")
    settings = {"INFERENCE_NUM_THREADS": "1", "NUM_STREAMS": "1"}
    settings["CPU_RUNTIME_CACHE_CAPACITY"] = "0"
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    shapes = models.shapes(3600, 16, 76)
    for i in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            infer(request, *shapes[i % len(shapes)])


main()
