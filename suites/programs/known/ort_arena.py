"""ONNX Runtime #12207, #11627: the arena of a session keeps what the largest input needed.

microsoft/onnxruntime#12207 "How to release memory after Inference session run in Python" and #11627 "Why does
`enable_cpu_mem_arena` have such a large effect on memory usage during inference?". The arena asks the system for more
whenever a run needs it and gives nothing back while the session lives. Inputs are of random length, most of them
short. `--remedy` switches the arena off.

microsoft/onnxruntime#10982 "Memory Leak When Running CPU Model in C++": that is the advice, and a later comment says that
some memory is still not released. Without the arena each tensor comes from `posix_memalign`; glibc (bug 14581, described in
opencv/opencv#15544 "Disable posix_memalign by default"; remainders kept from merging, bug 30723) often does not reuse such
a block. Live bytes stand still while resident memory climbs: then the arena is the cure.
"""

import sys

import highwater
import models
import numpy
import ort

REMEDY = "--remedy" in sys.argv[1:]


def run(session, length):
    session.run(None, {"rows": numpy.ones((length, 256), numpy.float32)})


def main():
    session = ort.open_session(models.perceptron(), arena=not REMEDY, enable_mem_pattern=False)
    random = numpy.random.default_rng(1)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            run(session, int(2 ** random.uniform(4, 14)))


main()
