"""ONNX Runtime #23339 on glibc before 2.39: shrinking the arena makes memory grow.

microsoft/onnxruntime#23339 "memory.enable_memory_arena_shrinkage is not working in python". The arena gives its
regions back after each run, as it should; but they come from `posix_memalign`, and glibc (bug 14581, described in
opencv/opencv#15544 "Disable posix_memalign by default"; remainders kept from merging by the thread cache, bug 30723)
often does not reuse such a block. Live bytes stand still while resident memory climbs. `--remedy` is to leave
shrinkage out. The plans of `ort_shape_patterns.py` add some 270 bytes of live memory an iteration.
"""

import sys

import highwater
import models
import numpy
import ort

REMEDY = "--remedy" in sys.argv[1:]


def run(session, length, options):
    session.run(None, {"rows": numpy.ones((length, 256), numpy.float32)}, options)


def main():
    session = ort.open_session(models.perceptron())
    options = ort.onnxruntime.RunOptions()
    if not REMEDY:
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    random = numpy.random.default_rng(1)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            run(session, int(2 ** random.uniform(4, 14)), options)


main()
