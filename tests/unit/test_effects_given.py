"""Effects of another library: taken as an array, refused when they do not fit, copied."""

from __future__ import annotations

import numpy as np
import pytest

from handful.effects.distil import distil
from handful.effects.folds import make_folds
from handful.effects.given import give_effects
from handful.effects.predict import predict_profit
from handful.effects.scores import doubly_robust
from handful.errors import BriefError
from handful.experiment.simulate import simulate

DRAWN = simulate("types", n=1200, offers=3, random_state=3)
LOG, TRUTH = DRAWN.experiment, DRAWN.truth


def test_an_array_is_the_same_in_every_fold_and_the_reader_is_told() -> None:
    given = give_effects(LOG, TRUTH, 0)
    fold = make_folds(LOG.cluster, 5, np.random.default_rng(0))
    fit = given.split(fold, 0)
    expected = doubly_robust(TRUTH, LOG.profit, LOG.offer, LOG.design.received)
    assert np.array_equal(fit.predicted, TRUTH)
    assert np.array_equal(fit.scores, expected)
    for j, world in enumerate(fit.worlds):
        assert np.array_equal(world.rows, np.flatnonzero(fold != j))
        assert np.array_equal(world.predicted, TRUTH[world.rows])
        assert np.array_equal(world.scores, expected[world.rows])
    assert [finding.code for finding in given.findings] == ["E521", "E522"]
    assert np.array_equal(given.whole, TRUTH)


def test_a_function_needs_no_warning() -> None:
    given = give_effects(LOG, lambda log, seed: lambda features: _sloped(features), 0)
    assert [finding.code for finding in given.findings] == ["E522"]


def _sloped(features) -> np.ndarray:
    return features.values[:, :1] * np.array([0.0, 1.0, -1.0])


@pytest.mark.parametrize(
    "wrong", [TRUTH[:, :2], TRUTH[:-1], np.where(TRUTH > 0, np.nan, TRUTH), TRUTH.ravel()]
)
def test_effects_that_do_not_fit_are_refused(wrong) -> None:
    with pytest.raises(BriefError) as refusal:
        give_effects(LOG, wrong, 0)
    assert [finding.code for finding in refusal.value.findings] == ["E520"]
    assert "(1200, 3)" in refusal.value.findings[0].message


def test_a_copy_of_simple_effects_keeps_nearly_all_and_says_so() -> None:
    copy = distil(LOG, _sloped(LOG.features), 0)
    found = predict_profit(copy.model, LOG.features)
    contrast = _sloped(LOG.features) - found
    contrast -= contrast.mean(axis=1, keepdims=True)
    spread = _sloped(LOG.features)
    spread = spread - spread.mean(axis=1, keepdims=True)
    kept = 1 - np.sum(contrast**2) / np.sum((spread - spread.mean(axis=0)) ** 2)
    assert copy.finding.share == pytest.approx(kept, rel=1e-9)
    assert kept > 0.98
    assert copy.finding.level == "note"


def test_a_copy_that_loses_much_warns() -> None:
    noise = np.random.default_rng(0).normal(size=TRUTH.shape)
    copy = distil(LOG, noise, 0)
    assert copy.finding.level == "warn"
    assert copy.finding.share < 0.5


def test_a_constant_is_copied_without_trees() -> None:
    copy = distil(LOG, np.tile([1.0, 2.0, 3.0], (LOG.n_rows, 1)), 0)
    assert copy.model.forest is None
    np.testing.assert_allclose(
        predict_profit(copy.model, LOG.features)[:5], np.tile([1.0, 2.0, 3.0], (5, 1)), rtol=1e-6
    )
    assert copy.finding.share == 1.0
