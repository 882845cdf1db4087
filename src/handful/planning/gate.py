"""The gate between two waves: does the programme earn what it promised, against its holdout?

gain = mean profit of those in the programme - mean profit of the held-out, with a normal 95 %
interval from both variances. The held-out were drawn by a hash of their id, so this is a randomised
comparison and needs no model. Cost O(n) hashes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from handful.errors import DataError, blocked
from handful.evidence.records import Estimate
from handful.notation import FloatArray
from handful.planning.rollout import Rollout, held_out

Z95: Final = 1.959963984540054
FEWEST: Final = 50
"""Customers on either side below which a mean is no evidence."""

Answer = Literal["open", "wait", "stop"]


@dataclass(frozen=True, slots=True)
class Gate:
    """What a wave's results say.

    Attributes:
        answer: "open" the next wave (the whole interval is above zero), "stop" the programme (the
            whole interval is below zero), or "wait" for more customers.
        gain: money per customer over the holdout, with its 95 % interval.
        promised: what the plan said its gain over no offer was, held out; None where it said none.
        agrees: whether measured and promised gain differ by no more than chance; None without.
        treated, held: customers in the programme, and held out.
    """

    answer: Answer
    gain: Estimate
    promised: Estimate | None
    agrees: bool | None
    treated: int
    held: int


def weigh_wave(
    rollout: Rollout, ids: list[object], profit: FloatArray, promised: Estimate | None
) -> Gate:
    """Compare those in the programme with those held out of it.

    Args:
        rollout: of the plan; its holdout is drawn again from the ids.
        ids: of the n customers.
        profit: (n,) money that each brought since the wave began.
        promised: the plan's gain over no offer.

    Returns:
        Whether the next wave may begin.

    Raises:
        DataError: G135 fewer than 50 customers in the programme or held out.

    Cost: O(n) hashes.

    Example:
        >>> rollout = Rollout((), 0.5, "s", None, "high", (), False)
        >>> out = held_out(rollout, list(range(1000)))
        >>> weigh_wave(rollout, list(range(1000)), 1.0 - out, None).answer
        'open'
    """
    out = held_out(rollout, ids)
    treated, held = profit[~out], profit[out]
    if min(len(treated), len(held)) < FEWEST:
        message = (
            f"expected {FEWEST} customers in the programme and as many held out, found "
            f"{len(treated):,} and {len(held):,}."
        )
        remedy = "Wait for more results, or hold out a larger share next time."
        raise DataError(blocked("G135", message, remedy))
    value = float(treated.mean() - held.mean())
    se = math.sqrt(treated.var(ddof=1) / len(treated) + held.var(ddof=1) / len(held))
    gain = Estimate(value, se, value - Z95 * se, value + Z95 * se)
    answer: Answer = "open" if gain.lo > 0 else "stop" if gain.hi < 0 else "wait"
    return Gate(answer, gain, promised, _agrees(gain, promised), len(treated), len(held))


def _agrees(gain: Estimate, promised: Estimate | None) -> bool | None:
    if promised is None:
        return None
    apart = math.hypot(gain.se, promised.se)
    return abs(gain.value - promised.value) <= Z95 * apart
