"""The menu room's passes over one block of customers, compiled.

Blocks are (b, G) float32 or float64 arrays of any strides; -inf marks a masked cell, which counts
as 0. Sums come back in float64.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.kernels.library import load
from handful.notation import AnyFloatArray, FloatArray, IntArray

MOST_MEMBERS = 1024
"""Largest menu and largest number of groups that the compiled passes take."""


class _Gather(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int64), ("columns", ctypes.c_void_p)]


class _Menus(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int64), ("width", ctypes.c_int64), ("slots", ctypes.c_void_p)]


class _Points(ctypes.Structure):
    _fields_ = [
        ("count", ctypes.c_int64),
        ("begin", ctypes.c_void_p),
        ("slots", ctypes.c_void_p),
        ("shares", ctypes.c_void_p),
    ]


class _SwapOut(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("value", "taken", "loss", "inside", "removed")]


def scan(block: AnyFloatArray, weights: FloatArray | None) -> tuple[FloatArray, float, int]:
    """Return column sums, the weight and the number of masked cells.

    A column that holds NaN or +inf has a sum that is not finite. Cost O(b G).
    """
    totals = np.zeros(block.shape[1])
    weight, masked = ctypes.c_double(), ctypes.c_int64()
    outputs = (_at(totals), ctypes.byref(weight), ctypes.byref(masked))
    _call("scan", block, weights, outputs)
    return totals, weight.value, masked.value


def swap(
    block: AnyFloatArray, weights: FloatArray | None, menus: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return value, taken, loss, inside and removed of each menu; see `menu.sums.SwapSums`.

    Args:
        block: (b, G) values.
        weights: (b,) or None for ones.
        menus: (M, K) column numbers padded with -1.

    Cost O(b M G).
    """
    (m, k), g = menus.shape, block.shape[1]
    columns, slots = _numbered(menus.ravel())
    gather = _Gather(len(columns), _at(columns))
    shape = (np.zeros(m), np.zeros((m, k)), np.zeros((m, k)), np.zeros((m, k, g)))
    sums = (*shape, np.zeros((m, k, g)))
    out = _SwapOut(*(_at(array) for array in sums))
    records = (gather, _Menus(m, k, _at(slots)), out)
    _call("swap", block, weights, tuple(ctypes.byref(record) for record in records))
    return sums


def cut(
    block: AnyFloatArray,
    weights: FloatArray | None,
    begin: IntArray,
    columns: IntArray,
    shares: FloatArray,
    leaders: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """Return constants (T, C) and slopes (T, C, G) of T cuts; see `menu.sums.CutSums`.

    Args:
        block: (b, G) values.
        weights: (b,) or None for ones.
        begin: (T + 1,) where each fractional menu begins.
        columns: columns of all fractional menus, one after the other.
        shares: their shares.
        leaders: (C,) columns that split customers into groups.

    Cost O(b T (s + G)) with s the number of columns of a fractional menu.
    """
    gathered, slots = _numbered(np.concatenate([columns, leaders]))
    groups, points = len(leaders), len(begin) - 1
    leader_slots = np.ascontiguousarray(slots[len(columns) :])
    constant, slope = np.zeros((points, groups)), np.zeros((points, groups, block.shape[1]))
    records = (
        _Gather(len(gathered), _at(gathered)),
        _Points(points, _at(begin), _at(slots), _at(shares)),
        _Menus(1, groups, _at(leader_slots)),
    )
    references = tuple(ctypes.byref(record) for record in records)
    _call("cut", block, weights, (*references, _at(constant), _at(slope)))
    return constant, slope


def _numbered(columns: IntArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the distinct columns and each entry's place among them; -1 stays -1."""
    distinct, places = np.unique(columns, return_inverse=True)
    if distinct[0] < 0:
        distinct, places = distinct[1:], places - 1
    return distinct.astype(np.int32), places.astype(np.int32)


def _at(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@cache
def _level() -> str:
    library = load()
    return {4: "v4", 3: "v3"}.get(library.handful_level() if library else 0, "baseline")


def _call(
    name: str, block: AnyFloatArray, weights: FloatArray | None, arguments: tuple[Any, ...]
) -> None:
    library = load()
    if library is None:
        raise RuntimeError("The compiled kernels were not built; ask available() first.")
    suffix = "float" if block.dtype == np.float32 else "double"
    size = block.itemsize
    steps = [stride // size for stride in block.strides]
    shape = np.array([len(block), *steps, block.shape[1]], dtype=np.int64)
    ones = ctypes.c_void_p() if weights is None else _at(weights)
    function = getattr(library, f"handful_{name}_{suffix}_{_level()}")
    if function(_at(block), _at(shape), ones, *arguments):
        raise MemoryError("no memory for a strip of customers.")
