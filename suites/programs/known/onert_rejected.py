"""onert: a model that fails validation stays mapped, and its file stays open.

Samsung/ONE, `runtime/onert/core/src/loader/BaseLoader.h`: `loadFromFile` opens and maps the file, calls `loadModel`,
and unmaps and closes afterwards, which it does not reach when `loadModel` throws (the mapping came with pull request
Samsung/ONE#2215 "[onert] Using mmap and munmap during model load"). Each iteration has one model refused. No
allocator counts it: mappings and descriptors grow. `--remedy` loads a model that is accepted.
"""

import os
import sys
import tempfile

import highwater
import models
import onert.infer
from ai_edge_litert import schema_py_generated

REMEDY = "--remedy" in sys.argv[1:]
UNKNOWN = schema_py_generated.BuiltinOperator.DENSIFY


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.tflite")
        with open(path, "wb") as file:
            file.write(models.tflite_dense(layers=4, width=256, kind=None if REMEDY else UNKNOWN))
        for _ in highwater.iterations(alone=300):
            with highwater.phase("load"):
                try:
                    onert.infer.session(path)
                    refused = False
                except Exception:  # The package raises an exception class of its own for each status.
                    refused = True
            if refused == REMEDY:
                sys.exit("the model was not treated as expected")


main()
