"""The doubly robust score matrix: what each offer would have brought from each row, unbiased.

Gamma_ig = mu_g(x_i) + 1{t_i = g} (y_i - mu_g(x_i)) / e_g(s_i)
(Robins and Rotnitzky 1995; for many arms Zhou, Athey and Wager 2023). Cost O(n G).
"""

from __future__ import annotations

import numpy as np

from handful.notation import Float32Array, FloatArray, IntArray


def doubly_robust(
    outcome: FloatArray, profit: FloatArray, offer: IntArray, received: FloatArray
) -> FloatArray:
    """Return the (n, G) scores from out-of-fold outcome predictions.

    Args:
        outcome: (n, G) predicted profit mu, made without the row's own fold.
        profit: (n,) realised profit.
        offer: (n,) offer received.
        received: (n,) design probability of the offer received.

    Example:
        >>> doubly_robust(np.zeros((1, 2)), np.array([3.0]), np.array([1]), np.array([0.5]))
        array([[0., 6.]])
    """
    scores = outcome.copy()
    rows = np.arange(len(profit))
    scores[rows, offer] += (profit - outcome[rows, offer]) / received
    return scores


def node_scores(
    outcome: FloatArray, profit: FloatArray, columns: FloatArray, inverse: FloatArray
) -> FloatArray:
    """Return the (n, q) scores at the nodes of a response surface.

    Gamma_i = mu(x_i) + omega_i (y_i - phi(t_i) . mu(x_i))

    Args:
        outcome: (n, q) predicted profit at the nodes, made without the row's own fold.
        profit: (n,) realised profit.
        columns: (n, q) phi(t_i).
        inverse: (n, q) omega_i, see `effects.nodes`.

    Example:
        >>> phi = np.array([[0.5, 0.5]])
        >>> node_scores(np.zeros((1, 2)), np.array([3.0]), phi, np.array([[1.0, 2.0]]))
        array([[3., 6.]])
    """
    missed = profit - np.einsum("nq,nq->n", columns, outcome)
    scores: FloatArray = outcome + inverse * missed[:, None]
    return scores


def kernel_scores(
    predicted: FloatArray,
    profit: FloatArray,
    at_received: FloatArray | None,
    kernel: Float32Array,
) -> FloatArray:
    """Return the (n, G) scores of offers with dials, see `effects.kernel`.

    Gamma_ig = P_ig + w_ig (y_i - P(x_i, t_i)); where only candidates are predicted, P_ig stands
    in for P(x_i, t_i).

    Args:
        predicted: (n, G) predicted profit, made without the row's own fold.
        profit: (n,) realised profit.
        at_received: (n,) predicted profit at what the row received, or None.
        kernel: (n, G) weights w.

    Example:
        >>> kernel_scores(np.ones((1, 2)), np.array([3.0]), np.ones(1), np.array([[0.0, 2.0]]))
        array([[1., 5.]])
    """
    if at_received is None:
        near: FloatArray = predicted + kernel * (profit[:, None] - predicted)
        return near
    missed = (profit - at_received).astype(kernel.dtype)
    scores: FloatArray = predicted + kernel * missed[:, None]
    return scores


def close_cells(scores: FloatArray, open_cells: np.ndarray, fallback: IntArray) -> FloatArray:
    """Give closed cells the score of the row's fallback offer: what would really be given there."""
    kept = scores[np.arange(len(scores)), fallback]
    closed: FloatArray = np.where(open_cells, scores, kept[:, None])
    return closed
