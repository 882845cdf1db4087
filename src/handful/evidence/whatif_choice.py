"""What every world would have chosen at other costs: a look-up among the menus it valued.

menu_K = argmax over |S| = K of F(S) / l - sum of set-up costs over S. Cost O(|pool|) a world.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from handful.evidence.authoring import found_control, largest_within, work
from handful.evidence.splits import WorldChoice
from handful.evidence.terms import Terms
from handful.evidence.whatif_records import KeptWorld

TIE = 1e-9
"""A menu that earns this share less than the best is as good: the planned one is kept."""


def choose_again(world: KeptWorld, planned: Terms, terms: Terms) -> WorldChoice:
    """Return what a world chooses at other costs; what it chose where costs are as planned.

    Under limits, or where a rule decides, it stays with what it chose: another choice would have to
    be allocated, or have a rule, of its own before it could be valued.

    Args:
        world: with its pool; without one its menus stay.
        planned: the plan's terms.
        terms: those of the question.

    Cost: O(|pool|).
    """
    if planned.limits is not None or planned.by_rule:
        return WorldChoice(world.single, world.menus)
    if np.array_equal(planned.setup, terms.setup):
        return WorldChoice(world.single, world.menus)
    single = world.single
    if len(world.mean):
        single = max(terms.allowed, key=lambda g: float(world.mean[g] - terms.setup[g]))
    if not world.pool:
        return WorldChoice(single, world.menus)
    return WorldChoice(single, best_menus(world, terms))


def best_menus(world: KeptWorld, terms: Terms) -> dict[int, tuple[int, ...]]:
    """Return the menu of each size, within the team's cap as the plan chooses it.

    Cost: O(|pool|).
    """
    found = best_by_size(world, terms)
    top = largest_within(terms)
    if terms.author is None or top not in found or work(found[top], terms) <= terms.author:
        return found
    holding = tuple(sorted({*terms.always, *found_control(terms)}))
    again = best_by_size(world, replace(terms, always=holding))
    return found | {top: again[top]} if top in again else found


def best_by_size(world: KeptWorld, terms: Terms) -> dict[int, tuple[int, ...]]:
    """Return the menu of each size with the largest net worth; near ties stay as planned.

    Cost: O(|pool|).
    """
    best: dict[int, tuple[float, tuple[int, ...]]] = {}
    for menu, net in _eligible(world, terms):
        if len(menu) not in best or net > best[len(menu)][0]:
            best[len(menu)] = (net, menu)
    slack = TIE * float(np.abs(world.worth).max(initial=0.0))
    for menu, net in _eligible(world, terms):
        known = world.menus.get(len(menu))
        if menu == known and net >= best[len(menu)][0] - slack:
            best[len(menu)] = (net, menu)
    return {size: best[size][1] for size in sorted(best) if size >= len(terms.always)}


def _eligible(world: KeptWorld, terms: Terms) -> Iterator[tuple[tuple[int, ...], float]]:
    for menu, worth in zip(world.pool, world.worth.tolist(), strict=True):
        if not set(terms.always) <= set(menu) or len(menu) > terms.max_offers:
            continue
        if any(a in menu and b in menu for a, b in terms.exclusive):
            continue
        yield menu, worth - float(terms.setup[list(menu)].sum())
