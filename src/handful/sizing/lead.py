"""Power of the first question: is the best single offer above no offer?

As handful asks it: the offer is chosen on the other folds and valued on this one, the lead has its
own 95 % interval, and the best offer of all rows must not be the control. Choosing out of fold
takes care of the number of offers: no other correction is made there, and none is made here. One
offer has the gain, the others none, which is the hardest case. Drawn from the normal law of the
fold means. Cost O(draws J G).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from handful.evidence.bands import critical_value
from handful.evidence.instability import choice_noise
from handful.notation import FloatArray
from handful.sizing.noise import design_effect, noise_of
from handful.sizing.records import Facts

FOLDS: Final = 5
DRAWS: Final = 4_000
CRITICAL: Final = critical_value(np.eye(1), np.ones(1), 0)
"""Of one interval alone, as handful draws it."""


@lru_cache(maxsize=8)
def _normals(draws: int, columns: int) -> FloatArray:
    """Return the same normals for the same shape: power then moves smoothly with rows and gain."""
    return np.random.default_rng([0, draws, columns]).standard_normal((draws, columns))


def lead_power(facts: Facts, shares: FloatArray, rows: float, gain: float) -> float:
    """Return the chance that handful's verdict finds the best offer above no offer.

    Args:
        facts: what is known beforehand.
        shares: (G,) of the offers, the control first.
        rows: of the experiment.
        gain: of the one good offer, money per customer.

    Returns:
        A probability.

    Cost: O(draws J G).

    Example:
        >>> from handful.sizing.noise import equal_shares
        >>> facts = Facts(("none", "mail"), 0.0, 1.0, 0.2, 0.1, 0.05)
        >>> 0.75 < lead_power(facts, equal_shares(2), 785, 0.2) < 0.82
        True
    """
    offers = len(shares)
    mean = np.zeros(offers)
    mean[1] = gain
    noise = np.full(offers, noise_of(facts, 0.0))
    noise[1] = noise_of(facts, gain)
    variance = noise * design_effect(facts) / (shares * rows)
    drawn = _normals(DRAWS, FOLDS * offers).reshape(DRAWS, FOLDS, offers)
    fold = mean + drawn * np.sqrt(variance * FOLDS)
    others = (fold.sum(axis=1, keepdims=True) - fold) / (FOLDS - 1)
    chosen = np.argmax(others, axis=2)
    value = np.take_along_axis(fold, chosen[:, :, None], axis=2)[:, :, 0]
    lead = (value - fold[:, :, 0]).mean(axis=1)
    spent = np.where(chosen == 0, 0.0, variance[chosen] + variance[0]).mean(axis=1)
    seen = fold.mean(axis=1)
    error = np.sqrt(spent + _choosing(seen, variance))
    told = (lead > CRITICAL * error) & (seen.argmax(axis=1) != 0)
    return float(np.mean(told))


def _choosing(seen: FloatArray, variance: FloatArray) -> FloatArray:
    """Return (draws,) what handful adds to the variance where the two best offers nearly tie."""
    order = np.argsort(seen, axis=1)[:, -2:]
    best = np.take_along_axis(seen, order, axis=1)
    unit = variance[order].mean(axis=1)
    gaps, added = _near_ties()
    extra: FloatArray = np.interp((best[:, 1] - best[:, 0]) / np.sqrt(unit), gaps, added) * unit
    return extra


@lru_cache(maxsize=1)
def _near_ties() -> tuple[FloatArray, FloatArray]:
    """Return gaps between two offers and the variance that choosing adds, both in their noise."""
    gaps = np.linspace(0.0, 6.0, 25)
    added = [choice_noise(np.array([gap, 0.0]), np.eye(2), FOLDS, 0) for gap in gaps]
    return gaps, np.array(added)


def lead_error(facts: Facts, shares: FloatArray, rows: float, gain: float) -> float:
    """Return the standard error of the good offer's lead over the control.

    Cost: O(1).
    """
    parts = noise_of(facts, gain) / shares[1] + noise_of(facts, 0.0) / shares[0]
    return float(np.sqrt(parts * design_effect(facts) / rows))
