"""The response surface of an offer with dials: its values at a few nodes, and splines between them.

P(x, t) = sum_k phi_k(t) P(x, node_k). The basis is cardinal, phi_k(node_l) = 1{k = l}, and adds up
to one, so node k is treated like an offer of its own by everything that learns: with one node per
offer tried, phi is the indicator 1{t = g}. Along a dial the spline is a cubic with not-a-knot ends:
two nodes make a line, three a parabola, four a cubic. "No offer" is a node outside the box.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Final

import numpy as np
from scipy.interpolate import CubicSpline

from handful.experiment.records import Dials, Experiment
from handful.notation import BoolArray, FloatArray

FEW_LEVELS: Final = 12
"""A dial tried at no more values than this is a list of levels: nothing between them is offered."""

MOST_NODES: Final = 20
"""Nodes of a surface: more cost time and carry noise, and no curve here needs them."""

MOST_ALONG: Final = {1: 6, 2: 5, 3: 3}
"""Nodes along one dial, by the number of dials."""


@dataclass(frozen=True, slots=True)
class Response:
    """Where the nodes lie: the grid of the axes, and one more node for "no offer" if there is one.

    Attributes:
        axes: nodes along each dial, ascending.
        control: whether node 0 is "no offer"; the grid's nodes follow, last dial fastest.
    """

    axes: tuple[tuple[float, ...], ...]
    control: bool

    @property
    def n_nodes(self) -> int:
        """Number of nodes q."""
        return int(self.control) + int(np.prod([len(axis) for axis in self.axes]))


def respond(response: Response, points: FloatArray, no_offer: BoolArray) -> FloatArray:
    """Return phi (m, q), the weight of every node at every point.

    Args:
        response: the nodes.
        points: (m, d) dial settings; whatever stands where `no_offer` holds is not read.
        no_offer: (m,) True for "no offer".

    Returns:
        (m, q); every row adds up to one.

    Cost: O(m q).

    Example:
        >>> line = Response(((0.0, 1.0),), control=True)
        >>> respond(line, np.array([[0.25], [0.0]]), np.array([False, True])).tolist()
        [[0.0, 0.75, 0.25], [1.0, 0.0, 0.0]]
    """
    settings = np.where(no_offer[:, None], [axis[0] for axis in response.axes], points)
    along = [_along(axis, settings[:, k]) for k, axis in enumerate(response.axes)]
    grid = reduce(lambda a, b: (a[:, :, None] * b[:, None, :]).reshape(len(a), -1), along)
    if not response.control:
        return grid
    grid[no_offer] = 0.0
    return np.column_stack([no_offer.astype(np.float64), grid])


def _along(axis: tuple[float, ...], values: FloatArray) -> FloatArray:
    if len(axis) == 1:
        return np.ones((len(values), 1))
    held = np.clip(values, axis[0], axis[-1])
    weights: FloatArray = np.asarray(CubicSpline(axis, np.eye(len(axis)))(held))
    return weights


def is_control(experiment: Experiment) -> BoolArray:
    """Return (n,) True where a row received "no offer"."""
    if experiment.control is None:
        return np.zeros(experiment.n_rows, dtype=np.bool_)
    received: BoolArray = experiment.offer == experiment.control
    return received


def control_points(experiment: Experiment) -> BoolArray:
    """Return (G,) True for the candidate that means "no offer"."""
    code = -1 if experiment.control is None else experiment.control
    found: BoolArray = np.arange(experiment.n_offers) == code
    return found


def make_responses(experiment: Experiment, dials: Dials) -> tuple[Response, ...]:
    """Lay out the surfaces to choose from: every number of nodes along every dial.

    Along a dial with few levels nodes are levels, otherwise they are spread evenly over what was
    tried.

    Args:
        experiment: the log.
        dials: what its rows received.

    Returns:
        Surfaces of at most `MOST_NODES` nodes, few nodes first.

    Cost: O(n log n).
    """
    tried = dials.received[~is_control(experiment)]
    levels = [np.unique(tried[:, k]) for k in range(tried.shape[1])]
    choices = [_axes(found, MOST_ALONG[tried.shape[1]]) for found in levels]
    control = experiment.control is not None
    made = [Response(tuple(axes), control) for axes in product(*choices)]
    kept = [r for r in made if r.n_nodes <= MOST_NODES]
    return tuple(sorted(kept or made[:1], key=lambda r: (r.n_nodes, r.axes)))


def _axes(levels: FloatArray, most: int) -> list[tuple[float, ...]]:
    """Return the axes of two nodes, three nodes, ... along a dial with these values."""
    if len(levels) == 1:
        return [(float(levels[0]),)]
    axes = []
    for nodes in range(2, min(most, len(levels)) + 1):
        if len(levels) <= FEW_LEVELS:
            picked = levels[np.round(np.linspace(0, len(levels) - 1, nodes)).astype(np.int64)]
        else:
            picked = np.linspace(levels[0], levels[-1], nodes)
        axes.append(tuple(picked.tolist()))
    return axes
