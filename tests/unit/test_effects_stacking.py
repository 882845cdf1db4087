"""Stack weights at corners, on sides and inside; the guard; folds."""

from __future__ import annotations

import numpy as np
import pytest

from handful.effects.folds import count_folds, make_folds
from handful.effects.stacking import stack
from handful.errors import BriefError

N = 400
RNG = np.random.default_rng(0)
FIRST = RNG.normal(size=(N, 2))
SECOND = RNG.normal(size=(N, 2))
# Exactly orthogonal and of the same size, so that optimal weights can be read off.
SECOND -= FIRST * (np.vdot(FIRST, SECOND) / np.vdot(FIRST, FIRST))
SECOND *= np.sqrt(np.vdot(FIRST, FIRST) / np.vdot(SECOND, SECOND))
ROWS = np.arange(N)


def _weights(residual) -> tuple[float, float]:
    found = stack(residual, FIRST, SECOND, ROWS)
    assert found.additive + found.boosted + found.same_for_all == pytest.approx(1.0)
    return found.additive, found.boosted


@pytest.mark.parametrize(
    ("residual", "expected"),
    [
        (FIRST, (1.0, 0.0)),
        (SECOND, (0.0, 1.0)),
        (-FIRST - SECOND, (0.0, 0.0)),
        (3.0 * FIRST, (1.0, 0.0)),
        (0.3 * FIRST + 0.2 * SECOND, (0.3, 0.2)),
        (0.7 * FIRST - 0.5 * SECOND, (0.7, 0.0)),
        # unconstrained (0.9, 0.5): the nearest point of the side a + b = 1
        (0.9 * FIRST + 0.5 * SECOND, (0.7, 0.3)),
    ],
)
def test_weights_of_a_known_mixture(residual, expected) -> None:
    assert _weights(residual) == pytest.approx(expected, abs=1e-12)


def test_weights_are_the_best_on_a_fine_grid() -> None:
    rng = np.random.default_rng(1)
    residual = 0.4 * FIRST + 0.3 * SECOND + rng.normal(size=(N, 2))
    correlated = SECOND + 0.8 * FIRST

    def loss(a, b):
        return float(np.sum((residual - a * FIRST - b * correlated) ** 2))

    found = stack(residual, FIRST, correlated, ROWS)
    grid = np.linspace(0, 1, 51)
    best = min(loss(a, b) for a in grid for b in grid if a + b <= 1 + 1e-12)
    assert loss(found.additive, found.boosted) <= best


def test_a_gain_within_one_standard_error_is_no_gain() -> None:
    """model = signal on every row; gain_i = 2 signal_i residual_i - signal_i^2."""
    signal = np.full((100, 1), 0.1)
    nothing = np.zeros_like(signal)
    noisy = np.where(np.arange(100) % 2 == 0, 1.0, -1.0)[:, None] + 0.1
    # best weight 1; gains 0.21 and -0.19 in turn: sum 1.0, standard error 0.2 * 10 = 2
    kept = stack(noisy, signal, nothing, np.arange(100))
    assert (kept.additive, kept.boosted) == (0.0, 0.0)
    # the same numbers where two neighbours form a cluster: every cluster gains 0.02, error 0
    assert stack(noisy, signal, nothing, np.arange(100) // 2).additive == pytest.approx(1.0)


def test_folds_keep_clusters_whole_and_even() -> None:
    cluster = np.repeat(np.arange(23), 7)
    fold = make_folds(cluster, 5, np.random.default_rng(0))
    of_cluster = [np.unique(fold[cluster == c]) for c in range(23)]
    assert all(len(found) == 1 for found in of_cluster)
    sizes = np.bincount(np.concatenate(of_cluster), minlength=5)
    assert sorted(sizes.tolist()) == [4, 4, 5, 5, 5]
    again = make_folds(cluster, 5, np.random.default_rng(0))
    other = make_folds(cluster, 5, np.random.default_rng(1))
    assert np.array_equal(fold, again)
    assert not np.array_equal(fold, other)


@pytest.mark.parametrize(("clusters", "asked"), [(100, 3), (3, 5)])
def test_too_few_folds_are_refused(clusters, asked) -> None:
    with pytest.raises(BriefError) as refusal:
        count_folds(np.arange(clusters), asked)
    assert [finding.code for finding in refusal.value.findings] == ["E504"]


def test_folds_are_no_more_than_clusters() -> None:
    assert count_folds(np.arange(4), 10) == 4
