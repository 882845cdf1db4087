"""The frozen records of an allocation under limits: what is asked, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.notation import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Limit:
    """One linear limit on who gets which: low <= sum_i a_i,pi(i) <= high.

    a_ik = amounts_ik where amounts are given; otherwise 1 where offer k is one of `offers` and
    customer i one of `rows`, so that the limit counts customers.

    Attributes:
        name: as the brief calls it.
        low, high: in the unit of the amounts, or customers; infinite where there is none.
        offers: columns counted.
        rows: (n,) True for the customers counted; None for all.
        amounts: (n, K) or (1, K) cost or outcome of each offer to each customer.
    """

    name: str
    low: float = -np.inf
    high: float = np.inf
    offers: tuple[int, ...] = ()
    rows: BoolArray | None = None
    amounts: FloatArray | None = None

    @property
    def counts(self) -> bool:
        """Whether the limit counts customers, in whole numbers."""
        return self.amounts is None


@dataclass(frozen=True, slots=True)
class Problem:
    """Who may get which, what it is worth, and the limits on all of it together.

    Attributes:
        values: (n, K) money per customer.
        open_cells: (n, K) True where an offer may be given; None when all may.
        limits: the limits.
    """

    values: FloatArray
    open_cells: BoolArray | None
    limits: tuple[Limit, ...]

    def take(self, rows: IntArray) -> Problem:
        """Return the problem of some customers, with the limits' bounds as they are.

        Example:
            >>> Problem(np.eye(2), None, ()).take(np.array([1])).values.tolist()
            [[0.0, 1.0]]
        """
        cells = None if self.open_cells is None else self.open_cells[rows]
        return Problem(self.values[rows], cells, tuple(limit_rows(x, rows) for x in self.limits))


@dataclass(frozen=True, slots=True)
class Allocation:
    """The best assignment found within the limits, and how far from the best it can be.

    Attributes:
        offer: (n,) columns given.
        prices: (m,) money per unit of each limit: positive where `high` binds (one more unit of it
            is worth that), negative where `low` does (one unit less of it is worth the opposite).
        used: (m,) what the assignment uses of each limit.
        value: money, the sum of the values given.
        bound: money that no assignment within the limits can exceed.
    """

    offer: IntArray
    prices: FloatArray
    used: FloatArray
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """The duality gap in money: what a better assignment could at most add."""
        return max(self.bound - self.value, 0.0)


def limit_rows(limit: Limit, rows: IntArray) -> Limit:
    """Return the same limit over some customers only; bounds stay as they are."""
    kept = None if limit.rows is None else limit.rows[rows]
    amounts = limit.amounts
    if amounts is not None and len(amounts) > 1:
        amounts = amounts[rows]
    return Limit(limit.name, limit.low, limit.high, limit.offers, kept, amounts)


def coefficients(limit: Limit, shape: tuple[int, int]) -> FloatArray:
    """Return (n, K) what each cell uses of a limit.

    Example:
        >>> coefficients(Limit("a", offers=(1,)), (2, 2)).tolist()
        [[0.0, 1.0], [0.0, 1.0]]
    """
    if limit.amounts is not None:
        return np.broadcast_to(limit.amounts, shape)
    counted = np.zeros(shape)
    counted[:, list(limit.offers)] = 1.0
    if limit.rows is not None:
        counted[~limit.rows] = 0.0
    return counted


def used_by(limit: Limit, offer: IntArray, offers: int) -> float:
    """Return what an assignment uses of a limit.

    Example:
        >>> used_by(Limit("a", offers=(1,)), np.array([1, 0, 1]), 2)
        2.0
    """
    if limit.amounts is not None:
        amounts = np.broadcast_to(limit.amounts, (len(offer), offers))
        return float(amounts[np.arange(len(offer)), offer].sum())
    taken = np.isin(offer, limit.offers)
    return float((taken if limit.rows is None else taken & limit.rows).sum())


def priced(problem: Problem, prices: FloatArray) -> FloatArray:
    """Return (n, K) values less what each cell uses at the prices; -inf where closed.

    v_ik = P_ik - sum_c lambda_c a_c,ik: with the right prices everybody's best offer is the best
    assignment within the limits.

    Cost O(n K) for each limit that has a price.
    """
    shape = problem.values.shape
    left = np.array(problem.values, dtype=np.float64, order="F")
    for limit, price in zip(problem.limits, prices, strict=True):
        if not price:
            continue
        if limit.amounts is None:
            for k in limit.offers:
                left[:, k] -= price if limit.rows is None else price * limit.rows
        else:
            left -= price * np.broadcast_to(limit.amounts, shape)
    if problem.open_cells is not None:
        left[~problem.open_cells] = -np.inf
    return left
