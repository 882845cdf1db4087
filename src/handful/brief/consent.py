"""The [consent] table: where the customers' yes and no are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key


@dataclass(frozen=True, slots=True)
class ConsentSpec:
    """The [consent] table."""


KEYS: Final[tuple[Key, ...]] = ()
