"""The best policy that asks two questions at most: an exact depth-2 tree on a score matrix.

max over trees of sum_i w_i Gamma_i,leaf(x_i). For each pair of features (a, b) a joint histogram of
the scores, cumulated over the bins of both, gives the value of every second question on b below
every first question on a at once; the two sides of a first question are then chosen apart, so no
tree is left out. Cost O(p^2 (n K + S^2 K)) for p features, K offers and S questions per feature.
Reference: Zhou, Athey and Wager, Offline Multi-Action Policy Learning (2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handful.errors import DataError, blocked
from handful.experiment.records import Features
from handful.notation import AnyFloatArray, BoolArray, FloatArray, IntArray
from handful.policy.records import RuleTree, Split
from handful.policy.splits import Binned, bin_feature

SPLIT_POINTS = 32
MIN_ROWS = 50
TIE = 1e-12
"""Share of the sum of |scores| by which a larger tree must win: beyond any rounding of sums."""

NONE = -1
"""No second question."""


@dataclass(frozen=True, slots=True)
class Seconds:
    """The best second question on each side of each first question on one feature.

    Attributes:
        value: (2, S) sum of scores below the answers yes and no; minus infinity where too few rows.
        feature, split: (2, S) the second question; NONE where asking none is as good.
    """

    value: FloatArray
    feature: IntArray
    split: IntArray


@dataclass(frozen=True, slots=True)
class Pair:
    """First asked about one feature, then about another, which is number `place` of those asked."""

    first: Binned
    then: Binned
    place: int
    min_rows: int
    tie: float


@dataclass(frozen=True, slots=True)
class Search:
    """Everything an exact depth-2 search has found: the best seconds below every first question.

    Attributes:
        asked: the features that can answer a question.
        seconds: per feature of `asked`, the best second questions below its first ones.
        gains: (K + 1, n) weighted scores of the menu's offers, then a row of ones.
        tie: sum by which a larger tree must win.
    """

    asked: tuple[Binned, ...]
    seconds: tuple[Seconds, ...]
    gains: FloatArray
    tie: float


Questions = tuple[Split | None, Split | None, Split | None]
"""The first question, and those after yes and after no."""


def best_tree(
    scores: AnyFloatArray,
    features: Features,
    offers: Sequence[int],
    *,
    weights: FloatArray | None = None,
    split_points: int = SPLIT_POINTS,
    min_rows: int = MIN_ROWS,
) -> RuleTree:
    """Find the depth-2 tree over the menu that collects the largest sum of scores.

    max over trees pi of sum_i w_i Gamma_i,pi(x_i), over all questions of `splits.bin_feature`. A
    question is asked only where it adds value; ties go to the tree with fewer questions, then to
    the first feature. Where an offer is closed to a row, pass the score of what the row would get
    instead: a rule gives one offer to all, and the closed rows take their fallback.

    Args:
        scores: (n, G) money per customer.
        features: (n, p) features.
        offers: column numbers that a leaf may give, the menu.
        weights: (n,) customer weights, 1 when None.
        split_points: cut points of a number and levels of a category, at most.
        min_rows: rows that every leaf must hold.

    Returns:
        The tree; its splits number the columns of `features`.

    Raises:
        DataError: P720 no rows or no offers; P721 a score or a weight is not finite.

    Cost O(p^2 (n K + S^2 K)) time, O(n (p + K)) memory.

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> ages = Features(schema, np.arange(20.0, 60.0)[:, np.newaxis])
        >>> scores = np.where(ages.values > 40, [[0.0, 1.0]], [[1.0, 0.0]])
        >>> best_tree(scores, ages, (0, 1), min_rows=5).root.value
        40.0
    """
    found = search_pairs(weighted_gains(scores, offers, weights), features, split_points, min_rows)
    return tree_of(found, features, offers)


def search_pairs(gains: FloatArray, features: Features, split_points: int, min_rows: int) -> Search:
    """Find the best second questions below every first question, exactly.

    Args:
        gains: (K + 1, n) from `weighted_gains`.
        features: (n, p) features.
        split_points: cut points of a number and levels of a category, at most.
        min_rows: rows that every leaf must hold.

    Cost O(p^2 (n K + S^2 K)).
    """
    binned = [
        bin_feature(column, kind, features.values[:, column], split_points)
        for column, kind in enumerate(features.schema.kinds)
    ]
    asked = tuple(b for b in binned if b.splits)
    rows_wanted = max(min_rows, 1)
    tie = TIE * float(np.abs(gains[:-1]).sum())
    seconds = [unasked(gains, one, rows_wanted) for one in asked]
    for a, one in enumerate(asked):
        for b in range(a, len(asked)):
            sums = _joint_histogram(gains, one, asked[b])
            _ask_second(sums, Pair(one, asked[b], b, rows_wanted, tie), seconds[a])
            if b > a:
                turned = Pair(asked[b], one, a, rows_wanted, tie)
                _ask_second(sums.transpose(0, 2, 1), turned, seconds[b])
    return Search(asked, tuple(seconds), gains, tie)


def weighted_gains(
    scores: AnyFloatArray, offers: Sequence[int], weights: FloatArray | None
) -> FloatArray:
    """Return (K + 1, n): the weighted scores of the menu's offers, then a row of ones to count."""
    rows = scores.shape[0]
    if not rows or not len(offers):
        message = f"expected rows and offers to learn a rule; found {rows} and {len(offers)}."
        raise DataError(blocked("P720", message, "Learn rules on a log with rows and a menu."))
    gains = np.ones((len(offers) + 1, rows))
    for place, offer in enumerate(offers):
        gains[place] = scores[:, offer] if weights is None else scores[:, offer] * weights
    wrong = int((~np.isfinite(gains)).any(axis=0).sum())
    if wrong:
        message = f"expected finite scores and weights; found others in {wrong} rows."
        raise DataError(blocked("P721", message, "Give closed cells the score of the fallback."))
    return gains


