"""The depth-2 tree against a search over every tree, one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from handful.experiment.records import Features, FeatureSchema
from handful.policy.records import RuleTree, Split
from handful.policy.rules import assign_tree, best_tree
from handful.policy.splits import bin_feature


def _every_question(features: Features, points: int) -> list[Split]:
    return [
        split
        for column, kind in enumerate(features.schema.kinds)
        for split in bin_feature(column, kind, features.values[:, column], points).splits
    ]


def _says_yes(split: Split, features: Features) -> np.ndarray:
    answers = []
    for value in features.values[:, split.feature].tolist():
        if value != value:
            answers.append(split.missing_yes)
        elif split.test == "missing":
            answers.append(False)
        else:
            answers.append(value > split.value if split.test == "over" else value == split.value)
    return np.array(answers, dtype=np.bool_)


def _leaf(scores: np.ndarray, rows: np.ndarray, min_rows: int) -> float:
    return scores[rows].sum(axis=0).max() if rows.sum() >= min_rows else -np.inf


def _best_value(features: Features, scores: np.ndarray, points: int, min_rows: int) -> float:
    everyone = np.ones(scores.shape[0], dtype=np.bool_)
    answers = [_says_yes(split, features) for split in _every_question(features, points)]
    best = scores.sum(axis=0).max()
    for first in answers:
        sides = [
            max(
                [_leaf(scores, side, min_rows)]
                + [
                    _leaf(scores, side & then, min_rows) + _leaf(scores, side & ~then, min_rows)
                    for then in answers
                ]
            )
            for side in (first, everyone & ~first)
        ]
        best = max(best, sum(sides))
    return best


def _random_case(seed: int) -> tuple[Features, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(1, 40)), int(rng.integers(1, 4))
    kinds = tuple(rng.choice(["number", "category"], columns).tolist())
    values = np.round(rng.normal(size=(rows, columns)), 1)
    for column, kind in enumerate(kinds):
        if kind == "category":
            values[:, column] = rng.integers(0, 4, rows)
    values[rng.random(values.shape) < rng.choice([0.0, 0.2])] = np.nan
    levels = tuple(("a", "b", "c", "d") if kind == "category" else () for kind in kinds)
    schema = FeatureSchema(tuple(f"x{column}" for column in range(columns)), kinds, levels)
    scores = rng.normal(size=(rows, int(rng.integers(1, 4))))
    return Features(schema, np.asfortranarray(values)), scores


@pytest.mark.parametrize("seed", range(60))
def test_no_tree_collects_more(seed: int) -> None:
    features, scores = _random_case(seed)
    points, min_rows = 3 + seed % 4, 1 + seed % 3
    offers = tuple(range(scores.shape[1]))
    tree = best_tree(scores, features, offers, split_points=points, min_rows=min_rows)
    best = _best_value(features, scores, points, min_rows)
    codes = assign_tree(tree, features)
    collected = scores[np.arange(scores.shape[0]), codes].sum()
    assert tree.value == pytest.approx(best, abs=1e-9)
    assert collected == pytest.approx(best, abs=1e-9)


def test_exact_ties_are_found_with_the_fewest_questions() -> None:
    values = np.array(list(itertools.product((0.0, 1.0), repeat=3)) * 4)
    schema = FeatureSchema(("a", "b", "c"), ("number",) * 3, ((), (), ()))
    features = Features(schema, np.asfortranarray(values))
    scores = np.zeros((32, 2))
    scores[:, 1] = np.where(values[:, 1] > 0, 1.0, -1.0)
    tree = best_tree(scores, features, (0, 1), min_rows=1)
    assert tree == RuleTree(
        (Split(1, "over", 0.0, False, False, (0.0, 1.0)), None, None), (1, 1, 0, 0), 16.0
    )


def test_a_crossed_effect_needs_both_questions() -> None:
    values = np.array(list(itertools.product((0.0, 1.0), repeat=2)) * 10)
    features = Features(FeatureSchema(("a", "b"), ("number",) * 2, ((), ())), values)
    scores = np.zeros((40, 2))
    scores[:, 1] = np.where(values[:, 0] == values[:, 1], 1.0, -1.0)
    tree = best_tree(scores, features, (0, 1), min_rows=10)
    assert tree.value == 20.0
    assert (assign_tree(tree, features) == (values[:, 0] == values[:, 1])).all()


@pytest.mark.parametrize("seed", range(5))
def test_neither_order_nor_unit_of_money_changes_the_rule(seed: int) -> None:
    features, scores = _random_case(seed)
    offers = tuple(range(scores.shape[1]))
    tree = best_tree(scores, features, offers, min_rows=1)
    order = np.random.default_rng(seed).permutation(scores.shape[0])
    shuffled = best_tree(scores[order], features.rows(order), offers, min_rows=1)
    assert shuffled.value == pytest.approx(tree.value)
    quarters = best_tree(scores * 4, features, offers, min_rows=1)
    assert quarters == RuleTree(tree.questions, tree.leaves, tree.value * 4)
