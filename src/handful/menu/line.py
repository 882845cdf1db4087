"""Exact menus for offers on a line (a price, a rate), by dynamic programming.

For columns g1 < ... < gK and any customer

    max_j P_{i,gj} <= P_{i,g1} + sum_j (P_{i,g(j+1)} - P_{i,gj})+,

with equality where the customer's profits along the menu rise and then fall. Summed over
customers the right side is a chain of pairwise gains W_gh = sum_i w_i (P_ih - P_ig)+, whose best
chain of each length dynamic programming finds in O(K G^2). It bounds every menu of K, whatever the
profits; where it equals the realised value of its menu, as it does under single crossing, that
menu is proven optimal. So single crossing is tested by the result and never assumed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from handful.menu import passes
from handful.menu.checks import check_aim, check_rules, check_weights
from handful.menu.choices import as_choices
from handful.menu.frontier import Proof
from handful.menu.look import first_look
from handful.menu.passes import Customers, default_threads
from handful.menu.records import MenuPath
from handful.menu.search import Menu, Rules, improve
from handful.menu.sources import Values, open_source
from handful.notation import FloatArray

CLAIM = 1e-6


def choose_on_line(
    values: Values,
    *,
    max_offers: int,
    weights: ArrayLike | None = None,
    n_threads: int | None = None,
) -> MenuPath:
    """Choose the best menu of every size from offers that lie in order on a line.

    max over g1 < ... < gK of sum_i w_i P_{i,g1} + sum_j W_{gj,g(j+1)}, then best swaps.

    Args:
        values: (n, G) profit as in `choose_menu`, columns in the order of the line.
        max_offers: largest K.
        weights: (n,) customer weights; ones by default.
        n_threads: threads of the passes.

    Returns:
        The path; a gap at the smallest claimed value (1e-6) proves the menu optimal, a wider one
        says that profits do not rise and fall along it.

    Raises:
        DataError: M601 to M604 and M609 as in `choose_menu`.
        BriefError: M605 bad max_offers; M608 bad n_threads.

    Cost O(n G^2) for the gains, O(K G^2) for the chains, O(n K G) for the swaps.

    Example:
        >>> import numpy as np
        >>> peaks = np.array([0.0, 1.0, 3.0, 4.0])
        >>> profit = -np.abs(peaks[:, None] - np.arange(5.0))
        >>> choose_on_line(profit, max_offers=2).at(2).value
        -2.0
    """
    source = open_source(values)
    rules = check_rules(source.offers, max_offers, None, (), ())
    check_aim(0.0, n_threads, 0, None, source.offers)
    importance = None if weights is None else check_weights(weights)
    customers = Customers(source, importance, n_threads or default_threads())
    first = first_look(customers, 0).sums
    bounds, menus = best_chains(first.totals, passes.pair_gains(customers), rules)
    found = improve(rules, menus, lambda tried: passes.swap_sums(customers, tried))
    proofs = {}
    for k in sorted(found):
        bound = max(bounds[k], found[k].net)
        proofs[k] = Proof(found[k], bound + CLAIM * max(abs(bound), abs(found[k].net)), (), ())
    return MenuPath(tuple(as_choices(customers, first, rules, proofs, None)))


def best_chains(
    totals: FloatArray, gains: FloatArray, rules: Rules
) -> tuple[dict[int, float], dict[int, Menu]]:
    """Return the value and the columns of the best chain of each length."""
    forward = np.where(np.triu(np.ones_like(gains), 1) > 0, gains, -np.inf)
    reached = totals.copy()
    chains: list[Menu] = [(g,) for g in range(len(totals))]
    bounds, menus = {}, {}
    for k in range(1, rules.last + 1):
        if k > 1:
            through = reached[:, None] + forward
            last = through.argmax(axis=0)
            reached = through.max(axis=0)
            chains = [(*chains[last[g]], g) for g in range(len(totals))]
        end = int(np.argmax(reached))
        bounds[k], menus[k] = float(reached[end]), chains[end]
    return bounds, menus
