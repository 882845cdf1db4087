"""Chance in a policy: a known share of customers get an offer drawn by a hash of their id.

u_i = the first 53 bits of SHA-256("salt:id") / 2^53; offer k is drawn where u_i falls into the k-th
of consecutive intervals as long as the offers' probabilities, and the policy's own offer stays
where u_i is beyond them all. The same customer and salt give the same draw on every machine, and
nothing about the customer but the id enters. Who knows the salt can undo the draw: it is secret.
Cost O(n) hashes.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

import numpy as np

from handful.errors import DataError, blocked
from handful.notation import FloatArray, IntArray
from handful.policy.records import Chance

BITS: Final = 53
KEPT: Final = -1
"""Where no offer is drawn: the policy's own stays."""


def uniform(salt: str, customer: object) -> float:
    """Return the customer's number in [0, 1).

    Args:
        salt: of the policy.
        customer: id, text or a whole number (7 and "7" are the same customer).

    Example:
        >>> round(uniform("s", 7), 6), uniform("s", 7) == uniform("s", "7")
        (0.143578, True)
    """
    digest = hashlib.sha256(f"{salt}:{customer}".encode()).digest()
    return float((int.from_bytes(digest[:8], "big") >> (64 - BITS)) / 2**BITS)


def draw_one(chance: Chance, customer: object) -> int:
    """Return the offer drawn for one customer, or KEPT.

    Example:
        >>> draw_one(Chance((2,), (1.0,), "s"), "anybody"), draw_one(Chance((), (), "s"), "anybody")
        (2, -1)
    """
    place = bisect_right(list(accumulate(chance.probability)), uniform(chance.salt, customer))
    return chance.offers[place] if place < len(chance.offers) else KEPT


def draw(chance: Chance, customers: Iterable[object] | None, rows: int) -> IntArray:
    """Return (n,) the offer drawn for each customer, KEPT where the policy's own stays.

    Args:
        chance: offers, their probabilities, the salt.
        customers: ids of the n customers.
        rows: n.

    Raises:
        DataError: P712 there is not one id per customer.

    Example:
        >>> draw(Chance((0, 2), (0.5, 0.25), "s"), ["a", "b", "c"], 3).tolist()
        [-1, -1, 2]
    """
    ids = [] if customers is None else list(customers)
    if len(ids) != rows:
        message = f"the policy draws offers by customer id; expected {rows} ids, found {len(ids)}."
        raise DataError(blocked("P712", message, "Give the ids of the customers."))
    return np.fromiter((draw_one(chance, i) for i in ids), dtype=np.int64, count=rows)


def propensities(chance: Chance, own: IntArray, given: IntArray) -> FloatArray:
    """Return the probability with which each customer was given the offer that was given.

    p_i = keep 1{own_i = given_i} + probability of given_i in the draw.

    Args:
        chance: of the policy.
        own: (n,) the policy's own offers.
        given: (n,) the offers given.

    Example:
        >>> propensities(Chance((1,), (0.2,), "s"), np.array([0, 0]), np.array([0, 1])).tolist()
        [0.8, 0.2]
    """
    drawn = np.zeros(max(int(given.max(initial=0)), *chance.offers, 0) + 1)
    np.add.at(drawn, np.array(chance.offers, dtype=np.int64), chance.probability)
    kept: FloatArray = chance.keep * (own == given) + drawn[given]
    return kept
