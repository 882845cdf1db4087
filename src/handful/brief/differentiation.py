"""The [differentiation] table: which features anybody can buy, so that the rest can be valued."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key


@dataclass(frozen=True, slots=True)
class DifferentiationSpec:
    """The [differentiation] table; a brief with it asks for the refit."""

    commodity: tuple[str, ...] = ()
    """Features that every competitor has too; () for a guess by their names."""


KEYS: Final[tuple[Key, ...]] = (
    Key(
        "differentiation",
        "commodity",
        "names",
        "features that every competitor has too: age, place, income, recency, frequency, spend",
        "a guess by their names",
    ),
)
