"""Builds the compiled kernels: plain C without Python's headers, loaded through ctypes.

The extension is optional: where there is no compiler the package installs without it and the
passes run in numpy. Everything else about the package is in pyproject.toml.
"""

from __future__ import annotations

import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

FLAGS = [] if sys.platform == "win32" else ["-O3", "-fvisibility=hidden", "-std=gnu11"]


class BuildKernels(build_ext):
    """Exports no `PyInit` symbol: the library is not a Python module."""

    def get_export_symbols(self, ext: Extension) -> list[str]:
        """Return nothing more than what the sources mark as exported."""
        return []


setup(
    ext_modules=[
        Extension(
            "handful.kernels._compiled",
            sources=["src/handful/kernels/forest.c"],
            depends=["src/handful/kernels/multiversion.h"],
            extra_compile_args=FLAGS,
            libraries=[] if sys.platform == "win32" else ["m"],
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildKernels},
)
