"""Rules of three questions, and rules that may cut anywhere, against slower searches."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from handful.experiment.records import Features, FeatureSchema
from handful.policy.greedy import learn_tree
from handful.policy.hybrid import hybrid_tree
from handful.policy.rules import assign_tree, best_tree


def _case(seed: int, rows: int = 300, columns: int = 3) -> tuple[Features, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = np.asfortranarray(rng.lognormal(size=(rows, columns)))
    values[:, 0] = rng.integers(0, 3, rows)
    values[rng.random(values.shape) < 0.05] = np.nan
    kinds = ("category", *["number"] * (columns - 1))
    levels = (("a", "b", "c"), *[()] * (columns - 1))
    schema = FeatureSchema(tuple(f"x{c}" for c in range(columns)), kinds, levels)
    return Features(schema, values), rng.standard_t(3, size=(rows, 3))


def _collected(scores: np.ndarray, codes: np.ndarray) -> float:
    return float(scores[np.arange(len(scores)), codes].sum())


def _greedy(features: Features, scores: np.ndarray, depth: int, least: int) -> float:
    """Total of the greedy tree, every threshold tried one by one."""
    rows, best = len(scores), float(scores.sum(axis=0).max())
    if depth == 0:
        return best
    top, split = best, None
    for column, kind in enumerate(features.schema.kinds):
        x = features.values[:, column]
        missing = np.isnan(x)
        answers = [missing]
        for value in np.unique(x[~missing]):
            answers += [x == value] if kind == "category" else [x > value, (x > value) | missing]
        for yes in answers:
            if least <= yes.sum() <= rows - least:
                found = scores[yes].sum(axis=0).max() + scores[~yes].sum(axis=0).max()
                if found > top + 1e-9:
                    top, split = found, yes
    if split is None:
        return best
    return sum(
        _greedy(features.rows(side), scores[side], depth - 1, least) for side in (split, ~split)
    )


@pytest.mark.parametrize(("seed", "depth"), list(itertools.product(range(6), (2, 3))))
def test_never_below_the_greedy_tree(seed: int, depth: int) -> None:
    features, scores = _case(seed)
    tree = learn_tree(scores, features, (0, 1, 2), depth=depth, split_points=4, min_rows=10)
    collected = _collected(scores, assign_tree(tree, features))
    assert collected == pytest.approx(tree.value)
    assert collected >= _greedy(features, scores, depth, 10) - 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_three_questions_collect_at_least_what_two_do(seed: int) -> None:
    features, scores = _case(seed, columns=5)
    two = best_tree(scores, features, (0, 1, 2), min_rows=10)
    three = hybrid_tree(scores, features, (0, 1, 2), min_rows=10)
    assert three.value >= two.value
    assert _collected(scores, assign_tree(three, features)) == pytest.approx(three.value)


def test_three_questions_hold_enough_rows_in_every_leaf() -> None:
    features, scores = _case(9)
    tree = hybrid_tree(scores, features, (0, 1, 2), min_rows=30)
    numbered = tree.__class__(tree.questions, tuple(range(8)), 0.0)
    sizes = np.bincount(assign_tree(numbered, features), minlength=8)
    assert tree.depth == 3
    assert sizes[sizes > 0].min() >= 30


def test_a_step_between_round_numbers_is_found() -> None:
    values = np.linspace(0.0, 1.0, 1_000)[:, np.newaxis]
    features = Features(FeatureSchema(("x",), ("number",), ((),)), values)
    scores = np.where(values > 0.1237, [[0.0, 1.0]], [[1.0, 0.0]])
    assert best_tree(scores, features, (0, 1), split_points=2).value < 1_000
    assert learn_tree(scores, features, (0, 1), split_points=2).value == 1_000


def test_the_unit_of_money_changes_nothing() -> None:
    features, scores = _case(4)
    one = learn_tree(scores, features, (0, 1, 2), depth=3, min_rows=10)
    other = learn_tree(scores * 8, features, (0, 1, 2), depth=3, min_rows=10)
    assert (one.questions, one.leaves) == (other.questions, other.leaves)
