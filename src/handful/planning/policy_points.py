"""Offers of any policy as points of the dials: names that are no candidates are read as points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.brief.dial_limits import read_point
from handful.brief.dials import number_text
from handful.errors import BriefError, blocked
from handful.experiment.dials import point_names
from handful.experiment.records import Dials, Experiment
from handful.notation import FloatArray, IntArray

MOST_POINTS: Final = 200
"""Points of a policy besides the candidates: every row has a weight in the score of each."""


@dataclass(frozen=True, slots=True)
class OnPoints:
    """Offers of a policy, row by row.

    Attributes:
        codes: (n,) offer codes of the log; G + k is the k-th of the points; -1 is no offer known.
        points: (m, d) points of the dials that are no candidates.
    """

    codes: IntArray
    points: FloatArray


def on_points(experiment: Experiment, names: Sequence[object]) -> OnPoints:
    """Return the offers that names stand for: candidates, or other points of the dials.

    Args:
        experiment: the log.
        names: (n,) such as "amount 85", as the assignments of a plan hold them.

    Raises:
        BriefError: E531 more than `MOST_POINTS` points that are no candidates.

    Cost: O(n log n).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("promotions_dials", n=2_000, random_state=1).experiment
        >>> found = on_points(log, ["no offer", "discount 0.11, minimum_basket 25", "what"])
        >>> found.codes.tolist()[::2], found.points.tolist()
        ([0, -1], [[0.11, 25.0]])
    """
    place = {name: g for g, name in enumerate(experiment.offers)}
    said, inverse = np.unique(np.array([str(name) for name in names]), return_inverse=True)
    found: list[list[float]] = []
    codes = np.full(len(said), -1, dtype=np.int64)
    for at, text in enumerate(said.tolist()):
        point = None if text in place else _point(experiment.dials, text)
        if experiment.dials is not None and point is not None:
            name = point_names(experiment.dials, np.array([point]))[0]
            if name not in place:
                place[name] = len(place)
                found.append(point)
            codes[at] = place[name]
        else:
            codes[at] = place.get(text, -1)
    if len(found) > MOST_POINTS:
        message = f"policy: {len(found)} different points besides the candidates; at most "
        message += f"{MOST_POINTS} can be valued."
        raise BriefError(blocked("E531", message, "Round the points to steps that can be said."))
    width = 1 if experiment.dials is None else len(experiment.dials.names)
    return OnPoints(codes[inverse.reshape(-1)], np.array(found).reshape(len(found), width))


def _point(dials: Dials | None, text: str) -> list[float] | None:
    """Return the numbers of a point, a level's code; None where the text is no point."""
    said = None if dials is None else read_point(text, dials.names)
    if dials is None or said is None:
        return None
    numbers: list[float] = []
    for j, name in enumerate(dials.names):
        value, levels = said[name], dials.levels[j] if dials.levels else ()
        level = value if isinstance(value, str) else number_text(value)
        if levels and level in levels:
            numbers.append(float(levels.index(level)))
        elif not levels and not isinstance(value, str) and np.isfinite(value):
            numbers.append(value)
        else:
            return None
    return numbers
