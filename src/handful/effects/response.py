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

from handful.experiment.dials import categorical, widths
from handful.experiment.records import Dials, Experiment
from handful.notation import BoolArray, FloatArray

FEW_LEVELS: Final = 12
"""A dial tried at no more values than this is a list of levels: nothing between them is offered."""

MOST_ALONG: Final = {1: 6, 2: 4, 3: 3}
"""Nodes along one dial, by the number of dials that are numbers (docs/decisions/0010)."""

MOST_DEGREE: Final = {1: 4, 2: 3, 3: 2}
"""Customers may differ in a polynomial of this total degree; the rest of the curve is common."""

SLACK: Final = 1e-9
"""Points closer than this share of a dial's range are the same."""


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


def dials_of(experiment: Experiment) -> Dials:
    """Return the dials of a log that has them.

    Raises:
        ValueError: it has none.
    """
    if experiment.dials is None:
        raise ValueError("expected an experiment with dials")
    return experiment.dials


def is_control(experiment: Experiment, points: FloatArray) -> BoolArray:
    """Return (m,) True where a point is "no offer": NaN, or exactly the control's own point."""
    silent = np.isnan(points).any(axis=1)
    if experiment.control is not None:
        dials = dials_of(experiment)
        apart = np.abs(points - dials.candidates[experiment.control]) / widths(dials)
        silent = silent | (apart <= SLACK).all(axis=1)
    return np.asarray(silent, dtype=np.bool_)


def make_response(experiment: Experiment) -> Response:
    """Lay out the nodes: they depend on what was tried alone, never on an outcome.

    Along a dial with few levels nodes are levels, otherwise they are spread evenly over what was
    tried. A categorical dial has a node for each of its levels.

    Args:
        experiment: a log with dials.

    Raises:
        ValueError: the log has no dials.

    Cost: O(n log n).
    """
    dials = dials_of(experiment)
    tried = dials.received[~is_control(experiment, dials.received)]
    numbers = ~categorical(dials)
    most = MOST_ALONG[max(int(numbers.sum()), 1)]
    axes = tuple(
        _axis(np.unique(tried[:, k]), most)
        if numbers[k]
        else tuple(float(level) for level in range(len(dials.levels[k])))
        for k in range(tried.shape[1])
    )
    return Response(axes, experiment.control is not None)


def _axis(levels: FloatArray, most: int) -> tuple[float, ...]:
    if len(levels) > FEW_LEVELS:
        return tuple(np.linspace(levels[0], levels[-1], most).tolist())
    nodes = min(most, len(levels))
    return tuple(levels[np.round(np.linspace(0, len(levels) - 1, nodes)).astype(np.int64)].tolist())


def plain_shapes(experiment: Experiment, response: Response) -> FloatArray:
    """Return (q, r) node values of the simple surfaces that customers may differ in.

    "No offer" against the rest, and products of powers of the dials up to a total degree; a level
    of a categorical dial counts as degree one.

    Args:
        experiment: a log with dials.
        response: its nodes.

    Cost: O(q r).
    """
    labels = categorical(dials_of(experiment))
    degree = MOST_DEGREE[max(int((~labels).sum()), 1)]
    along = [_powers(axis, label) for axis, label in zip(response.axes, labels, strict=True)]
    shapes = []
    for picked in product(*along):
        if sum(d for d, _ in picked) <= degree + int(labels.sum()):
            values = reduce(np.multiply.outer, [v for _, v in picked])
            shapes.append((sum(d for d, _ in picked), values.ravel()))
    grid = np.column_stack([v for _, v in sorted(shapes, key=lambda shape: shape[0])])
    if not response.control:
        return grid
    shown = np.zeros((1 + len(grid), 1 + grid.shape[1]))
    shown[0, 0] = 1.0
    shown[1:, 1:] = grid
    return shown


def _powers(axis: tuple[float, ...], label: bool) -> list[tuple[int, FloatArray]]:
    """Return (degree, values at the nodes) of one dial's shapes."""
    nodes = np.asarray(axis)
    if label:
        return [(0, np.ones(len(nodes)))] + [(1, row) for row in np.eye(len(nodes))[1:]]
    scaled = (nodes - nodes.mean()) / (np.ptp(nodes) or 1.0) * 2.0
    return [(p, scaled**p) for p in range(min(len(nodes), max(MOST_DEGREE.values()) + 1))]
