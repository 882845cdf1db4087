"""Labels beside a drawing: set apart so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Return ascending positions at least `gap` apart, close to ascending values.

    Labels that would overlap are pushed apart as a block around their mean.

    Args:
        values: wanted positions, ascending.
        gap: least distance between neighbours.

    Returns:
        One position per value, ascending. O(n^2) for a handful of labels.

    Example:
        >>> spread([0.0, 0.1, 5.0], 1.0)
        [-0.45, 0.55, 5.0]
    """
    blocks: list[tuple[float, int]] = []
    for value in values:
        centre, size = value, 1
        while blocks and centre - blocks[-1][0] < gap * (size + blocks[-1][1]) / 2:
            before, count = blocks.pop()
            centre = (before * count + centre * size) / (count + size)
            size += count
        blocks.append((centre, size))
    return [
        centre + gap * (position - (size - 1) / 2)
        for centre, size in blocks
        for position in range(size)
    ]
