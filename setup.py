"""Builds the compiled kernels: plain C without Python's headers, loaded through ctypes.

The extension is optional: where there is no compiler the package installs without it and the
passes run in numpy. Everything else about the package is in pyproject.toml.
"""

from __future__ import annotations

import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

FLAGS = (
    []
    if sys.platform == "win32"
    else [
        "-O3",
        "-fno-loop-unroll-and-jam",
        "-fno-trapping-math",
        "-fno-signed-zeros",
        "-fvisibility=hidden",
        "-std=gnu11",
    ]
)


FOLDER = "src/handful/kernels"
SOURCES = ["forest", "menu_baseline", "menu_v3", "menu_v4"]
HEADERS = ["menu", "menu_passes", "multiversion"]


class BuildKernels(build_ext):
    """Exports no `PyInit` symbol: the library is not a Python module."""

    def get_export_symbols(self, ext: Extension) -> list[str]:
        """Return nothing more than what the sources mark as exported."""
        return []


setup(
    ext_modules=[
        Extension(
            "handful.kernels._compiled",
            sources=[f"{FOLDER}/{name}.c" for name in SOURCES],
            depends=[f"{FOLDER}/{name}.h" for name in HEADERS],
            extra_compile_args=FLAGS,
            libraries=[] if sys.platform == "win32" else ["m"],
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildKernels},
)
