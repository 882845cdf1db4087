"""Smallest groups: how many people must share an offer, a number shown, an export.

Sources: k = 50 per creative, Chrome's Protected Audience; no cell of 1 to 10 shown or derivable,
the US Centers for Medicare and Medicaid Services (ResDAC, 2024); destinations: their own help
pages, as docs/guardrails.md lists them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from handful.errors import BriefError, Finding, blocked
from handful.evidence.records import Estimate, Segment
from handful.notation import AnyFloatArray, BoolArray, IntArray
from handful.policy.policy import assign_codes

EXPORT_MINIMA: Final = MappingProxyType(
    {
        "google": 100,
        "meta": 100,
        "linkedin": 300,
        "pinterest": 100,
        "tiktok": 1000,
    }
)
"""Matched people below which a destination drops an audience or does not serve it."""


def few(count: int, least: int) -> str:
    """Return a count of people as it may be shown: small ones only as "fewer than".

    Example:
        >>> few(1200, 11), few(3, 11), few(0, 11)
        ('1,200', 'fewer than 11', '0')
    """
    return f"{count:,}" if count >= least or count == 0 else f"fewer than {least}"


def suppress(
    counts: Sequence[int], least: int, *, total_known: bool = True
) -> tuple[int | None, ...]:
    """Return counts that may be shown together; None hides one, and cannot be worked out.

    Counts of 1 to least - 1 are hidden. Where the total is known and the hidden ones add up to less
    than `least`, or only one is hidden, it could be told by subtraction: the smallest of the rest
    is hidden too.

    Args:
        counts: people in each of the parts of a whole.
        least: smallest count shown, such as 11.
        total_known: whether the sum is shown anywhere.

    Returns:
        The counts, None where hidden.

    Cost: O(m log m).

    Example:
        >>> suppress([500, 7, 90], 11)
        (500, None, None)
        >>> suppress([500, 0, 90], 11)
        (500, 0, 90)
    """
    hidden = {at for at, count in enumerate(counts) if 0 < count < least}
    rest = sorted((c, at) for at, c in enumerate(counts) if at not in hidden and c > 0)
    while total_known and hidden and rest:
        if len(hidden) > 1 and sum(counts[at] for at in hidden) >= least:
            break
        hidden.add(rest.pop(0)[1])
    return tuple(None if at in hidden else int(count) for at, count in enumerate(counts))


def hide_small(segments: Sequence[Segment], least: int) -> tuple[Segment, ...]:
    """Return segments whose sizes may be shown together; see `suppress`.

    Args:
        segments: of a plan, all customers between them.
        least: smallest count shown.

    Returns:
        The segments; where a size is hidden, count and share are None and the card says so.
    """
    shown = suppress([segment.customers or 0 for segment in segments], least)
    return tuple(
        segment
        if count is not None
        else replace(segment, customers=None, share=None, card=_uncounted(segment.card))
        for segment, count in zip(segments, shown, strict=True)
    )


def _uncounted(card: str) -> str:
    """Return a card without its count: what stands before " get " gives way to words."""
    _, get, rest = card.partition(" get ")
    return f"Customers too few to be counted here{get}{rest}"


@dataclass(frozen=True, slots=True)
class AudienceMerge:
    """Offers that were merged for want of customers, and what that costs, held out.

    Attributes:
        dropped: their names.
        cost: money per customer, with its 95 % interval.
        least: the smallest audience.
    """

    dropped: tuple[str, ...]
    cost: Estimate
    least: int

    def words(self, currency: str) -> str:
        """Say what was merged and what it costs.

        Example:
            >>> AudienceMerge(("A",), Estimate(0.01, 0.0, 0.005, 0.015), 50).words("EUR")[:27]
            'A would have had fewer than'
        """
        lo, hi = f"{self.cost.lo:.4g}", f"{self.cost.hi:.4g}"
        return (
            f"{', '.join(self.dropped)} would have had fewer than {self.least} customers of the "
            "log: they get their next best offer instead, which costs "
            f"{self.cost.value:.4g} {currency} per customer ({lo} to {hi}), held out."
        )


@dataclass(frozen=True, slots=True)
class Merge:
    """A menu in which every offer has its smallest audience, and what was given up for it.

    Attributes:
        menu: offer codes kept.
        dropped: offer codes whose customers got their next best offer.
        given: (n,) offers after the merge.
    """

    menu: tuple[int, ...]
    dropped: tuple[int, ...]
    given: IntArray


def merge_small(
    values: AnyFloatArray,
    menu: Sequence[int],
    open_cells: BoolArray | None,
    fallback: IntArray,
    *,
    least: int,
    stay: Collection[int] = (),
) -> Merge:
    """Drop offers from a menu until each left has `least` customers, at the least cost in profit.

    max over S' subset of S of sum_i V_i,pi_S'(x_i) such that every offer in S' that need not stay
    is given to at least `least` customers. All subsets are tried, so none better is left out; ties
    go to the larger menu. Beyond `MOST_OFFERS` offers the smallest audiences are dropped first.

    Args:
        values: (n, G) money per customer that the offers are compared by.
        menu: S, offer codes, at most 12 of them.
        open_cells: (n, G) True where an offer may be given; None when all may.
        fallback: (n,) offer where none of the menu is open.
        least: smallest audience.
        stay: offers that stay whatever their audience, such as "no offer".

    Returns:
        The merge; `dropped` is () when nothing had to be done, or no part of the menu would do.

    Cost: O(2^K n K) when there is something to merge, O(n K) otherwise.

    Example:
        >>> values = np.array([[0.0, 2.0, 1.0]] * 9 + [[0.0, 1.0, 2.0]])
        >>> merge_small(values, (1, 2), None, np.zeros(10, int), least=5).menu
        (1,)
    """
    whole = tuple(menu)
    given = assign_codes(values, whole, open_cells, fallback)
    if _all_reach(given, whole, stay, least):
        return Merge(whole, (), given)
    kept = _shortened(whole, given, stay)
    at = np.arange(len(values))
    best = Merge(whole, (), given)
    most = (-np.inf, 0)
    for mask in range(1, 2 ** len(kept)):
        part = tuple(offer for bit, offer in enumerate(kept) if mask >> bit & 1)
        if any(offer in stay and offer not in part for offer in kept):
            continue
        found = assign_codes(values, part, open_cells, fallback)
        worth = (float(values[at, found].sum()), len(part))
        if worth > most and _all_reach(found, part, stay, least):
            dropped = tuple(offer for offer in whole if offer not in part)
            best, most = Merge(part, dropped, found), worth
    return best


def _shortened(menu: tuple[int, ...], given: IntArray, stay: Collection[int]) -> tuple[int, ...]:
    """Return a menu short enough to try all its parts: the offers with most customers."""
    counts = np.bincount(given, minlength=max(menu) + 1)
    order = sorted(menu, key=lambda offer: (offer in stay, counts[offer]), reverse=True)
    return tuple(offer for offer in menu if offer in order[:MOST_OFFERS])


MOST_OFFERS: Final = 12
"""Longest menu whose parts are all tried: 4,095 of them."""


def _all_reach(given: IntArray, menu: Sequence[int], stay: Collection[int], least: int) -> bool:
    counts = np.bincount(given, minlength=max(menu) + 1)
    return all(counts[offer] >= least for offer in menu if offer not in stay)


def export_minimum(destination: str, match_rate: float) -> int:
    """Return the customers an audience needs so that enough of them are matched.

    k_export = ceil(k / match rate).

    Args:
        destination: a name of EXPORT_MINIMA.
        match_rate: share of customers that the destination recognises, above 0 and at most 1.

    Raises:
        BriefError: G051 no such destination, or a match rate that is not a share.

    Example:
        >>> export_minimum("linkedin", 0.5)
        600
    """
    least = EXPORT_MINIMA.get(destination.casefold())
    if least is None:
        message = f"no smallest audience is known for '{destination}'."
        remedy = f"There is: {', '.join(EXPORT_MINIMA)}."
        raise BriefError(blocked("G051", message, remedy))
    if not 0.0 < match_rate <= 1.0:
        message = f"expected a match rate above 0 and at most 1, found {match_rate:g}."
        raise BriefError(blocked("G051", message, "Give the share of customers that are matched."))
    return math.ceil(round(least / match_rate, 9))


def check_export(
    audiences: Mapping[str, int], destination: str, match_rate: float, *, least_reported: int = 11
) -> tuple[Finding, ...]:
    """Return a blocking finding for every audience that is too small for its destination.

    Args:
        audiences: offer -> customers to be exported.
        destination: a name of EXPORT_MINIMA.
        match_rate: share of customers that the destination recognises.
        least_reported: smallest count that may be shown.

    Raises:
        BriefError: G051 as in `export_minimum`.

    Example:
        >>> [finding.code for finding in check_export({"mail": 120}, "meta", 0.6)]
        ['G052']
    """
    least = export_minimum(destination, match_rate)
    return tuple(
        blocked(
            "G052",
            f"offer '{name}' has {few(count, least_reported)} customers; {destination} needs "
            f"{least:,} at a match rate of {match_rate:.0%}.",
            "Merge it with another segment, or send it on a channel of your own.",
        )
        for name, count in audiences.items()
        if count < least
    )