def unasked(gains: FloatArray, one: Binned, min_rows: int) -> Seconds:
    """Value both sides of each first question as they are, without a second."""
    sums = histogram(gains, one.codes, one.bins)
    yes = sums_of_yes(sums, one)
    value = np.stack(
        [_leaf_value(side, min_rows) for side in (yes, sums.sum(axis=1)[:, np.newaxis] - yes)]
    )
    nothing = np.full(value.shape, NONE, dtype=np.int64)
    return Seconds(value, nothing, nothing.copy())


def _joint_histogram(gains: FloatArray, one: Binned, two: Binned) -> FloatArray:
    """Return (K + 1, bins of one, bins of two) sums of the gains."""
    sums = histogram(gains, one.codes * two.bins + two.codes, one.bins * two.bins)
    return sums.reshape(-1, one.bins, two.bins)


def histogram(gains: FloatArray, codes: IntArray, bins: int) -> FloatArray:
    """Return (K + 1, bins) sums of the gains."""
    sums = np.empty((gains.shape[0], bins))
    for place, row in enumerate(gains):
        sums[place] = np.bincount(codes, weights=row, minlength=bins)
    return sums


def sums_of_yes(sums: FloatArray, binned: Binned) -> FloatArray:
    """Sum the last axis, bins, over those that answer yes to each question: (..., S)."""
    yes: FloatArray
    if binned.ordered:
        known = sums[..., 1:].cumsum(axis=-1)
        yes = known[..., -1:] - known[..., binned.last_no - 1]
    else:
        yes = sums[..., binned.last_no].copy()
    missing = np.array([split.test == "missing" for split in binned.splits], dtype=np.bool_)
    yes[..., missing] = 0.0
    yes += sums[..., :1] * binned.missing_yes
    return yes


def _leaf_value(sums: FloatArray, min_rows: int) -> FloatArray:
    """Return the best offer's sum, minus infinity in a leaf of too few rows."""
    best: FloatArray = sums[:-1].max(axis=0)
    best[sums[-1] < min_rows] = -np.inf
    return best


