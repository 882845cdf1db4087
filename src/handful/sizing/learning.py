"""How well effects are learned from n rows: a curve of two numbers, measured by simulation.

A learner sees the contrast of offers with signal s and noise v per row; what it predicts correlates
with the truth by

    rho(n)^2 = s^2 / (s^2 + k v / n),   k = a + b p,

k being the parameters it effectively spends, p the features. `studies/sizing.py` measures k: it
differs between settings by about a third up or down, which moves rows by about a tenth.
"""

from __future__ import annotations

import math
from typing import Final

TEST_SPEND: Final = (8.0, 1.3)
"""(a, b) of the two small models that the heterogeneity test reads."""

PLAN_SPEND: Final = (16.0, 1.0)
"""(a, b) of the stacked model that a plan assigns by."""


def correlation(signal: float, noise: float, rows: float, spend: float) -> float:
    """Return rho, how predictions learned on some rows correlate with true effects.

    Args:
        signal: variance of the true contrast between customers, money squared.
        noise: variance of a row's score of that contrast, money squared.
        rows: learned on.
        spend: k, effective parameters.

    Returns:
        A number between 0 and 1.

    Example:
        >>> round(correlation(1.0, 1.0, 100, 25.0), 3)
        0.894
    """
    if signal <= 0.0 or rows <= 0.0:
        return 0.0
    return math.sqrt(signal / (signal + spend * noise / rows))


def spend_of(law: tuple[float, float], features: int) -> float:
    """Return k = a + b p.

    Example:
        >>> spend_of((10.0, 1.2), 5)
        16.0
    """
    return law[0] + law[1] * features


def true_spread(seen: float, noise: float, rows: float, spend: float) -> float:
    """Return the spread of true effects of which predictions learned on these rows show a part.

    seen = s rho(s), solved for s:  s^2 = (seen^2 + sqrt(seen^4 + 4 seen^2 k v / n)) / 2.

    Args:
        seen: sd of true effects along the predictions, money.
        noise: variance of a row's score, money squared.
        rows: learned on.
        spend: k.

    Example:
        >>> round(true_spread(correlation(1.0, 1.0, 100, 25.0), 1.0, 100, 25.0), 6)
        1.0
    """
    lost = spend * noise / rows
    return math.sqrt((seen**2 + math.sqrt(seen**4 + 4.0 * seen**2 * lost)) / 2.0)
