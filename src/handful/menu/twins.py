"""Offers that are worth the same to every customer: of such twins the smallest column is named."""

from __future__ import annotations

from collections import Counter

import numpy as np

from handful.menu.passes import Customers
from handful.menu.search import Found, Menu, Rules
from handful.menu.sources import all_blocks
from handful.notation import IntArray

HEAD = 256
"""Rows that tell which columns may be twins; all rows are then compared."""


def twins(customers: Customers, rules: Rules) -> IntArray:
    """Return, for each column, the smallest free one of the same values and set-up cost.

    A column that is forced in or out is its own twin only.

    Args:
        customers: all rows count, to the last bit.
        rules: allowed menus and costs.

    Returns:
        (G,) columns.

    Cost O(n) per pair of twins, beyond sorting the columns of a few rows.
    """
    blocks = list(all_blocks(customers.source))
    likeness = np.unique(blocks[0][:HEAD], axis=1, return_inverse=True)[1].ravel()
    first = np.arange(len(rules.costs))
    seen: dict[tuple[int, float], list[int]] = {}
    for g in rules.free.tolist():
        alike = seen.setdefault((int(likeness[g]), float(rules.costs[g])), [])
        for h in alike:
            if all(np.array_equal(block[:, g], block[:, h]) for block in blocks):
                first[g] = h
                break
        else:
            alike.append(g)
    return first


def smallest(menu: Menu, first: IntArray) -> Menu:
    """Return the menu with the smallest columns among twins."""
    return smallest_found(Found(menu, 0.0), first).menu


def smallest_found(found: Found, first: IntArray) -> Found:
    """Return the menu with the smallest columns among twins; who takes what stays.

    Of several twins in the menu the one of the smallest column comes first, before and after.
    """
    held: Counter[int] = Counter()
    named = []
    for g in found.menu:
        label = int(first[g])
        named.append(int(np.flatnonzero(first == label)[held[label]]))
        held[label] += 1
    order = sorted(range(len(named)), key=named.__getitem__)
    taken = tuple(found.taken[place] for place in order) if found.taken else ()
    return Found(tuple(named[place] for place in order), found.net, taken)
