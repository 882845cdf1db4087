"""What limits count under offers with dials: a response surface of its own for every amount.

A cost or an outcome is learned at the nodes of the profit's surface, on the same folds, and spread
to the candidates. What the point alone settles ("the voucher is always paid") is taken as it is.
Cost: one more cross-fit for each amount that must be learned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.effects.crossfit import CrossFit
from handful.effects.dials import fit_nodes, spread_fit
from handful.effects.kernel import kernel_weights, rule_bandwidth
from handful.effects.nodes import NodeWeights, weigh_nodes
from handful.effects.response import dials_of, is_control, make_response, respond
from handful.effects.worlds import Workshop
from handful.experiment.records import Experiment
from handful.notation import Float32Array, FloatArray
from handful.progress import Progress

SAME: Final = 1e-12
LEAST_REPEATS: Final = 5
"""Rows a point has on average before rows that agree say that the point settles an amount."""


@dataclass(frozen=True, slots=True)
class Surface:
    """How the candidates of a log with dials follow from the nodes of its response surface.

    Attributes:
        nodes: phi and omega of every row.
        phi: (G, q) weights of the nodes at each candidate.
        kernel: (n, G) weights of each row in each candidate's score.
    """

    nodes: NodeWeights
    phi: FloatArray
    kernel: Float32Array


def make_surface(experiment: Experiment) -> Surface:
    """Return the nodes of a log and what its candidates are made of; reads no outcome.

    Args:
        experiment: a log with dials.

    Raises:
        ValueError: the log has no dials.

    Cost: O(n q^2 + n G (d + r)).
    """
    nodes = weigh_nodes(experiment, make_response(experiment))
    points = dials_of(experiment).candidates
    phi = respond(nodes.response, points, is_control(experiment, points))
    return Surface(nodes, phi, kernel_weights(experiment, points, rule_bandwidth(experiment)))


def fit_surface(
    experiment: Experiment, shop: Workshop, surface: Surface, fold: np.ndarray, progress: Progress
) -> CrossFit:
    """Cross-fit at the nodes and spread to the candidates, the mean curve left out.

    Args:
        experiment: a log with dials; its profit is what is learned.
        shop: opened with the same folds and nodes.
        surface: of the log.
        fold: (n,) folds.
        progress: told of every fold.

    Cost: that of `cross_fit`, and O(n q G).
    """
    fit = fit_nodes(experiment, shop, surface.nodes, fold, progress)
    return over_candidates(experiment, fit, surface)


def over_candidates(experiment: Experiment, fit: CrossFit, surface: Surface) -> CrossFit:
    """Return a cross-fit at the nodes as one of the candidates alone.

    Cost: O(n q G).
    """
    made = spread_fit(
        fit, surface.nodes, experiment.profit, surface.phi, surface.kernel, experiment.offers
    )
    return replace(made, at_nodes=None)


def settled_by_point(experiment: Experiment, values: FloatArray) -> FloatArray:
    """Return (G,) what an amount comes to at each candidate, NaN where it has to be learned.

    It is known where rows that received the same point always came to the same amount, at every
    point of the log. "No offer" is known as soon as its own rows agree. A candidate that no row
    received exactly is never known.

    Args:
        experiment: a log with dials.
        values: (n,) an amount per row.

    Cost: O(n log n).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("quadratic_dial", n=2_000, random_state=1).experiment
        >>> paid = 2.0 * log.dials.received[:, 0]
        >>> settled_by_point(log, paid)[:3].tolist()
        [0.0, 0.02, 0.04]
        >>> bool(np.isnan(settled_by_point(log, paid * log.profit)[1]))
        True
    """
    dials = dials_of(experiment)
    tried, at = np.unique(dials.received, axis=0, return_inverse=True, equal_nan=True)
    at = at.reshape(-1)
    least, most = np.full(len(tried), np.inf), np.full(len(tried), -np.inf)
    np.minimum.at(least, at, values)
    np.maximum.at(most, at, values)
    agree = most - least <= SAME * np.maximum(1.0, np.abs(most))
    repeated = len(values) >= LEAST_REPEATS * len(tried)
    silent = is_control(experiment, tried)
    known = agree & (silent | (bool(agree.all()) and repeated))
    place = {point.tobytes(): k for k, point in enumerate(tried)}
    where = [place.get(point.tobytes(), -1) for point in np.ascontiguousarray(dials.candidates)]
    return np.array([least[k] if k >= 0 and known[k] else np.nan for k in where])
