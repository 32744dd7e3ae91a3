"""Rust crate `openvino`: the text of an error is never freed.

The function `ov_get_last_err_msg` (openvinotoolkit/openvino pull request #20643) hands out a copy that the caller must
give to `ov_free`. The crate `openvino` 0.11.1 (intel/openvino-rs pull request #190 "Add `get_last_error_message()`")
copies it into a String and forgets it. This program makes the same calls through the C library. `--remedy` frees it.
"""

import ctypes
import sys

import highwater
from openvino_c import LIBRARY, make

REMEDY = "--remedy" in sys.argv[1:]


def main():
    core = make("ov_core_create")
    for _ in highwater.iterations(alone=300):
        with highwater.phase("load"):
            status = LIBRARY.ov_core_read_model(core, b"/nowhere/absent.onnx", None, ctypes.byref(ctypes.c_void_p()))
        if status == 0:
            sys.exit("an absent model was read")
        text = LIBRARY.ov_get_last_err_msg()
        ctypes.string_at(text)
        if REMEDY:
            LIBRARY.ov_free(text)
    LIBRARY.ov_core_free(core)


main()
