"""The [guardrails] table: what a plan may never do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key


@dataclass(frozen=True, slots=True)
class GuardrailsSpec:
    """The [guardrails] table."""


KEYS: Final[tuple[Key, ...]] = ()
