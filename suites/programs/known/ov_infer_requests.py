"""OpenVINO #11939: a new inference request for every input.

openvinotoolkit/openvino#11939 "Memory leak during inference in OpenVino 2022.1.0": memory grew over the first hundreds
of images when each had its own request; the thread ends with the advice to keep one request. Each iteration makes a
request, infers once and drops it. `--remedy` keeps the request.
"""

import sys

import highwater
import models
import numpy
import openvino

REMEDY = "--remedy" in sys.argv[1:]


def main():
    core = openvino.Core()
    model = core.read_model(models.convolutions(layers=4), b"")
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": "1", "NUM_STREAMS": "1"})
    kept = compiled.create_infer_request()
    image = numpy.ones((1, 3, 64, 64), numpy.float32)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            (kept if REMEDY else compiled.create_infer_request()).infer({"image": image})


main()
