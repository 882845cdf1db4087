"""Scores of boosted trees, compiled."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from handful.kernels.library import load
from handful.notation import BoolArray, Float32Array, FloatArray, IntArray

ARRAY_TYPES = (
    np.int64, np.int64, np.float32, np.int64, np.int64, np.uint8, np.float64, np.uint8,
)  # fmt: skip
"""What the compiled side expects of roots, feature, threshold, left, right, missing_left, leaves
and is_category."""


def score_forest(  # noqa: PLR0913 - one argument per array of the forest
    values: FloatArray,
    roots: IntArray,
    feature: IntArray,
    threshold: Float32Array,
    left: IntArray,
    right: IntArray,
    missing_left: BoolArray,
    leaves: FloatArray,
    is_category: BoolArray,
    out: FloatArray,
) -> None:
    """Add every tree's leaf to `out`, in tree order, in float64.

    out_ig += sum_trees leaf_g(x_i). A node goes left when float32(x) < threshold (number) or when
    x == threshold (category); a missing value goes where `missing_left` says.

    Args:
        values: (n, p) float64 features in any layout; fastest with contiguous columns.
        roots: (T,) root node of each tree.
        feature: (N,) column of `values`, -1 at a leaf.
        threshold: (N,) float32.
        left: (N,) left child; at a leaf the row of `leaves`. Children come after parents.
        right: (N,) right child.
        missing_left: (N,) where a missing value goes.
        leaves: (L, G) values of the leaves.
        is_category: (p,) whether the column holds level codes.
        out: (n, G) float64, row-major, added to in place.

    Raises:
        RuntimeError: the library was not built (ask `available()` first).
        ValueError: `out` is not a row-major float64 array of (n, G).
        MemoryError: no memory for the nodes.

    Cost O(n T (depth + G)).
    """
    library = load()
    if library is None:
        raise RuntimeError("The compiled kernels were not built; ask available() first.")
    n_rows, n_offers = values.shape[0], leaves.shape[1]
    if out.shape != (n_rows, n_offers) or out.dtype != np.float64 or not out.flags.c_contiguous:
        raise ValueError("expected `out` to be a row-major float64 array of (n, G).")
    table = values if values.dtype == np.float64 else values.astype(np.float64)
    arrays = (roots, feature, threshold, left, right, missing_left, leaves, is_category)
    plain = [
        _plain(np.asarray(array), dtype) for array, dtype in zip(arrays, ARRAY_TYPES, strict=True)
    ]
    at = [ctypes.c_void_p(array.ctypes.data) for array in plain]
    count = ctypes.c_int64
    status = library.handful_score_forest(
        ctypes.c_void_p(table.ctypes.data),
        count(n_rows),
        count(table.strides[0] // 8),
        count(table.strides[1] // 8),
        at[0],
        count(len(roots)),
        count(len(feature)),
        *at[1:7],
        count(n_offers),
        at[7],
        ctypes.c_void_p(out.ctypes.data),
    )
    if status:
        raise MemoryError("no memory for the nodes of the forest.")


def _plain(array: NDArray[np.generic], dtype: type) -> NDArray[np.generic]:
    return np.ascontiguousarray(array, dtype=dtype)
