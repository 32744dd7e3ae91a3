"""The C library of the package `openvino`, with the functions declared that the programs use."""

import ctypes
import glob
import os

import openvino

_POINTER = ctypes.c_void_p
_OUT = ctypes.POINTER(ctypes.c_void_p)

LIBRARY = ctypes.CDLL(glob.glob(os.path.join(os.path.dirname(openvino.__file__), "libs", "libopenvino_c.so*"))[0])
LIBRARY.ov_core_create.argtypes = [_OUT]
LIBRARY.ov_core_free.argtypes = [_POINTER]
LIBRARY.ov_core_read_model.argtypes = [_POINTER, ctypes.c_char_p, ctypes.c_char_p, _OUT]
LIBRARY.ov_core_compile_model.argtypes = [_POINTER, _POINTER, ctypes.c_char_p, ctypes.c_size_t, _OUT]
LIBRARY.ov_compiled_model_create_infer_request.argtypes = [_POINTER, _OUT]
LIBRARY.ov_infer_request_infer.argtypes = [_POINTER]
LIBRARY.ov_get_last_err_msg.restype = _POINTER
LIBRARY.ov_free.argtypes = [_POINTER]


def make(function, *arguments):
    """The object that a function of the library makes as its last argument."""
    made = ctypes.c_void_p()
    status = getattr(LIBRARY, function)(*arguments, ctypes.byref(made))
    if status != 0:
        raise RuntimeError(f"{function} returned {status}")
    return made
