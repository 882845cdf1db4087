"""Menus without pairs that exclude each other: a path for each way to break every pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from handful.evidence.terms import Terms
from handful.menu.records import MenuChoice, MenuPath


def branches(terms: Terms) -> Iterator[tuple[int, ...]]:
    """Yield what to leave out so that no two offers that exclude each other are left.

    Example:
        >>> from types import SimpleNamespace
        >>> list(branches(SimpleNamespace(exclusive=((1, 2),), never=(0,))))
        [(0, 1), (0, 2)]
    """
    for out in dict.fromkeys(product(*terms.exclusive)):
        yield tuple(sorted({*terms.never, *out}))


def best_of_paths(paths: Sequence[MenuPath]) -> MenuPath:
    """Return the best menu of every size over all paths; its bound holds for all of them.

    Example:
        >>> import numpy as np
        >>> from handful.menu.choose import choose_menu
        >>> values = np.array([[1.0, 3.0], [4.0, 0.0]])
        >>> paths = [choose_menu(values, max_offers=1, never=(g,)) for g in (0, 1)]
        >>> best_of_paths(paths).menu(1)
        (0,)
    """
    by_size: dict[int, list[MenuChoice]] = {}
    for choice in (choice for path in paths for choice in path):
        by_size.setdefault(choice.offers, []).append(choice)
    return MenuPath(tuple(_best(by_size[offers]) for offers in sorted(by_size)))


def _best(choices: list[MenuChoice]) -> MenuChoice:
    best = max(choices, key=lambda choice: choice.net)
    bound = max(choice.bound for choice in choices)
    excess = max(bound - best.net, 0.0)
    return replace(best, bound=bound, gap=excess / abs(best.value) if best.value else excess)
