"""The menu room's passes over one block of customers, compiled.

Blocks are (b, G) float32 or float64 arrays of any strides; -inf marks a masked cell, which counts
as 0. Sums come back in float64.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.kernels.library import load
from handful.notation import AnyFloatArray, FloatArray, IntArray

MOST_MEMBERS = 1024
"""Largest menu and largest number of groups that the compiled passes take."""


class _Menus(ctypes.Structure):
    _fields_ = [("count", ctypes.c_int64), ("width", ctypes.c_int64), ("slots", ctypes.c_void_p)]


class _Points(ctypes.Structure):
    _fields_ = [
        ("count", ctypes.c_int64),
        ("groups", ctypes.c_int64),
        ("begin", ctypes.c_void_p),
        ("slots", ctypes.c_void_p),
        ("shares", ctypes.c_void_p),
        ("leaders", ctypes.c_void_p),
    ]


class _ScanOut(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("totals", "weight", "masked")]


class _SwapOut(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("value", "taken", "loss", "inside", "removed")]


class _ValueOut(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("value", "taken")]


class _CutOut(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("constant", "slope")]


class _Asked(ctypes.Structure):
    _fields_ = [
        ("gathered", ctypes.c_int64),
        ("columns", ctypes.c_void_p),
        ("swapped", _Menus),
        ("valued", _Menus),
        ("points", _Points),
        ("scan", _ScanOut),
        ("swaps", _SwapOut),
        ("values", _ValueOut),
        ("cuts", _CutOut),
    ]


@dataclass(frozen=True, slots=True)
class Columns:
    """A block whose columns lie apart, as Arrow keeps them.

    Attributes:
        columns: G contiguous columns of one floating type and length.
    """

    columns: tuple[AnyFloatArray, ...]

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and offers."""
        return len(self), len(self.columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of all columns."""
        return self.columns[0].dtype


@dataclass(frozen=True, slots=True)
class Points:
    """T fractional menus, sparse, and the groups of customers whose cuts are kept apart.

    Attributes:
        begin: (T + 1,) where each point's columns begin.
        columns: columns of all points, one after the other.
        shares: their y.
        leaders: (C,) a customer belongs to the group whose leader column is worth most to them.
    """

    begin: IntArray
    columns: IntArray
    shares: FloatArray
    leaders: IntArray


@dataclass(frozen=True, slots=True)
class Request:
    """What a reading is asked for, besides the column sums.

    Attributes:
        swapped: (M, K) menus, columns padded with -1, whose every change is wanted.
        valued: (V, K) menus of which only the value is wanted.
        points: where to cut.
    """

    swapped: IntArray
    valued: IntArray
    points: Points


@dataclass(frozen=True, slots=True)
class Sums:
    """What one reading of a block gives, in the order of the fields of the menu room's records.

    Attributes:
        scan: column sums (G,), weight (1,) and number of masked cells (1,). A column that holds
            NaN or +inf has a sum that is not finite.
        swaps: value, taken, loss, inside and removed of each menu swapped.
        values: value (V,) and taken (V, K) of each menu valued.
        cuts: constants (T, C) and slopes (T, C, G).
    """

    scan: tuple[FloatArray, FloatArray, IntArray]
    swaps: tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]
    values: tuple[FloatArray, FloatArray]
    cuts: tuple[FloatArray, FloatArray]


def read(block: AnyFloatArray | Columns, weights: FloatArray | None, request: Request) -> Sums:
    """Return all sums that are asked for from one reading of a block.

    Args:
        block: (b, G) values, as an array or column by column.
        weights: (b,) or None for ones.
        request: menus and points.

    Cost O(b (M G + V K + T (s + G))) with T points of s columns.
    """
    points = request.points
    asked = (request.swapped.ravel(), request.valued.ravel(), points.columns, points.leaders)
    columns, slots = _numbered(np.concatenate(asked))
    swapped, valued, shared, led = np.split(slots, np.cumsum([len(part) for part in asked[:3]]))
    sums = _zeros(request, block.shape[1])
    _call(
        block,
        weights,
        _Asked(
            len(columns),
            _at(columns),
            _Menus(*request.swapped.shape, _at(swapped)),
            _Menus(*request.valued.shape, _at(valued)),
            _Points(
                len(points.begin) - 1,
                len(led),
                _at(points.begin),
                _at(shared),
                _at(points.shares),
                _at(led),
            ),
            _ScanOut(*map(_at, sums.scan)),
            _SwapOut(*map(_at, sums.swaps)),
            _ValueOut(*map(_at, sums.values)),
            _CutOut(*map(_at, sums.cuts)),
        ),
    )
    return sums


def _zeros(request: Request, offers: int) -> Sums:
    (m, k), (v, width) = request.swapped.shape, request.valued.shape
    cuts = (len(request.points.begin) - 1, len(request.points.leaders))
    flat, full = (m, k), (m, k, offers)
    return Sums(
        (np.zeros(offers), np.zeros(1), np.zeros(1, dtype=np.int64)),
        (np.zeros(m), np.zeros(flat), np.zeros(flat), np.zeros(full), np.zeros(full)),
        (np.zeros(v), np.zeros((v, width))),
        (np.zeros(cuts), np.zeros((*cuts, offers))),
    )


def _numbered(columns: IntArray) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the distinct columns and each entry's place among them; -1 stays -1."""
    distinct, places = np.unique(columns, return_inverse=True)
    if len(distinct) and distinct[0] < 0:
        distinct, places = distinct[1:], places - 1
    return distinct.astype(np.int32), places.astype(np.int32)


def _at(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@cache
def _level() -> str:
    library = load()
    return {4: "v4", 3: "v3"}.get(library.handful_level() if library else 0, "baseline")


def _call(block: AnyFloatArray | Columns, weights: FloatArray | None, asked: _Asked) -> None:
    library = load()
    if library is None:
        raise RuntimeError("The compiled kernels were not built; ask available() first.")
    suffix = "float" if block.dtype == np.float32 else "double"
    columns, row_step, by_rows = _layout(block)
    shape = np.array([len(block), row_step, by_rows, block.shape[1]], dtype=np.int64)
    ones = ctypes.c_void_p() if weights is None else _at(weights)
    function = getattr(library, f"handful_pass_{suffix}_{_level()}")
    if function(_at(columns), _at(shape), ones, ctypes.byref(asked)):
        raise MemoryError("no memory for a strip of customers.")


def _layout(block: AnyFloatArray | Columns) -> tuple[IntArray, int, bool]:
    """Return where each column begins, how far apart rows are, and whether rows are contiguous."""
    if isinstance(block, Columns):
        return np.array([_address(column) for column in block.columns]), 1, False
    row_step, column_step = (stride // block.itemsize for stride in block.strides)
    begins = _address(block) + np.arange(block.shape[1]) * block.strides[1]
    return begins, row_step, column_step == 1


def _address(array: AnyFloatArray) -> int:
    return int(array.__array_interface__["data"][0])
