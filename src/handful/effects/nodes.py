"""How a row's outcome speaks for every node of a response surface: inverse design weights.

With m_s = E[phi | s] and V_s the pseudo-inverse of Cov[phi | s],

    omega_i = 1 + V_s (phi(t_i) - m_s),    Gamma_i = mu(x_i) + omega_i (y_i - phi(t_i) . mu(x_i)).

Where every node is identified, omega = E[phi phi' | s]^-1 phi(t_i): with indicators for phi that is
1{t_i = g} / e_g. A direction in which a stratum hardly tried anything is left out: there a row says
nothing about differences between offers. Cost O(n q^2 + S q^3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.effects.response import Response, is_control, respond
from handful.experiment.records import Dials, Experiment
from handful.notation import FloatArray

LEAST_SPREAD: Final = 0.02
"""A stratum's spread along a direction, as a share of the whole log's, below which it is closed."""


@dataclass(frozen=True, slots=True)
class NodeWeights:
    """What the learner needs to treat nodes as offers.

    Attributes:
        response: the nodes.
        columns: (n, q) phi(t_i).
        inverse: (n, q) omega_i.
        level: (q,) weights of the level: E[phi], adding up to 1.
        root, back: (q, q) contrasts of unit noise = (Gamma - level) root, and the way back.
    """

    response: Response
    columns: FloatArray
    inverse: FloatArray
    level: FloatArray
    root: FloatArray
    back: FloatArray


def weigh_nodes(experiment: Experiment, dials: Dials, response: Response) -> NodeWeights:
    """Return phi, omega and the scale of contrasts; reads no outcome.

    Args:
        experiment: the log.
        dials: what its rows received.
        response: the nodes.

    Cost: O(n q^2 + S q^3).
    """
    columns = respond(response, dials.received, is_control(experiment))
    second = columns.T @ columns / len(columns)
    values, vectors = np.linalg.eigh(second)
    values = np.maximum(values, 1e-9 * values.max())
    root = (vectors * np.sqrt(values)) @ vectors.T
    back = (vectors / np.sqrt(values)) @ vectors.T
    inverse = np.ones_like(columns)
    order = np.argsort(experiment.stratum, kind="stable")
    ends = np.cumsum(np.bincount(experiment.stratum, minlength=len(experiment.strata)))
    for rows in np.split(order, ends[:-1]):
        if len(rows) > 1:
            inverse[rows] += _within(columns[rows], back)
    return NodeWeights(response, columns, inverse, columns.mean(axis=0), root, back)


def _within(columns: FloatArray, back: FloatArray) -> FloatArray:
    """Return V_s (phi - m_s) for the rows of one stratum."""
    mean = columns.mean(axis=0)
    whitened = (columns - mean) @ back
    values, vectors = np.linalg.eigh(whitened.T @ whitened / len(columns))
    kept = values > LEAST_SPREAD
    found = ((whitened @ vectors[:, kept]) / values[kept]) @ vectors[:, kept].T @ back
    # The pseudo-inverse is free along the constant: m_s' v = 0 makes v a pure contrast.
    contrast: FloatArray = found - (found @ mean)[:, None]
    return contrast
