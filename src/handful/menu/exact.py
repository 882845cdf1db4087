"""Exhaustive search over all menus of K offers where there are few."""

from __future__ import annotations

from math import comb

import numpy as np

from handful.menu.search import Found, Menu, Rules, as_menu
from handful.notation import FloatArray

MOST_CELLS = 3e8
MOST_MENUS = 100_000
TIE = 1e-12
"""Nets closer than this share are a tie, which the smaller columns win."""


def affordable(n_rows: int, rules: Rules, offers: int) -> bool:
    """Return whether trying every menu of that many offers takes well under a second."""
    menus = comb(len(rules.free), offers - len(rules.forced))
    return menus <= MOST_MENUS and n_rows * menus <= MOST_CELLS


def enumerate_menus(values: FloatArray, weights: FloatArray, rules: Rules, offers: int) -> Found:
    """Return the best menu of exactly that many offers; ties go to the smallest columns.

    Args:
        values: (n, G) without masked cells.
        weights: (n,).
        rules: allowed menus and costs.
        offers: K.

    Cost O(n C(G, K)): a depth-first walk that keeps each customer's best value so far.
    """
    free = [int(g) for g in rules.free]
    columns = np.ascontiguousarray(values.T)
    forced = list(rules.forced)
    reached = columns[forced].max(axis=0) if forced else np.full(len(values), -np.inf)
    best = Found((), -np.inf)
    stack: list[tuple[Menu, int, FloatArray]] = [(tuple(forced), 0, reached)]
    while stack:
        chosen, first, reached = stack.pop()
        missing = offers - len(chosen)
        if missing == 0:
            net = float(weights @ reached) - rules.cost(chosen)
            if not best.menu or net > best.net + TIE * abs(best.net):
                best = Found(as_menu(list(chosen)), net)
            continue
        # Pushed in descending order, so that smaller columns are tried first.
        for position in range(len(free) - missing, first - 1, -1):
            g = free[position]
            stack.append(((*chosen, g), position + 1, np.maximum(reached, columns[g])))
    return best


def best_pair(totals: FloatArray, gains: FloatArray, rules: Rules) -> Found:
    """Return the best menu of two offers from pairwise gains: F({g, h}) = total_g + W_gh.

    Args:
        totals: (G,) column sums.
        gains: (G, G) W_gh = sum_i w_i (P_ih - P_ig)+.
        rules: allowed menus and costs.

    Cost O(G^2) beyond the gains.
    """
    net = totals[:, None] + gains - rules.costs[:, None] - rules.costs
    allowed = np.triu(~rules.never[:, None] & ~rules.never, 1)
    for forced in rules.forced:
        holds = np.zeros(len(totals), dtype=np.bool_)
        holds[forced] = True
        allowed &= holds[:, None] | holds
    net = np.where(allowed, net, -np.inf)
    first, second = divmod(int(np.argmax(net)), len(totals))
    return Found((first, second), float(net[first, second]))
