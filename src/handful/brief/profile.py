"""What is known of a log's columns before a brief exists: the record the starter reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnKind = Literal["number", "whole", "text", "truth", "time", "other"]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of a log.

    Attributes:
        name: of the column.
        kind: what its cells are; "whole" for whole numbers, "time" for times, dates as text too.
        rows: rows of the log.
        distinct: different values, missing not counted.
        missing: rows without a value.
        levels: the commonest values, most frequent first, at most 12; () for ids.
    """

    name: str
    kind: ColumnKind
    rows: int
    distinct: int
    missing: int
    levels: tuple[str, ...] = ()
