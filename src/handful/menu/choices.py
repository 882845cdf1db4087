"""From menus and bounds to the records that the caller reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.menu import passes
from handful.menu.assign import best_places
from handful.menu.frontier import Proof
from handful.menu.passes import Customers
from handful.menu.records import MenuChoice
from handful.menu.search import Menu, Rules, padded
from handful.menu.sums import ColumnSums
from handful.notation import AnyFloatArray, FloatArray


@dataclass(frozen=True, slots=True)
class Taken:
    """Weight of the customers who take each member of each menu, (M, K); addable."""

    weight: FloatArray

    def __add__(self, other: Taken) -> Taken:
        return Taken(self.weight + other.weight)


def as_choices(
    customers: Customers,
    first: ColumnSums,
    rules: Rules,
    proofs: dict[int, Proof],
    no_offer: int | None,
) -> list[MenuChoice]:
    """Return one record per K, with shares and the worth of one more offer."""
    none = np.nan if no_offer is None else float(first.totals[no_offer])
    taken = _taken(customers, proofs, first)
    values = {k: proof.found.net + rules.cost(proof.found.menu) for k, proof in proofs.items()}
    choices = []
    for k, proof in proofs.items():
        menu, value, cost = proof.found.menu, values[k], rules.cost(proof.found.menu)
        excess = max(proof.bound - proof.found.net, 0.0)
        over_none = value - none
        choices.append(
            MenuChoice(
                offers=k,
                menu=menu,
                value=value,
                bound=proof.found.net + excess,
                gap=_share(excess, abs(value)),
                gap_over_none=_share(excess, over_none) if over_none > 0 else np.nan,
                shares=np.array(taken[k]) / first.weight,
                next_offer_worth=values[k + 1] - value if k + 1 in values else np.nan,
                setup_cost=cost,
                proven_in=proof.proven_in,
                proven_out=proof.proven_out,
            )
        )
    return choices


def _share(part: float, whole: float) -> float:
    if part == 0:
        return 0.0
    return part / whole if whole > 0 else np.inf


def _taken(
    customers: Customers, proofs: dict[int, Proof], sums: ColumnSums
) -> dict[int, tuple[float, ...]]:
    """Return who takes what; counted in one more pass where the search did not count it."""
    masked = sums.masked > 0
    known = {} if masked else {k: p.found.taken for k, p in proofs.items() if p.found.taken}
    if 1 in proofs and not masked:
        known[1] = (sums.weight,)
    missing = {k: proof.found.menu for k, proof in proofs.items() if k not in known}
    if not missing:
        return known
    menus = list(missing.values())
    if masked:
        weight = passes.total(customers, lambda block, w: Taken(_weights(block, w, menus))).weight
    else:
        weight = passes.swap_sums(customers, padded(menus)).taken
    counted = {k: tuple(weight[row, :k].tolist()) for row, k in enumerate(missing)}
    return known | counted


def _weights(block: AnyFloatArray, weights: FloatArray | None, menus: list[Menu]) -> FloatArray:
    weight = np.ones(len(block)) if weights is None else weights
    out = np.zeros((len(menus), max(len(menu) for menu in menus)))
    for row, menu in enumerate(menus):
        place, fallback = best_places(block, np.array(menu))
        out[row] = np.bincount(place, np.where(fallback, 0.0, weight), out.shape[1])
    return out
