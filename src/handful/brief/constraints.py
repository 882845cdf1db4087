"""The [constraints] table: budgets, capacities, floors and caps on who gets which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key


@dataclass(frozen=True, slots=True)
class ConstraintsSpec:
    """The [constraints] table."""


KEYS: Final[tuple[Key, ...]] = ()
