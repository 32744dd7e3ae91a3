"""ONNX Runtime #10982 on glibc before 2.39: with the arena off, memory grows where aligned blocks are not reused.

microsoft/onnxruntime#10982 "Memory Leak When Running CPU Model in C++": the advice is to disable the arena, and a
later comment says that some memory is still not released. Without the arena each tensor comes from `posix_memalign`;
glibc (bug 14581, described in opencv/opencv#15544 "Disable posix_memalign by default"; remainders kept from merging,
bug 30723) often does not reuse such a block. Live bytes stand still while resident memory climbs. `--remedy` is the
arena.
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
    session = ort.open_session(models.perceptron(), arena=REMEDY, enable_mem_pattern=False)
    random = numpy.random.default_rng(1)
    for _ in highwater.iterations(alone=300):
        with highwater.phase("execute"):
            run(session, int(2 ** random.uniform(4, 14)))


main()
