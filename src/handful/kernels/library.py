"""Finds and loads the compiled kernels, once; None where they were not built."""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path


@cache
def load() -> ctypes.CDLL | None:
    """Return the library; calls through it release the interpreter's lock."""
    folder = Path(__file__).parent
    for suffix in EXTENSION_SUFFIXES:
        path = folder / f"_compiled{suffix}"
        if path.exists():
            return ctypes.CDLL(str(path))
    return None


def available() -> bool:
    """Return whether the compiled kernels can be called."""
    return load() is not None
