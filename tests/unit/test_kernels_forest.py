"""The compiled scores of trees carry the bits of a row-by-row reader."""

from __future__ import annotations

import numpy as np
import pytest

from handful import kernels

pytestmark = pytest.mark.skipif(not kernels.available(), reason="kernels were not built")


def grown(rng, trees, depth, is_category, offers):
    nodes: list[list] = []
    leaves: list[np.ndarray] = []

    def grow(levels):
        here = len(nodes)
        nodes.append([-1, 0.0, 0, 0, bool(rng.integers(2))])
        if levels == 0 or rng.random() < 0.1:
            nodes[here][2] = len(leaves)
            leaves.append(rng.normal(size=offers))
            return here
        column = int(rng.integers(len(is_category)))
        nodes[here][0] = column
        nodes[here][1] = float(rng.integers(5)) if is_category[column] else rng.normal()
        nodes[here][2] = grow(levels - 1)
        nodes[here][3] = grow(levels - 1)
        return here

    roots = [grow(depth) for _ in range(trees)]
    feature, threshold, left, right, missing = zip(*nodes, strict=True)
    return (
        np.array(roots),
        np.array(feature),
        np.array(threshold, dtype=np.float32),
        np.array(left),
        np.array(right),
        np.array(missing),
        np.array(leaves),
    )


def read_row(row, forest, is_category, sums):
    roots, feature, threshold, left, right, missing_left, leaves = forest
    for node in roots:
        while feature[node] >= 0:
            x = row[feature[node]]
            if np.isnan(x):
                goes_left = missing_left[node]
            elif is_category[feature[node]]:
                goes_left = x == threshold[node]
            else:
                goes_left = np.float32(x) < threshold[node]
            node = left[node] if goes_left else right[node]
        for g in range(len(sums)):
            sums[g] += leaves[left[node], g]


@pytest.mark.parametrize("order", ["F", "C"])
def test_same_bits_as_reading_row_by_row(order):
    rng = np.random.default_rng(3)
    is_category = np.array([True, False, False, True, False])
    forest = grown(rng, 20, 4, is_category, 3)
    values = rng.normal(size=(300, 5))
    values[:, is_category] = rng.integers(0, 6, size=(300, 2))
    values[rng.random(values.shape) < 0.1] = np.nan
    expected = rng.normal(size=(300, 3))
    found = expected.copy()
    kernels.score_forest(np.asarray(values, order=order), *forest, is_category, found)
    for row, sums in zip(values, expected, strict=True):
        read_row(row, forest, is_category, sums)
    np.testing.assert_array_equal(found, expected)


def test_threshold_is_compared_in_single_precision():
    threshold = np.float32(0.1)
    stump = (
        np.array([0]),
        np.array([0, -1, -1]),
        np.array([threshold, 0, 0], dtype=np.float32),
        np.array([1, 0, 1]),
        np.array([2, 0, 0]),
        np.array([False, False, False]),
        np.array([[1.0], [2.0]]),
    )
    # 0.1 in double precision rounds to the threshold itself, which is not below it.
    out = np.zeros((2, 1))
    kernels.score_forest(np.array([[0.1], [0.0999]]), *stump, np.array([False]), out)
    assert out.ravel().tolist() == [2.0, 1.0]


def test_wrong_output_is_refused():
    forest = grown(np.random.default_rng(0), 1, 1, np.array([False]), 2)
    with pytest.raises(ValueError, match="row-major float64"):
        kernels.score_forest(
            np.zeros((4, 1)), *forest, np.array([False]), np.zeros((4, 2), dtype=np.float32)
        )
