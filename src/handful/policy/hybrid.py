"""A rule of three questions by hybrid search: exact depth-2 trees below promising first questions.

A full depth-3 search costs S p times a depth-2 one. Here every first question is valued by exact
look-ahead (the best depth-2 tree that starts with it); below the most promising, one a feature, and
below the greedy one, both sides get the exact depth-2 tree of their own rows, with cut points of
their own; then the first question is asked again with both sides fixed. Never below the depth-2
tree. Cost O(M p^2 (n K + S^2 K)) for M first questions tried.
Reference: the hybrid search of Sverdrup, Kanodia, Zhou, Athey and Wager, policytree (2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.experiment.records import Features
from handful.notation import AnyFloatArray
from handful.policy.records import RuleTree, Split
from handful.policy.rules import (
    MIN_ROWS,
    SPLIT_POINTS,
    Search,
    answers_yes,
    assign_tree,
    best_tree,
    histogram,
    search_pairs,
    sums_of_yes,
    tree_of,
    unasked,
    weighted_gains,
)

FIRST_QUESTIONS: Final = 6
"""First questions below which both sides are searched exactly."""

MORE_ROUNDS: Final = 2
"""Times that the first question is asked again with both sides fixed."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What is searched: see `hybrid_tree`."""

    scores: AnyFloatArray
    features: Features
    offers: tuple[int, ...]
    split_points: int
    min_rows: int


def hybrid_tree(
    scores: AnyFloatArray,
    features: Features,
    offers: Sequence[int],
    *,
    split_points: int = SPLIT_POINTS,
    min_rows: int = MIN_ROWS,
) -> RuleTree:
    """Find a depth-3 tree over the menu: exact depth-2 trees below the best first questions.

    max over first questions q tried of T_2(rows that answer yes) + T_2(rows that answer no), T_2
    the exact depth-2 tree.

    Args:
        scores: (n, G) money per customer.
        features: (n, p) features.
        offers: column numbers that a leaf may give, the menu.
        split_points: cut points of a number and levels of a category, at most.
        min_rows: rows that every leaf must hold.

    Returns:
        The tree, of depth 3 only where the third question adds value.

    Raises:
        DataError: P720, P721 as in `best_tree`.

    Cost O(M p^2 (n K + S^2 K)) time for M first questions tried, O(n (p + K)) memory.

    Example:
        >>> from itertools import product
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("a", "b", "c"), ("number",) * 3, ((),) * 3)
        >>> cube = np.array(list(product((0.0, 1.0), repeat=3)) * 4)
        >>> odd = cube.sum(axis=1, keepdims=True) % 2
        >>> features = Features(schema, np.asfortranarray(cube))
        >>> hybrid_tree(np.hstack([1 - odd, odd]), features, (0, 1), min_rows=1).value
        32.0
    """
    found = search_pairs(weighted_gains(scores, offers, None), features, split_points, min_rows)
    best = tree_of(found, features, offers)
    job = _Job(scores, features, tuple(offers), split_points, min_rows)
    for first in _first_questions(found, min_rows):
        tree = _below(first, job)
        for _ in range(MORE_ROUNDS):
            again = _ask_again(found, tree, job)
            other = tree if again is None or again == tree.root else _below(again, job)
            if other.value <= tree.value + found.tie:
                break
            tree = other
        if tree.value > best.value + found.tie:
            best = tree
    return best


def _first_questions(found: Search, min_rows: int) -> list[Split]:
    """Return the questions with the best exact look-ahead, one a feature, and the greedy one."""
    ahead = [second.value.sum(axis=0) for second in found.seconds]
    at_once = [unasked(found.gains, one, min_rows).value.sum(axis=0) for one in found.asked]
    order = sorted(range(len(ahead)), key=lambda at: -float(ahead[at].max()))
    tried = [(at, ahead[at]) for at in order[:FIRST_QUESTIONS]]
    if at_once:
        greedy = max(range(len(at_once)), key=lambda at: float(at_once[at].max()))
        tried.append((greedy, at_once[greedy]))
    best = [(at, int(value.argmax())) for at, value in tried if np.isfinite(value.max())]
    return list(dict.fromkeys(found.asked[at].splits[split] for at, split in best))


def _below(first: Split, job: _Job) -> RuleTree:
    """Put the exact depth-2 tree of its own rows below each answer to the first question."""
    yes_rows = answers_yes(first, job.features.values[:, first.feature])
    yes, no = (
        best_tree(
            job.scores[rows],
            job.features.rows(rows),
            job.offers,
            split_points=job.split_points,
            min_rows=job.min_rows,
        )
        for rows in (yes_rows, ~yes_rows)
    )
    return joined(first, yes, no)


def joined(first: Split, yes: RuleTree, no: RuleTree) -> RuleTree:
    """Put two trees of the same depth below a first question.

    Example:
        >>> over = Split(0, "over", 40.0, False, False)
        >>> joined(over, RuleTree((), (1,), 2.0), RuleTree((), (0,), 3.0))
        RuleTree(questions=(Split(...),), leaves=(1, 0), value=5.0)
    """
    questions: list[Split | None] = [first]
    for level in range(yes.depth):
        part = slice(2**level - 1, 2 ** (level + 1) - 1)
        questions += [*yes.questions[part], *no.questions[part]]
    return RuleTree(tuple(questions), yes.leaves + no.leaves, yes.value + no.value)


def _ask_again(found: Search, tree: RuleTree, job: _Job) -> Split | None:
    """Return the first question that is best with both sides fixed.

    max over q of sum over the rows that answer yes of (score of the yes side - of the no side).
    """
    q = tree.questions
    sides = (
        RuleTree((q[1], q[3], q[4]), tree.leaves[:4], 0.0),
        RuleTree((q[2], q[5], q[6]), tree.leaves[4:], 0.0),
    )
    rows = np.arange(job.scores.shape[0])
    worth = [job.scores[rows, assign_tree(side, job.features)] for side in sides]
    gains = np.vstack([worth[0] - worth[1], np.ones(rows.size)])
    best: tuple[float, Split | None] = (-np.inf, tree.root)
    for one in found.asked:
        gained, count = sums_of_yes(histogram(gains, one.codes, one.bins), one)
        gained[(count < job.min_rows) | (count > rows.size - job.min_rows)] = -np.inf
        at = int(gained.argmax())
        if gained[at] > best[0]:
            best = (float(gained[at]), one.splits[at])
    return best[1]
