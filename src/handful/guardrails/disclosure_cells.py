"""The likelihood ratio of every sight for every trait, with limits that hold all together.

Cost O(traits (n + symbols)), times the symbols where customers cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handful.guardrails.disclosure_limits import (
    LogRatio,
    Shares,
    group_shares,
    log_ratio,
    mixed,
    tail_of,
)
from handful.guardrails.disclosure_sights import Sight
from handful.guardrails.disclosure_traits import Trait
from handful.notation import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Draw:
    """Chance mixed into a policy: its own offer stays with probability `keep`.

    Attributes:
        keep: 1 where nothing is drawn.
        drawn: (G,) probability of being drawn each offer; sums to 1 - keep.
    """

    keep: float
    drawn: FloatArray


@dataclass(frozen=True, slots=True)
class Panel:
    """One trait under one kind of onlooker: shares of both groups over the symbols.

    Attributes:
        trait: who is told from whom.
        sight: what is told apart.
        bound: likelihood ratio that is allowed.
        having, lacking: (A,) shares of the two groups.
        people: (2, A) rows with and without the trait that see each symbol.
    """

    trait: Trait
    sight: Sight
    bound: float
    having: Shares
    lacking: Shares
    people: IntArray

    @property
    def varied(self) -> bool:
        """Whether the people tested see two things or more, one of them held to the bound."""
        seen = int((self.people.sum(axis=0) > 0).sum())
        return seen > 1 and bool(self.sight.tested.any())

    @property
    def base_rate(self) -> float:
        """P(trait) among the rows tested."""
        return float(self.people[0].sum() / self.people.sum())

    def ratio(self, draw: Draw | None) -> LogRatio:
        """Return ln LR of every symbol, after chance is mixed in where there is any."""
        if draw is None:
            return log_ratio(self.having, self.lacking)
        given = self.sight.code >= 0
        # Only offers that somebody gets are drawn: every one has a symbol.
        shown = np.zeros(len(self.sight.symbols))
        np.add.at(shown, self.sight.code[given], draw.drawn[given])
        return log_ratio(
            mixed(self.having, draw.keep, shown), mixed(self.lacking, draw.keep, shown)
        )


def panels_of(
    traits: Sequence[Trait],
    sights: Sequence[Sight],
    offer: IntArray,
    cluster: IntArray,
    bounds: Mapping[tuple[str, bool], float],
    plans: int = 1,
) -> tuple[Panel, ...]:
    """Count who sees what, for every trait and onlooker, with simultaneous limits.

    Args:
        traits: of all sensitive columns: they share the family's 5 %.
        sights: the onlookers.
        offer: (n,) codes given.
        cluster: (n,) codes of people who are not independent.
        bounds: (attribute, shared) -> likelihood ratio allowed.
        plans: how many plans are looked at to choose one: they share the family's 5 % too.

    Returns:
        A panel for each trait and onlooker who sees two things or more among the people tested.

    Cost: O(traits x sights x n).

    Example:
        >>> holds = np.arange(400) % 2 == 0
        >>> trait = Trait("s", "s is yes", holds, np.ones(400, bool))
        >>> sight = Sight(True, ("a", "b"), np.array([0, 1]), np.ones(2, bool))
        >>> seen = np.arange(400) % 4 // 2
        >>> (panel,) = panels_of([trait], [sight], seen, np.arange(400), {("s", True): 1.25})
        >>> np.exp(panel.ratio(None).estimate).tolist()
        [1.0, 1.0]
    """
    tail = tail_of(plans * len(traits) * sum(int(sight.tested.sum()) for sight in sights))
    panels = (
        _panel(trait, sight, bounds[trait.attribute, sight.shared], (offer, cluster), tail)
        for trait in traits
        for sight in sights
    )
    return tuple(panel for panel in panels if panel.varied)


def _panel(
    trait: Trait, sight: Sight, bound: float, rows: tuple[IntArray, IntArray], tail: float
) -> Panel:
    offer, cluster = rows
    groups: list[BoolArray] = [trait.holds & trait.known, ~trait.holds & trait.known]
    symbols = len(sight.symbols)
    seen = [sight.code[offer[group]] for group in groups]
    shares = [
        group_shares(symbol, symbols, cluster[group], tail)
        for symbol, group in zip(seen, groups, strict=True)
    ]
    people = np.array([np.bincount(symbol, minlength=symbols) for symbol in seen])
    # What none of these people sees cannot be tested on them.
    sight = replace(sight, tested=sight.tested & (people.sum(axis=0) > 0))
    return Panel(trait, sight, bound, shares[0], shares[1], people)
