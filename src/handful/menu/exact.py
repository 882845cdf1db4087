"""Exhaustive search over all menus of K offers where there are few."""

from __future__ import annotations

from math import comb

import numpy as np

from handful.menu.search import Found, Rules, as_menu
from handful.notation import FloatArray


def affordable(n_rows: int, rules: Rules, offers: int, budget: float) -> bool:
    """Return whether trying every menu of that many offers costs at most `budget` cells."""
    return n_rows * comb(len(rules.free), offers - len(rules.forced)) <= budget


def enumerate_menus(values: FloatArray, weights: FloatArray, rules: Rules, offers: int) -> Found:
    """Return the best menu of exactly that many offers; ties go to the smallest columns.

    Cost O(n C(G, K)): a depth-first walk that keeps each customer's best value so far.
    """
    free = rules.free
    columns = np.ascontiguousarray(values.T)
    best = Found((), -np.inf)
    forced = list(rules.forced)
    start = columns[forced].max(axis=0) if forced else np.full(len(values), -np.inf)

    def walk(chosen: list[int], first: int, reached: FloatArray) -> None:
        nonlocal best
        missing = offers - len(chosen)
        if missing == 0:
            menu = as_menu(chosen)
            net = float(weights @ reached) - rules.cost(menu)
            if net > best.net:
                best = Found(menu, net)
            return
        for position in range(first, len(free) - missing + 1):
            g = int(free[position])
            walk([*chosen, g], position + 1, np.maximum(reached, columns[g]))

    walk(forced, 0, start)
    return best
