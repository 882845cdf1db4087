"""What a fold is valued with has not seen that fold's outcomes: not one bit of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.effects.crossfit import CrossFit, cross_fit, learn_whole, open_workshop
from handful.effects.folds import make_folds
from handful.effects.given import give_effects
from handful.effects.heterogeneity import measure_heterogeneity
from handful.effects.predict import predict_profit
from handful.effects.scores import doubly_robust
from handful.effects.worlds import held_rounds, rounds_of
from handful.experiment.records import Experiment
from handful.experiment.simulate import SCENARIOS, simulate
from handful.experiment.tails import tail_facts

CHANGED = 2
CLUSTERED = replace(SCENARIOS["clusters"], offers=3, categories=1, missing=0.1, unequal_shares=True)


def _log(kind, n: int = 1500) -> tuple[Experiment, np.ndarray]:
    log = simulate(kind, n=n, offers=3, random_state=1).experiment
    return log, make_folds(log.cluster, 5, np.random.default_rng(0))


def _fit(log: Experiment, fold: np.ndarray, learn_rows: int = 10**6) -> CrossFit:
    return cross_fit(log, open_workshop(log, fold, learn_rows=learn_rows, random_state=0), fold)


def _with(log: Experiment, rows: np.ndarray, profit: np.ndarray) -> Experiment:
    changed = log.profit.copy()
    changed[rows] = profit
    return replace(log, profit=changed)


def _shuffled(profit: np.ndarray) -> np.ndarray:
    return np.random.default_rng(5).permutation(profit)


def _larger(profit: np.ndarray) -> np.ndarray:
    return 3.0 * profit + np.random.default_rng(6).normal(size=len(profit))


def _assert_unmoved(before: CrossFit, after: CrossFit) -> None:
    mine = before.fold == CHANGED
    world, again = before.worlds[CHANGED], after.worlds[CHANGED]
    assert np.array_equal(before.predicted[mine], after.predicted[mine])
    assert np.array_equal(world.rows, again.rows)
    assert np.array_equal(world.predicted, again.predicted)
    assert np.array_equal(world.scores, again.scores)
    # the change is real: the other folds did see it
    assert not np.array_equal(before.predicted[~mine], after.predicted[~mine])


@pytest.mark.parametrize("kind", ["types", "smooth", CLUSTERED], ids=["types", "smooth", "mixed"])
@pytest.mark.parametrize("change", [_shuffled, _larger])
def test_no_bit_of_a_folds_outcomes_reaches_what_values_it(kind, change) -> None:
    log, fold = _log(kind)
    mine = fold == CHANGED
    assert not tail_facts(log.profit).heavy
    _assert_unmoved(_fit(log, fold), _fit(_with(log, mine, change(log.profit[mine])), fold))


def test_nor_when_learning_on_a_sample() -> None:
    log, fold = _log("smooth", 2000)
    mine = fold == CHANGED
    changed = _with(log, mine, _larger(log.profit[mine]))
    _assert_unmoved(_fit(log, fold, 1200), _fit(changed, fold, 1200))


def test_nor_with_a_heavy_tail_while_the_limits_stand() -> None:
    """With a heavy tail learners share two numbers, the limits: rounded, and the same here."""
    log, fold = _log("heavy", 3000)
    mine = fold == CHANGED
    changed = _with(log, mine, _shuffled(log.profit[mine]))
    before, after = tail_facts(log.profit), tail_facts(changed.profit)
    assert before.heavy
    assert before.limits == after.limits
    _assert_unmoved(_fit(log, fold), _fit(changed, fold))


def test_every_row_is_in_the_worlds_of_the_other_folds() -> None:
    log, fold = _log("types")
    for j, world in enumerate(_fit(log, fold).worlds):
        assert np.array_equal(np.sort(world.rows), np.flatnonzero(fold != j))


def test_scores_are_those_of_the_held_out_predictions() -> None:
    log, fold = _log(CLUSTERED)
    fit = _fit(log, fold)
    expected = doubly_robust(fit.predicted, log.profit, log.offer, log.design.received)
    assert np.array_equal(fit.scores, expected)
    for j, model in enumerate(fit.models):
        mine = fold == j
        found = predict_profit(model, log.features.rows(mine))
        assert np.array_equal(found, fit.predicted[mine])


def test_what_winsorising_took_away_is_given_back_on_average() -> None:
    """The mean predicted profit of an offer is near its mean raw profit, not the winsorised one."""
    log, fold = _log("heavy", 3000)
    facts = tail_facts(log.profit)
    shop = open_workshop(log, fold, learn_rows=10**6, random_state=0)
    predicted = predict_profit(learn_whole(log, shop).model, log.features).mean(axis=0)
    clipped = np.clip(log.profit, *facts.limits)
    for g in range(3):
        arm = log.offer == g
        raw, held = log.profit[arm].mean(), clipped[arm].mean()
        if raw - held > 0.02:
            assert abs(predicted[g] - raw) < abs(predicted[g] - held)
    assert any(log.profit[log.offer == g].max() > facts.limits[1] for g in range(3))


def test_trees_used_for_a_fold_end_where_its_own_loss_stalled() -> None:
    log, fold = _log("types")
    shop = open_workshop(log, fold, learn_rows=10**6, random_state=0)
    cross_fit(log, shop, fold)
    world = frozenset({0})
    used = held_rounds(shop, world, 10**6)
    assert used == {k: 2 * (len(shop.grown[frozenset({0, k})].curves[1]) - 1) for k in (1, 2, 3, 4)}
    assert rounds_of(shop, world) <= max(used.values())


def test_the_heterogeneity_test_does_not_depend_on_what_ran_before() -> None:
    log, fold = _log("types")
    fresh = open_workshop(log, fold, learn_rows=10**6, random_state=0)
    used = open_workshop(log, fold, learn_rows=10**6, random_state=0)
    cross_fit(log, used, fold)
    found = measure_heterogeneity(used)
    assert measure_heterogeneity(fresh) == found
    assert found.p_value < 1e-3


def _means_by_arm(log: Experiment, seed: int):
    """A learner of another library: profit regressed on x1 within each arm."""
    column = log.features.schema.names.index("x1")

    def predict(features):
        x = np.column_stack([np.ones(len(features.values)), features.values[:, column]])
        return x @ coefficients

    x = np.column_stack([np.ones(log.n_rows), log.features.values[:, column]])
    coefficients = np.column_stack(
        [
            np.linalg.lstsq(x[log.offer == g], log.profit[log.offer == g], rcond=None)[0]
            for g in range(log.n_offers)
        ]
    )
    return predict


def test_a_given_function_is_cross_fitted() -> None:
    log, fold = _log("types")
    mine = fold == CHANGED
    changed = _with(log, mine, _larger(log.profit[mine]))
    before = give_effects(log, _means_by_arm, 0).split(fold, 0)
    after = give_effects(changed, _means_by_arm, 0).split(fold, 0)
    _assert_unmoved(before, after)
    by_hand = _means_by_arm(log.take(~mine), 0)(log.features.rows(mine))
    assert np.array_equal(before.predicted[mine], by_hand)
    inner = fold == 4
    by_hand = _means_by_arm(log.take(~mine & ~inner), 0)(log.features.rows(inner))
    world = before.worlds[CHANGED]
    assert np.array_equal(world.predicted[np.isin(world.rows, np.flatnonzero(inner))], by_hand)
