"""The [variety] table: what running many offers costs besides setting each up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key


@dataclass(frozen=True, slots=True)
class VarietySpec:
    """The [variety] table."""


KEYS: Final[tuple[Key, ...]] = ()
