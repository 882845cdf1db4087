"""From shares of customers to whole customers, within every limit.

The programme leaves only a few customers shared between offers. They are given whole offers so
that counts come out right on the whole; what is still off by a customer or two is mended by the
cheapest chain of moves (A to B, somebody else from B to C, ...), found by best-first search over
the limits' counts. Limits on amounts are mended by asking the programme for a little less.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.allocation_records import Limit, Problem, coefficients, used_by

MOST_CHAINS: Final = 2_000
LONGEST_CHAIN: Final = 8
MOST_MENDS: Final = 400
MOST_FILLS: Final = 200
SLACK: Final = 1e-9
"""A limit on amounts holds when it holds to this share of its bound: sums of floats round."""


@dataclass(frozen=True, slots=True)
class _Moves:
    """The cheapest customer to move, for every different effect a move has on the counts.

    Attributes:
        customer, to: (e,) who moves, and to which offer.
        cost: (e,) money lost at the prices, at least 0.
        effect: (e, c) change of each count.
    """

    customer: IntArray
    to: IntArray
    cost: FloatArray
    effect: IntArray


def spread_whole(share: FloatArray, kind: IntArray) -> IntArray:
    """Give every customer a whole offer so that the counts follow the shares.

    The offers of a type are spread evenly over its customers in their own order, so that the order
    says nothing; what a type's rounding leaves over is carried to the next, so every offer's count
    is within about one of the sum of its shares.

    Args:
        share: (t, K) customers of each type who get each offer.
        kind: (n,) type of each customer.

    Returns:
        (n,) offers.

    Cost: O(n log n + K times the types whose shares are not whole).

    Example:
        >>> spread_whole(np.array([[1.5, 1.5]]), np.array([0, 0, 0])).tolist()
        [0, 1, 0]
    """
    whole = np.rint(share).astype(np.int64)
    uneven = np.flatnonzero(np.abs(share - whole).max(axis=1, initial=0.0) > 1e-6)
    carried = np.zeros(share.shape[1])
    for at in uneven:
        allowed = share[at] > 1e-9
        wanted = np.where(allowed, share[at] + carried, 0.0)
        total = round(float(share[at].sum()))
        whole[at] = _apportion(wanted, allowed, total)
        carried = np.where(allowed, wanted - whole[at], carried)
    order = np.argsort(kind, kind="stable")
    count = whole.ravel()
    offers = np.repeat(np.tile(np.arange(share.shape[1]), len(share)), count)
    place = np.arange(len(kind)) - np.repeat(np.cumsum(count) - count, count)
    spread = (place + 0.5) / np.repeat(count, count)
    offers = offers[np.lexsort((spread, kind[order]))]
    given = np.empty(len(kind), dtype=np.int64)
    given[order] = offers
    return given


def _apportion(wanted: FloatArray, allowed: BoolArray, total: int) -> IntArray:
    """Return whole numbers that add up to `total`, each as near to `wanted` as can be."""
    base = np.floor(np.maximum(wanted, 0.0)).astype(np.int64)
    short = total - int(base.sum())
    need = np.where(allowed, wanted - base, -np.inf)
    while short:
        at = int(need.argmax()) if short > 0 else int(np.where(base > 0, need, np.inf).argmin())
        step = 1 if short > 0 else -1
        base[at] += step
        need[at] -= step
        short -= step
    return base


def mend_counts(problem: Problem, left: FloatArray, given: IntArray) -> IntArray | None:
    """Move customers until every limit on counts holds, at the least loss.

    Args:
        problem: values, cells and limits; amounts are not looked at.
        left: (n, K) values less prices, -inf where closed.
        given: (n,) offers.

    Returns:
        (n,) offers, or None where no chain of moves helps.

    Cost: O(n K log n) a chain.
    """
    limits = [limit for limit in problem.limits if limit.counts]
    given = given.copy()
    for _ in range(MOST_MENDS):
        used = np.array([used_by(limit, given, left.shape[1]) for limit in limits], dtype=np.int64)
        if not _off(used, limits):
            return given
        moves = _cheapest_moves(limits, left, given)
        chain = _shortest_chain(moves, used, limits)
        if chain is None:
            return None
        given[moves.customer[chain]] = moves.to[chain]
    return None


def _off(used: IntArray, limits: list[Limit]) -> float:
    """Return by how many customers the counts are off, over all limits."""
    low = np.array([limit.low for limit in limits])
    high = np.array([limit.high for limit in limits])
    return float((np.maximum(used - high, 0.0) + np.maximum(low - used, 0.0)).sum())


def _cheapest_moves(limits: list[Limit], left: FloatArray, given: IntArray) -> _Moves:
    n, offers = left.shape
    member = np.zeros(n, dtype=np.int64)
    groups = [limit for limit in limits if limit.rows is not None]
    for limit in groups:
        member = 2 * member + np.asarray(limit.rows)
    _, first, kind = np.unique(member, return_index=True, return_inverse=True)
    counted = np.stack([_counted(limit, first, offers) for limit in limits], axis=2)
    mine = left[np.arange(n), given]
    loss = (mine[:, None] - left).ravel()
    key = ((kind * offers + given)[:, None] * offers + np.arange(offers)).ravel()
    usable = np.isfinite(loss) & (np.repeat(given, offers) != np.tile(np.arange(offers), n))
    cells = np.flatnonzero(usable)
    cells = cells[np.argsort(loss[cells], kind="stable")]
    cells = cells[np.unique(key[cells], return_index=True)[1]]
    customer, to = cells // offers, cells % offers
    effect = counted[kind[customer], to] - counted[kind[customer], given[customer]]
    # Of moves with the same effect only the cheapest is of use.
    order = np.argsort(loss[cells], kind="stable")
    _, kept = np.unique(effect[order], axis=0, return_index=True)
    kept = order[np.sort(kept)]
    kept = kept[np.abs(effect[kept]).any(axis=1)]
    cost = np.maximum(loss[cells[kept]], 0.0)
    return _Moves(customer[kept], to[kept], cost, effect[kept])


def _counted(limit: Limit, first: IntArray, offers: int) -> IntArray:
    """Return (kinds, K) whether a limit counts an offer given to a customer of each kind."""
    counted = np.zeros((len(first), offers), dtype=np.int64)
    counted[:, list(limit.offers)] = 1
    if limit.rows is not None:
        counted[~limit.rows[first]] = 0
    return counted


def _shortest_chain(moves: _Moves, used: IntArray, limits: list[Limit]) -> list[int] | None:
    """Return the cheapest moves that together bring the counts nearer, none of them twice."""
    start = _off(used, limits)
    ticket = itertools.count()
    heap: list[tuple[float, int, tuple[int, ...], list[int]]] = [
        (0.0, next(ticket), tuple(np.zeros(len(limits), dtype=np.int64).tolist()), [])
    ]
    seen: set[tuple[int, ...]] = set()
    while heap and len(seen) < MOST_CHAINS:
        cost, _, change, chain = heapq.heappop(heap)
        if change in seen:
            continue
        seen.add(change)
        if _off(used + np.array(change), limits) < start:
            return chain
        if len(chain) == LONGEST_CHAIN:
            continue
        busy = set(moves.customer[chain].tolist())
        after = np.array(change) + moves.effect
        for at, state in enumerate(map(tuple, after.tolist())):
            if state not in seen and int(moves.customer[at]) not in busy:
                heapq.heappush(
                    heap, (cost + float(moves.cost[at]), next(ticket), state, [*chain, at])
                )
    return None


def amounts_over(problem: Problem, given: IntArray) -> FloatArray:
    """Return (m,) by how much each limit on amounts is broken, signed; 0 for counts."""
    offers = problem.values.shape[1]
    over = np.zeros(len(problem.limits))
    for c, limit in enumerate(problem.limits):
        if limit.counts:
            continue
        used = used_by(limit, given, offers)
        over[c] = max(used - limit.high - room(limit.high), 0.0) - max(
            limit.low - used - room(limit.low), 0.0
        )
    return over


def room(bound: float) -> float:
    """Return the rounding error a bound on amounts is given, in its own unit."""
    return SLACK * max(1.0, abs(bound)) if np.isfinite(bound) else 0.0


def fill_up(problem: Problem, given: IntArray) -> IntArray:
    """Give single customers better offers while the limits leave room for it.

    Args:
        problem: values, cells and limits, all of which `given` keeps.
        given: (n,) offers.

    Cost: O(gainful cells x limits) a move, at most 200 moves.
    """
    n, offers = problem.values.shape
    given = given.copy()
    uses = [coefficients(limit, (n, offers)) for limit in problem.limits]
    used = np.array([used_by(limit, given, offers) for limit in problem.limits])
    gain = problem.values - problem.values[np.arange(n), given][:, None]
    if problem.open_cells is not None:
        gain = np.where(problem.open_cells, gain, -np.inf)
    for _ in range(MOST_FILLS):
        who, to = np.nonzero(gain > 0)
        change = np.stack([u[who, to] - u[who, given[who]] for u in uses])
        fits = np.ones(len(who), dtype=np.bool_)
        for c, limit in enumerate(problem.limits):
            after = used[c] + change[c]
            fits &= (after <= limit.high) | (change[c] <= 0)
            fits &= (after >= limit.low) | (change[c] >= 0)
        if not fits.any():
            return given
        at = int(np.flatnonzero(fits)[gain[who[fits], to[fits]].argmax()])
        used += change[:, at]
        gain[who[at]] -= gain[who[at], to[at]]
        given[who[at]] = to[at]
    return given
