"""Offers with dials: the [menu.COLUMN] tables and the control of a list of numeric columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_DIALS: Final = 3
"""Dials an offer may have."""

NO_OFFER: Final = "null"
"""experiment.control of offers with dials: rows whose dials are empty received no offer."""


@dataclass(frozen=True, slots=True)
class DialSpec:
    """One [menu.COLUMN] table: the box and the steps of one dial, in the column's own unit.

    Attributes:
        name: column of the log.
        low, high: ends of the box; None for the ends of what was tried.
        increment: step that can be said aloud, counted from `low`; None where any value can.
    """

    name: str
    low: float | None = None
    high: float | None = None
    increment: float | None = None
