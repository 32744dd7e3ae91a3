"""OpenVINO #23316, #20633: the CPU plugin keeps what it made for each input shape, up to thousands of entries.

openvinotoolkit/openvino#23316 "[Bug]: IR Models with dynamic dimensions continuously increase memory during
inference" and #20633 "[Bug]: Endless memory usage growth with dynamic shapes". Primitives with their generated code
are cached by shape in a table of CPU_RUNTIME_CACHE_CAPACITY entries (5000 if not set); a maintainer says in #23316
that it gets shapes × distinct layers of them. Each iteration has a new shape. `--remedy` switches this table off and,
since both reports say that this alone does not help ("setting it to 0 doesn't seem to be helping here"), also the next one.

With `--table-off` this table is off from the beginning, and the model has more layers. oneDNN, inside of the plugin, has a
table of primitives of its own, of 1024 entries (uxlfoundation/oneDNN#1841 and its documentation): growth stops when it is
full. `--remedy` is ONEDNN_PRIMITIVE_CACHE_CAPACITY=0.
"""

import os
import sys

if "--remedy" in sys.argv[1:]:
    os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "0"

import highwater  # noqa: E402
import models  # noqa: E402
import numpy  # noqa: E402
import openvino  # noqa: E402

REMEDY = "--remedy" in sys.argv[1:]
TABLE_OFF = "--table-off" in sys.argv[1:]


def infer(request, height, width):
    request.infer({"image": numpy.ones((1, 3, height, width), numpy.float32)})


def main():
    core = openvino.Core()
    model = core.read_model(models.convolutions(layers=12 if TABLE_OFF else 4), b"")
    settings = {"INFERENCE_NUM_THREADS": "1", "NUM_STREAMS": "1"}
    if REMEDY or TABLE_OFF:
        settings["CPU_RUNTIME_CACHE_CAPACITY"] = "0"
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    shapes = models.shapes(3600, 16, 76)
    for i in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            infer(request, *shapes[i % len(shapes)])


main()