def _ask_second(sums: FloatArray, pair: Pair, seconds: Seconds) -> None:
    """Improve the second questions on both sides with those on the pair's other feature."""
    first_yes = np.swapaxes(sums_of_yes(np.swapaxes(sums, 1, 2), pair.first), 1, 2)
    first_no = sums.sum(axis=1)[:, np.newaxis] - first_yes
    for answer, side in enumerate((first_yes, first_no)):
        yes = sums_of_yes(side, pair.then)
        no = side.sum(axis=2)[..., np.newaxis] - yes
        value = _leaf_value(yes, pair.min_rows) + _leaf_value(no, pair.min_rows)
        best = value.argmax(axis=1)
        found = np.take_along_axis(value, best[:, np.newaxis], axis=1)[:, 0]
        better = found > seconds.value[answer] + pair.tie
        seconds.value[answer, better] = found[better]
        seconds.feature[answer, better] = pair.place
        seconds.split[answer, better] = best[better]


def _choose(
    asked: Sequence[Binned], seconds: Sequence[Seconds], least: float, tie: float
) -> Questions:
    """Return the questions of the best tree, the fewest where values tie; none unless they pay."""
    chosen: Questions = (None, None, None)
    best, fewest = least, 0
    for one, second in zip(asked, seconds, strict=True):
        total = second.value.sum(axis=0)
        questions = (second.split != NONE).sum(axis=0) + 1
        level = total >= total.max() - tie
        split = int(np.where(level, questions, questions.max() + 1).argmin())
        ahead = total[split] - best
        if ahead < -tie or (ahead <= tie and questions[split] >= fewest):
            continue
        best, fewest = float(total[split]), int(questions[split])
        yes, no = (_second(asked, second, answer, split) for answer in (0, 1))
        chosen = (one.splits[split], yes, no)
    return chosen


def _second(asked: Sequence[Binned], seconds: Seconds, answer: int, split: int) -> Split | None:
    place = int(seconds.split[answer, split])
    return None if place == NONE else asked[seconds.feature[answer, split]].splits[place]


def tree_of(found: Search, features: Features, offers: Sequence[int]) -> RuleTree:
    """Return the best depth-2 tree that a search found.

    Every leaf gets the offer with the largest sum of scores, ties to the first of the menu.
    """
    least = float(found.gains[:-1].sum(axis=1).max())
    questions = _choose(found.asked, found.seconds, least, found.tie)
    root, yes, no = questions
    leaf = leaf_of(questions, features)
    sums = histogram(found.gains[:-1], leaf, 4)
    best = sums.argmax(axis=0)
    value = float(sums[best, np.arange(4)].sum())
    if yes is None:
        best[1] = best[0]
    if no is None:
        best[3] = best[2]
    if root is None:
        best[:] = best[0]
    return RuleTree(questions, tuple(int(offers[place]) for place in best), value)


def assign_tree(tree: RuleTree, features: Features) -> IntArray:
    """Return the offer code that a rule gives to every customer.

    Args:
        tree: its splits number the columns of `features`.
        features: (n, p) features in the columns and level codes that the tree was learned on.

    Returns:
        (n,) offer codes.

    Cost O(n).

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> over_40 = Split(0, "over", 40.0, False, False)
        >>> ages = Features(schema, np.array([[39.0], [41.0], [np.nan]]))
        >>> assign_tree(RuleTree((over_40,), (1, 0), 0.0), ages).tolist()
        [0, 1, 0]
    """
    leaves = np.array(tree.leaves, dtype=np.int64)
    codes: IntArray = leaves[leaf_of(tree.questions, features)]
    return codes


def leaf_of(questions: Sequence[Split | None], features: Features) -> IntArray:
    """Return (n,) the leaf of every row, 0 for yes...yes; a question not asked counts as yes.

    Cost O(n) a question.
    """
    place = np.zeros(features.values.shape[0], dtype=np.int64)
    for number, split in enumerate(questions):
        if split is not None:
            here = place == number
            place[here] = 2 * number + 2 - answers_yes(split, features.values[here, split.feature])
        else:
            place[place == number] = 2 * number + 1
    return place - len(questions)


def answers_yes(split: Split, values: FloatArray) -> BoolArray:
    """Return which values of the question's feature answer yes."""
    missing = np.isnan(values)
    if split.test == "missing":
        return missing
    yes: BoolArray = values > split.value if split.test == "over" else values == split.value
    return np.where(missing, split.missing_yes, yes)
