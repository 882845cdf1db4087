"""What else a panel says: posterior, information in bits, the worst sight, the people needed.

Everything follows from LR and the base rate pi = P(trait): posterior p = pi LR / (pi LR + 1 - pi),
lift = p / pi, distance = |p - pi| (t-closeness). Cost O(symbols).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.guardrails.disclosure_cells import Draw, Panel
from handful.notation import FloatArray

CAP: Final = 30.0
"""|ln LR| from here on says the trait for certain; keeps the arithmetic finite."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One sight under one trait, with limits that hold for all cells of the plan together.

    `ratio` is LR; `lift`, `posterior` and their limits take the base rate as observed.
    """

    trait: str
    sight: str
    shared: bool
    bound: float
    having: int
    lacking: int
    base_rate: float
    ratio: float
    ratio_lo: float
    ratio_hi: float
    posterior: float
    posterior_lo: float
    posterior_hi: float
    lift: float
    distance: float


def cells_of(panel: Panel, draw: Draw | None) -> tuple[Cell, ...]:
    """Lay out the sights of a panel that are held to its bound.

    Cost: O(symbols).
    """
    ratio, base = panel.ratio(draw), panel.base_rate
    chance = [posterior(part, base) for part in (ratio.estimate, ratio.lo, ratio.hi)]
    return tuple(
        Cell(
            trait=panel.trait.words,
            sight=panel.sight.symbols[o],
            shared=panel.sight.shared,
            bound=panel.bound,
            having=int(panel.people[0, o]),
            lacking=int(panel.people[1, o]),
            base_rate=base,
            ratio=math.exp(ratio.estimate[o]),
            ratio_lo=math.exp(ratio.lo[o]),
            ratio_hi=math.exp(ratio.hi[o]),
            posterior=float(chance[0][o]),
            posterior_lo=float(chance[1][o]),
            posterior_hi=float(chance[2][o]),
            lift=float(chance[0][o]) / base,
            distance=abs(float(chance[0][o]) - base),
        )
        for o in np.flatnonzero(panel.sight.tested)
    )


def posterior(log_ratio: FloatArray, base: float) -> FloatArray:
    """Return P(trait | sight) from ln LR and P(trait).

    Example:
        >>> posterior(np.log([1.0, 2.0]), 0.5).round(3).tolist()
        [0.5, 0.667]
    """
    odds = np.exp(np.clip(log_ratio, -CAP, CAP)) * base / (1.0 - base)
    found: FloatArray = odds / (1.0 + odds)
    return found


def information(panel: Panel, draw: Draw | None) -> tuple[float, float]:
    """Return the mutual information of trait and sight in bits: corrected, and its upper limit.

    Corrected for the bias (A - 1) / (2 n ln 2) of the plug-in (Miller 1955). The limit follows
    from the largest |ln LR| = e: I <= 2 pi (1 - pi) e tanh(e / 2) / ln 2, and never above H(trait).

    Cost: O(symbols).
    """
    pi = panel.base_rate
    keep = 1.0 if draw is None else draw.keep
    ratio = panel.ratio(draw)
    given = panel.having.share > 0
    given |= panel.lacking.share > 0
    lacking = panel.people[1] / max(int(panel.people[1].sum()), 1)
    having = panel.people[0] / max(int(panel.people[0].sum()), 1)
    if draw is not None:
        inside = panel.sight.code >= 0
        shown = np.bincount(panel.sight.code[inside], draw.drawn[inside], minlength=len(having))
        having, lacking = keep * having + shown, keep * lacking + shown
    joint = np.array([pi * having, (1.0 - pi) * lacking])
    alone = np.array([[pi], [1.0 - pi]]) * joint.sum(axis=0)
    inside_joint = joint > 0
    plain = float(np.sum(joint[inside_joint] * np.log2(joint[inside_joint] / alone[inside_joint])))
    bias = keep**2 * (int(given.sum()) - 1) / (2.0 * int(panel.people.sum()) * math.log(2.0))
    most = min(float(ratio.most[panel.sight.tested].max(initial=0.0)), CAP)
    limit = 2.0 * pi * (1.0 - pi) * most * math.tanh(most / 2.0) / math.log(2.0)
    entropy = -pi * math.log2(pi) - (1.0 - pi) * math.log2(1.0 - pi)
    return max(plain - bias, 0.0), min(limit, entropy)


def worst_of(cells: Sequence[Cell]) -> Cell:
    """Return the cell whose upper limit is furthest over its own bound, or nearest to it.

    Among the cells over the bound with a leak shown, the one with the largest estimate.
    """
    failed = [cell for cell in cells if is_shown_over(cell)]
    if failed:
        return max(failed, key=lambda cell: _size(cell.ratio) - math.log(cell.bound))
    return max(cells, key=lambda cell: most_of(cell) - math.log(cell.bound))


def is_shown_over(cell: Cell) -> bool:
    """Tell whether a leak is shown and its estimate is over the bound: the rule of `fail`."""
    return least_of(cell) > 0.0 and _size(cell.ratio) > math.log(cell.bound)


def is_shown_within(cell: Cell) -> bool:
    """Tell whether the upper limit is within the bound: the rule of `pass`."""
    return most_of(cell) <= math.log(cell.bound)


def least_of(cell: Cell) -> float:
    """Lower limit of |ln LR|."""
    return max(0.0, _log(cell.ratio_lo), -_log(cell.ratio_hi))


def most_of(cell: Cell) -> float:
    """Upper limit of |ln LR|; infinite where one group was hardly seen."""
    return max(abs(_log(cell.ratio_lo)), abs(_log(cell.ratio_hi)))


def size_of(cell: Cell) -> float:
    """Return |ln LR|."""
    return _size(cell.ratio)


def needed(cell: Cell, people: int) -> int | None:
    """Return how many customers with a known trait would bring the upper limit into the bound.

    Limits shrink with the root of n: n' = n ((most - size) / (ln bound - size))^2. None where the
    estimate itself is over the bound, or nothing can be told yet.

    Args:
        cell: with its limits.
        people: n behind it.

    Example:
        >>> most = 1.25**2
        >>> cell = Cell("t", "o", True, 1.25, 9, 9, 0.5, 1.0, 1 / most, most, 0.5, 0.4, 0.6, 1, 0)
        >>> needed(cell, 1000)
        4000
    """
    room, size, most = math.log(cell.bound), size_of(cell), most_of(cell)
    if size >= room or not math.isfinite(most):
        return None
    return math.ceil(round(people * ((most - size) / (room - size)) ** 2, 6))


def _size(ratio: float) -> float:
    return abs(_log(ratio))


def _log(ratio: float) -> float:
    if ratio <= 0.0:
        return -math.inf
    return math.log(ratio)
