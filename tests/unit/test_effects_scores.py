"""Doubly robust scores and closed cells, by hand."""

from __future__ import annotations

import numpy as np

from handful.effects.scores import close_cells, doubly_robust


def test_scores_by_hand() -> None:
    outcome = np.array([[1.0, 2.0, 3.0], [0.5, 0.5, 0.5]])
    scores = doubly_robust(outcome, np.array([4.0, 0.0]), np.array([1, 2]), np.array([0.25, 0.5]))
    # row 0 got offer 1: 2 + (4 - 2) / 0.25; row 1 got offer 2: 0.5 + (0 - 0.5) / 0.5
    assert scores.tolist() == [[1.0, 10.0, 3.0], [0.5, 0.5, -0.5]]
    assert outcome.tolist() == [[1.0, 2.0, 3.0], [0.5, 0.5, 0.5]]


def test_scores_average_to_the_arm_mean_whatever_the_outcome_model_says() -> None:
    """With shares e_g observed in the sample, sum Gamma_g / n is the arm's mean for constant mu."""
    offer = np.array([0, 0, 0, 1])
    profit = np.array([1.0, 2.0, 6.0, 5.0])
    shares = np.array([0.75, 0.25])
    wrong = np.tile([100.0, -7.0], (4, 1))
    scores = doubly_robust(wrong, profit, offer, shares[offer])
    np.testing.assert_allclose(scores.mean(axis=0), [3.0, 5.0], rtol=1e-13)


def test_closed_cells_hold_the_fallbacks_score() -> None:
    scores = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    cells = np.array([[True, False, True], [True, True, False]])
    closed = close_cells(scores, cells, np.array([0, 1]))
    assert closed.tolist() == [[1.0, 1.0, 3.0], [4.0, 5.0, 5.0]]
