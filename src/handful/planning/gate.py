"""The gate between two waves: does the programme earn what it promised, against its holdout?

gain = mean profit of those in the programme - mean profit of the held-out, with a normal 95 %
interval. The held-out were drawn by a hash of their id, so this is a randomised comparison and
needs no model. They are few, and few of them buy: where by chance none of the big buyers is among
them, their mean and their variance are both too small, and nothing would look like a gain. Each
side therefore has at least the variance of all results together. Cost O(n) hashes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from scipy.stats import binomtest

from handful.errors import DataError, blocked
from handful.evidence.records import Estimate
from handful.notation import FloatArray
from handful.planning.rollout import Rollout, held_out

Z95: Final = 1.959963984540054
FEWEST: Final = 50
"""Customers on either side below which a mean is no evidence."""
MISMATCH: Final = 0.001
"""Chance below which the share held out is not the one that was drawn."""

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
        DataError: G135 fewer than 50 customers in the programme or held out; G140 another share is
            held out than was drawn, so some results are missing.

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
    _check_share(rollout.holdout, len(held), len(ids))
    value, least = float(treated.mean() - held.mean()), profit.var(ddof=1)
    se = math.sqrt(sum(max(side.var(ddof=1), least) / len(side) for side in (treated, held)))
    gain = Estimate(value, se, value - Z95 * se, value + Z95 * se)
    answer: Answer = "open" if gain.lo > 0 else "stop" if gain.hi < 0 else "wait"
    return Gate(answer, gain, promised, _agrees(gain, promised), len(treated), len(held))


def _check_share(holdout: float, held: int, count: int) -> None:
    """Refuse results of other customers than were drawn: non-buyers left out, or another wave."""
    if binomtest(held, count, holdout).pvalue < MISMATCH:
        message = (
            f"expected {holdout:.3g} of the customers held out, found {held:,} of {count:,}: the "
            "results are not of all who were drawn, so both sides cannot be compared."
        )
        remedy = "Give a row per customer of the wave, 0 where nothing was bought; see --wave."
        raise DataError(blocked("G140", message, remedy))


def _agrees(gain: Estimate, promised: Estimate | None) -> bool | None:
    if promised is None:
        return None
    apart = math.hypot(gain.se, promised.se)
    return abs(gain.value - promised.value) <= Z95 * apart
