"""What there is to see: the symbols that an onlooker of each kind tells apart.

Somebody who shares a channel (the household's post, the family's television) sees the offers on
it, and otherwise nothing. Somebody who looks into a private channel tells every offer apart. Offers
given to very few are one symbol together: alone they would only say "cannot tell".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.brief.guardrails import GuardrailsSpec
from handful.guardrails.channels import channel_of
from handful.notation import BoolArray, IntArray

LEAST_SEEN: Final = 50
"""Offers that fewer of the people tested get are one symbol together."""

NOTHING: Final = "nothing on a shared channel"
FEW: Final = "one of the rarely given offers"


@dataclass(frozen=True, slots=True)
class Sight:
    """The alphabet of one kind of onlooker.

    Attributes:
        shared: whether the onlooker shares a channel with the customer.
        symbols: (A,) what can be seen, in words.
        code: (G,) the symbol of each offer; -1 where nobody gets the offer.
        tested: (A,) whether the ratio of the symbol is held to this onlooker's bound.
    """

    shared: bool
    symbols: tuple[str, ...]
    code: IntArray
    tested: BoolArray


def sights_of(
    offers: tuple[str, ...], control: int | None, counts: IntArray, asked: GuardrailsSpec
) -> tuple[Sight, ...]:
    """Return the onlookers that the brief's channels make possible.

    Args:
        offers: (G,) names.
        control: code of "no offer", which no channel shows; None without one.
        counts: (G,) people who get each offer.
        asked: the [guardrails] table.

    Returns:
        Onlookers of shared channels, of private ones, or both; () where one offer or none is given.

    Cost: O(G).

    Example:
        >>> asked = GuardrailsSpec(channels={"coupon": "post", "alert": "app"})
        >>> [s.symbols for s in sights_of(("coupon", "alert"), None, np.array([70, 90]), asked)]
        [('coupon', 'nothing on a shared channel'), ('coupon', 'alert')]
    """
    given = [g for g in range(len(offers)) if counts[g] > 0]
    if len(given) < 2:
        return ()
    shared = [g for g in given if g != control and channel_of(offers[g], asked).shared]
    hidden = [g for g in given if g not in shared]
    found = []
    if shared:
        names = {g: offers[g] if g in shared else NOTHING for g in given}
        if len(hidden) == 1:
            names[hidden[0]] = NOTHING if hidden[0] != control else offers[hidden[0]]
        found.append(_sight(True, names, set(given), counts))
    if any(g != control for g in hidden):
        found.append(_sight(False, {g: offers[g] for g in given}, set(hidden), counts))
    return tuple(found)


def _sight(shared: bool, names: dict[int, str], held: set[int], counts: IntArray) -> Sight:
    """Number the symbols, those seen by few in one."""
    seen: dict[str, int] = {}
    for g, name in names.items():
        seen[name] = seen.get(name, 0) + int(counts[g])
    rare = {name for name, count in seen.items() if count < LEAST_SEEN}
    if 1 < len(rare) < len(seen):
        names = {g: FEW if name in rare else name for g, name in names.items()}
    symbols = tuple(dict.fromkeys(names.values()))
    code = np.full(len(counts), -1, dtype=np.int64)
    tested = np.zeros(len(symbols), dtype=np.bool_)
    for g, name in names.items():
        code[g] = symbols.index(name)
        tested[code[g]] |= g in held
    return Sight(shared, symbols, code, tested)
