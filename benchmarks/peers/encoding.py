"""Features as the peers need them: one-hot categories, missing numbers imputed and marked."""

from __future__ import annotations

import numpy as np
from tasks import Task


def encode(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """(n, q) and (m, q) float matrices of the learning and the test rows, same columns."""
    train = encode_columns(task.values, task.levels, task.values)
    return train, encode_columns(task.test_values, task.levels, task.values)


def encode_columns(values: np.ndarray, levels: np.ndarray, learning: np.ndarray) -> np.ndarray:
    """Encode values; medians, and which columns can be missing, come from the learning rows."""
    columns: list[np.ndarray] = []
    for j, n_levels in enumerate(levels):
        x, known = values[:, j], learning[:, j]
        if n_levels > 0:
            # The first level of a pair is implied by the second.
            first = 1 if n_levels == 2 else 0
            columns += [(x == code).astype(float) for code in range(first, int(n_levels))]
            continue
        missing = np.isnan(x)
        columns.append(np.where(missing, np.nanmedian(known), x))
        if np.isnan(known).any():
            columns.append(missing.astype(float))
    return np.column_stack(columns)
