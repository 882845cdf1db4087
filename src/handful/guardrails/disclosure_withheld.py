"""Small counts stay untold: no count of one to ten people with a trait, nor what gives it away.

Where any sight of a trait is seen by so few, all its counts are withheld (one alone would follow
from the others) and its ratios and shares are told to two digits. Cost O(sights).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

from handful.guardrails.disclosure_measures import Cell

LEAST_TOLD: Final = 11
COUNTS: Final = ("having", "lacking")


def told(cells: Sequence[Cell]) -> Iterator[dict[str, object]]:
    """Yield the cells as plain values, small traits without their counts.

    Args:
        cells: of one attribute.

    Example:
        >>> few = Cell("t", "o", True, 1.25, 3, 90, 0.1, 1.234, 1.1, 1.9, 0.1, 0.1, 0.2, 1.0, 0.0)
        >>> shown = next(told([few]))
        >>> shown["having"], shown["ratio"], shown["bound"]
        (None, 1.2, 1.25)
    """
    small = {cell.trait for cell in cells if is_small(cell)}
    for cell in cells:
        values = asdict(cell)
        if cell.trait in small:
            coarse = {
                name: two_digits(value)
                for name, value in values.items()
                if isinstance(value, float) and name != "bound"
            }
            values |= coarse | dict.fromkeys(COUNTS)
        yield values


def is_small(cell: Cell) -> bool:
    """Tell whether a count of the cell may not be told."""
    return any(0 < count < LEAST_TOLD for count in (cell.having, cell.lacking))


def two_digits(value: float) -> float:
    """Round to two significant digits.

    Example:
        >>> two_digits(0.12345), two_digits(0.0)
        (0.12, 0.0)
    """
    return float(f"{value:.2g}")
