"""A service in Python that loses memory: --bytes of the C heap in every iteration, or --objects that a list keeps."""

import argparse
import ctypes
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
import highwater  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--bytes", type=int, default=0)
parser.add_argument("--objects", type=int, default=0)
arguments = parser.parse_args()

malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
malloc.argtypes = [ctypes.c_size_t]

kept = []
for i in highwater.iterations(name="leak.py", version="1"):
    with highwater.phase("load"):
        weights = bytearray(2 << 20)
    with highwater.phase("execute"):
        total = sum(weights[::4096])
        if arguments.bytes:
            malloc(arguments.bytes)
        for number in range(arguments.objects):
            kept.append(f"request {i}.{number}")
    del weights
