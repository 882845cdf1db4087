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

from handful.effects.response import Response, dials_of, is_control, plain_shapes, respond
from handful.experiment.records import Experiment
from handful.notation import FloatArray

LEAST_SPREAD: Final = 0.02
"""A stratum's spread along a direction, as a share of the whole log's, below which it is closed."""


TINY: Final = 1e-9
ROUNDING: Final = 1e-8


@dataclass(frozen=True, slots=True)
class NodeWeights:
    """What the learner needs to treat nodes as offers.

    Attributes:
        response: the nodes.
        columns: (n, q) phi(t_i).
        inverse: (n, q) omega_i.
        level: (q,) weights of the level: E[phi], adding up to 1.
        root, back: (q, q - 1) and (q - 1, q), contrasts of unit noise = (Gamma - level) root and
            the way back, simple shapes first.
        learned: number of contrasts that customers may differ in; the rest are one for all.
    """

    response: Response
    columns: FloatArray
    inverse: FloatArray
    level: FloatArray
    root: FloatArray
    back: FloatArray
    learned: int


def weigh_nodes(experiment: Experiment, response: Response) -> NodeWeights:
    """Return phi, omega and the scale of contrasts; reads no outcome.

    Args:
        experiment: a log with dials.
        response: the nodes.

    Cost: O(n q^2 + S q^3).
    """
    received = dials_of(experiment).received
    columns = respond(response, received, is_control(experiment, received))
    second = columns.T @ columns / len(columns)
    shapes, learned = _directions(second, plain_shapes(experiment, response))
    root, back = second @ shapes, shapes.T
    inverse = np.ones_like(columns)
    order = np.argsort(experiment.stratum, kind="stable")
    ends = np.cumsum(np.bincount(experiment.stratum, minlength=len(experiment.strata)))
    for rows in np.split(order, ends[:-1]):
        if len(rows) > 1:
            inverse[rows] += _within(columns[rows], back)
    level = columns.mean(axis=0)
    return NodeWeights(response, columns, inverse, level, root, back, learned)


def _directions(second: FloatArray, plain: FloatArray) -> tuple[FloatArray, int]:
    """Return (q, q - 1) surfaces u with u'W u = I and u'W 1 = 0, simple ones first, and how many.

    W = E[phi phi']: in these coordinates scores carry noise of one unit each, uncorrelated.
    """
    values, vectors = np.linalg.eigh(second)
    kept = values > TINY * values.max()
    root = (vectors[:, kept] * np.sqrt(values[kept])).T
    back = vectors[:, kept] / np.sqrt(values[kept])
    level = root.sum(axis=1, keepdims=True)
    simple = _beyond(level, root @ plain)
    rest = _beyond(np.column_stack([level, simple]), np.eye(len(root)))
    return back @ np.column_stack([simple, rest]), simple.shape[1]


def _beyond(known: FloatArray, columns: FloatArray) -> FloatArray:
    """Return an orthonormal basis of what the columns add, one after the other, to the known."""
    found = known / np.linalg.norm(known, axis=0)
    at = found.shape[1]
    for column in columns.T:
        left = column - found @ (found.T @ column)
        left -= found @ (found.T @ left)
        length = float(np.linalg.norm(left))
        if length > ROUNDING * max(float(np.linalg.norm(column)), ROUNDING):
            found = np.column_stack([found, left / length])
    beyond: FloatArray = found[:, at:]
    return beyond


def _within(columns: FloatArray, back: FloatArray) -> FloatArray:
    """Return V_s (phi - m_s) for the rows of one stratum."""
    mean = columns.mean(axis=0)
    whitened = (columns - mean) @ back.T
    values, vectors = np.linalg.eigh(whitened.T @ whitened / len(columns))
    kept = values > LEAST_SPREAD
    found = ((whitened @ vectors[:, kept]) / values[kept]) @ vectors[:, kept].T @ back
    # The pseudo-inverse is free along the constant: m_s' v = 0 makes v a pure contrast.
    contrast: FloatArray = found - (found @ mean)[:, None]
    return contrast
