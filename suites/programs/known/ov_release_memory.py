"""OpenVINO #24891: after one large input a compiled model keeps the memory of its intermediate results.

openvinotoolkit/openvino#24891 "[Performance]: how to release compiled model or infer request's memory under python";
pull request #26390 "[CPU] Add interface to release compiled model internal memory" is the answer. Inputs have one of
nine sizes, most of them small; the level stays that of the largest. `--remedy` calls `release_memory` after each.
"""

import sys

import highwater
import models
import numpy
import openvino

REMEDY = "--remedy" in sys.argv[1:]
SIZES = [int(2 ** (5 + step / 2)) for step in range(9)]


def infer(compiled, size):
    compiled.create_infer_request().infer({"image": numpy.ones((1, 3, size, size), numpy.float32)})


def main():
    core = openvino.Core()
    model = core.read_model(models.convolutions(layers=4, channels=16), b"")
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": "1", "NUM_STREAMS": "1"})
    random = numpy.random.default_rng(1)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            infer(compiled, SIZES[random.integers(len(SIZES))])
        if REMEDY:
            compiled.release_memory()


main()
