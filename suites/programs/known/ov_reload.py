"""OpenVINO #31383: a model is loaded and unloaded again and again.

openvinotoolkit/openvino#31383 "[Bug]: Memory leak with Load and unload the model 1,000 times for testing"; a
maintainer answers to a test program for it (#31395) that this is no leak, and that the system may not have the memory
back yet; since pull request #27534 the destructor of a compiled model gives free memory back. Each iteration makes a
Core, compiles, infers and drops all. `--remedy` keeps the Core.
"""

import sys

import highwater
import models
import numpy
import openvino

REMEDY = "--remedy" in sys.argv[1:]


def main():
    bytes_of_model = models.perceptron(layers=8, width=512)
    rows = numpy.ones((64, 512), numpy.float32)
    kept = openvino.Core()
    for _ in highwater.iterations(alone=300):
        core = kept if REMEDY else openvino.Core()
        with highwater.phase("load"):
            model = core.read_model(bytes_of_model, b"")
        with highwater.phase("prepare"):
            compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        with highwater.phase("execute"):
            request = compiled.create_infer_request()
            request.infer({"rows": rows})
        del request, compiled, model, core


main()
