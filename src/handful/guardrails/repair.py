"""The cheapest change that makes a plan tell no more than it may.

Tried are the policies of every smaller menu (an offer dropped, its customers given the best of the
rest), each with the least chance that its limits need (`repair_chance`). None reads the trait when
it decides. Chosen is the one that earns most by the out-of-fold predictions; what it earns is then
told by held-out scores that took no part in the choice. The menus tried share the family's 5 %.
Cost: one pass of the log for each menu, at most MENUS of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from handful.guardrails.disclosure_cells import Panel
from handful.guardrails.repair_chance import least_odds, mixed_value
from handful.notation import BoolArray, FloatArray

MENUS: Final = 255
"""Menus tried at most: all of them up to eight offers, else the largest and the smallest."""

FACTORS: Final = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""The curve's bounds: ln of the brief's bounds times these."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A menu that could be run instead.

    Attributes:
        menu: offer codes, ascending.
        panels: what its own offers tell; () where everybody gets the same.
        value: predicted profit per customer, before set-up.
        setup: set-up cost per customer.
        drawable: (G,) offers that chance may give.
    """

    menu: tuple[int, ...]
    panels: tuple[Panel, ...]
    value: float
    setup: float
    drawable: BoolArray


@dataclass(frozen=True, slots=True)
class Option:
    """A repair: a menu, the chance mixed in, and what the predictions say it earns.

    Attributes:
        menu: offer codes.
        odds: (G,) odds k of drawing each offer; all 0 where nothing is left to chance.
        value: predicted profit per customer, net of set-up.
    """

    menu: tuple[int, ...]
    odds: FloatArray
    value: float

    @property
    def keep(self) -> float:
        """Probability that the policy's own offer stays."""
        return float(1.0 / (1.0 + self.odds.sum()))

    @property
    def drawn(self) -> FloatArray:
        """(G,) probability of being drawn each offer."""
        shares: FloatArray = self.odds * self.keep
        return shares


def menus_within(menu: Sequence[int], always: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return the menus to try, the whole one first: every part of it that holds `always`.

    Args:
        menu: offer codes of the plan.
        always: codes that must stay.

    Example:
        >>> menus_within((0, 1, 2), (1,))
        ((0, 1, 2), (0, 1), (1, 2), (1,))
    """
    by_size = [
        [part for part in combinations(sorted(menu), size) if set(always) <= set(part)]
        for size in range(len(menu), 0, -1)
    ]
    if sum(map(len, by_size)) > MENUS:
        near, far = by_size[:3], by_size[-2:]
        by_size = [*near, *(sizes for sizes in far if sizes not in near)]
    return tuple(part for sizes in by_size for part in sizes)


def cheapest(
    candidates: Sequence[Candidate], values: FloatArray, factor: float = 1.0
) -> Option | None:
    """Return the repair that earns most among those whose upper limits are within the bounds.

    Args:
        candidates: menus with what they tell.
        values: (G,) predicted profit of giving an offer to everybody, before set-up.
        factor: scales ln of every bound.

    Returns:
        The repair, without chance where none is needed; None where there is none.

    Cost: O(candidates x symbols).
    """
    best: Option | None = None
    for candidate in candidates:
        odds = least_odds(candidate.panels, candidate.drawable, values, factor)
        if odds is None:
            continue
        value = mixed_value(candidate.value, odds, values) - candidate.setup
        if best is None or value > best.value:
            best = Option(candidate.menu, odds, value)
    return best
