"""The offers a team can author: a hard cap on every menu, and what one more would be worth.

One menu past the cap is chosen and valued out of fold like the others. Its paired lead over the
menu of the largest net value, less what it costs more, is the worth of one more offer. Cost O(K).
"""

from __future__ import annotations

from collections.abc import Sequence

from handful.evidence.bands import difference_rows, make_family
from handful.evidence.frontier import MenuFacts
from handful.evidence.ledger import Means
from handful.evidence.names import BEYOND, menu_name
from handful.evidence.records import Estimate, FrontierPoint
from handful.evidence.terms import Terms


def work(menu: Sequence[int], terms: Terms) -> int:
    """Return how many offers of a menu must be authored: "no offer" is no work."""
    return len([g for g in menu if g != terms.control])


def can_run(menu: Sequence[int], terms: Terms) -> bool:
    """Tell whether the team can author a menu."""
    return terms.author is None or work(menu, terms) <= terms.author


def found_control(terms: Terms) -> tuple[int, ...]:
    """Return the code of "no offer" where a menu may hold it."""
    return tuple(g for g in terms.allowed if g == terms.control)


def largest_within(terms: Terms) -> int | None:
    """Return the largest menu that the team can author, "no offer" included; None for any."""
    if terms.author is None or terms.limits is not None:
        return terms.author
    return terms.author + len(found_control(terms))


def named_menus(menus: dict[int, tuple[int, ...]], terms: Terms) -> dict[str, tuple[int, ...]]:
    """Name the menus by size, none with more offers than the team can author.

    A menu beyond the cap gives way to the largest within it; the one past every size within is
    `BEYOND`, which is valued and never advised.

    Args:
        menus: size -> menu, as chosen without the cap.
        terms: with or without a cap.

    Cost: O(K).
    """
    top = largest_within(terms)
    if top is None:
        return {menu_name(offers): menu for offers, menu in menus.items()}
    named: dict[str, tuple[int, ...]] = {}
    within: tuple[int, ...] = ()
    for offers, menu in sorted(menus.items()):
        if offers > top:
            named[BEYOND] = menu
            break
        within = menu if can_run(menu, terms) else within
        named[menu_name(offers)] = within
    return named


def one_more(
    means: Means, frontier: Sequence[FrontierPoint], beyond: MenuFacts | None, seed: int
) -> Estimate | None:
    """Return what one more offer than the team can author would be worth, money per customer.

    Args:
        means: the ledger's means.
        frontier: the menus within the cap.
        beyond: the final menu of one offer more; None where there is none.
        seed: of the band.

    Returns:
        Held-out lead over the menu of the largest net value, extra costs paid, with a 95 %
        interval of its own; None where no cap holds the menu back.

    Cost: O(M^2).
    """
    if beyond is None or BEYOND not in means.names or not frontier:
        return None
    best = max(frontier, key=lambda point: point.net)
    pair = [(BEYOND, menu_name(best.offers))]
    found = make_family(means, difference_rows(means, pair), seed).estimate(0)
    extra = beyond.cost - best.cost
    return Estimate(found.value - extra, found.se, found.lo - extra, found.hi - extra)


def past_cap(facts: Sequence[MenuFacts], terms: Terms) -> MenuFacts | None:
    """Return the final menu of one offer more than the largest the team can author."""
    top = largest_within(terms)
    return next((known for known in facts if top is not None and known.offers == top + 1), None)
