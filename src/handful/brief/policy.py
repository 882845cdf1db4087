"""The [policy] table: whether a rule that can be said decides who gets which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key

DEEPEST: Final = 3
"""Questions that a rule may ask on the way to an offer, at most."""


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """The [policy] table."""

    rules: bool = False
    """True: the rule itself decides, and every value shown is the rule's."""
    depth: int = 2
    """Questions that a rule asks at most: 2 or 3."""


_P = "policy"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_P, "rules", "flag", "let a rule of a few questions decide who gets which", "false"),
    Key(_P, "depth", "whole", "questions that a rule asks at most, 2 or 3", "2", least=2),
)
# fmt: on
