"""Who gets which, as a table: customer, offer, segment, reason, expected_profit.

One row per customer. `segment` is the position (from 1) of the offer's segment in plan.json, null
for a fallback offer that has none. `expected_profit` is what the model itself claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from handful.policy.records import REASONS, Assignment, OfferPoints

COLUMNS = ("customer", "offer", "segment", "reason", "expected_profit")


def segment_numbers(offers: Sequence[str], segments: Sequence[str]) -> dict[int, int]:
    """Number the offers that have a segment: offer code -> position from 1.

    Args:
        offers: (G,) offer names.
        segments: offer of each segment, in plan.json's order.

    Returns:
        Code -> number for the offers with a segment.

    Example:
        >>> segment_numbers(("none", "mail", "call"), ("call", "none"))
        {2: 1, 0: 2}
    """
    return {offers.index(name): number for number, name in enumerate(segments, start=1)}


def assignment_table(
    customers: np.ndarray | pa.Array,
    decided: Assignment,
    offers: Sequence[str],
    segments: Mapping[int, int],
    points: OfferPoints | None = None,
) -> pa.Table:
    """Lay decisions out as the table of assignments.parquet.

    Args:
        customers: (n,) ids, text or whole numbers.
        decided: offer, reason and expected profit of each.
        offers: (G,) offer names.
        segments: offer code -> segment number.
        points: the numbers behind the offers' names, for a column per dial.

    Returns:
        A table of n rows with the columns `COLUMNS`, then one per dial, null for "no offer", then
        `propensity` where some offers were left to chance.

    Cost: O(n).

    Example:
        >>> decided = Assignment(np.array([1]), np.array([0]), np.array([0.5]))
        >>> assignment_table(np.array([7]), decided, ("none", "mail"), {1: 1})["offer"].to_pylist()
        ['mail']
    """
    numbers = pa.array([segments.get(code) for code in range(len(offers))], pa.int32())
    reasons = pa.array([REASONS[code] for code in sorted(REASONS)], pa.string())
    return pa.table(
        {
            "customer": _ids(customers),
            "offer": pa.array(offers, pa.string()).take(pa.array(decided.offer)),
            "segment": numbers.take(pa.array(decided.offer)),
            "reason": reasons.take(pa.array(decided.reason)),
            # Nobody was scored where consent decided: no number, not a NaN.
            "expected_profit": pa.array(decided.expected_profit, pa.float64(), from_pandas=True),
            **_dial_columns(points, decided),
            **({} if decided.propensity is None else {"propensity": decided.propensity}),
        }
    )


def _dial_columns(points: OfferPoints | None, decided: Assignment) -> dict[str, pa.Array]:
    """Return the value of each dial for every customer; a dial named like a column is renamed."""
    if points is None:
        return {}
    columns = {}
    for j, name in enumerate(points.dials):
        values = pa.array([None if point is None else point[j] for point in points.values])
        taken = values.take(pa.array(decided.offer))
        columns[f"dial_{name}" if name in COLUMNS else name] = taken
    return columns


def _ids(customers: np.ndarray | pa.Array) -> pa.Array:
    """Keep whole numbers as they are, anything else as text."""
    if isinstance(customers, pa.Array | pa.ChunkedArray):
        return customers
    if customers.dtype.kind in "iu":
        return pa.array(customers)
    return pa.array(customers.astype(object), pa.string())
