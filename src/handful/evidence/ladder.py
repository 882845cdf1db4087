"""The ladder of rivals: how firms segment without an experiment's help, on the same folds.

Every rival makes segments on the rows outside a fold, gives each segment the offer with the best
mean score there, and is valued on the fold. Cost: O(l p) a rival and fold, l <= 100,000 rows.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.effects.basis import evaluate_basis, make_basis
from handful.effects.crossfit import CrossFit, World
from handful.effects.scores import close_cells
from handful.evidence.limited_split import limited_rival
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment, Features
from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.policy import assign_codes
from handful.policy.rules import assign_tree, best_tree

ENGAGED: Final = "engaged or not"
DIRECT_MAIL: Final = "direct-mail segments"
KMEANS_FEATURES: Final = "k-means on features"
KMEANS_EFFECTS: Final = "k-means on effects"
POLICY_TREE: Final = "depth-2 policy tree"

CLUSTERS: Final = 5
LEAST_ROWS: Final = 50
"""A segment smaller than this takes the offer that is best over all."""
LEARN_ROWS: Final = 100_000

ENGAGED_NAMES: Final = r"recency|frequency|last_(purchase|order|visit)|orders|purchases|visits"
PLACE_NAMES: Final = r"zip|region|state|city|postcode|county|country|urban|area|site"
AGE_NAMES: Final = r"^age|_age$|^yob$|birth|age_"
INCOME_NAMES: Final = r"income|salary|wealth"


@dataclass(frozen=True, slots=True)
class RivalColumns:
    """The columns two of the rivals are built on; empty where the log has none."""

    engaged: int | None
    direct_mail: tuple[int, ...]


def rival_columns(
    experiment: Experiment, engaged: str | None, direct_mail: tuple[str, ...]
) -> RivalColumns:
    """Find the recency or frequency column and the age, place and income columns by name."""
    names = experiment.features.schema.names
    found = [names.index(engaged)] if engaged in names else _matching(names, ENGAGED_NAMES)
    mail = [names.index(name) for name in direct_mail if name in names]
    if not direct_mail:
        mail = [
            column
            for pattern in (AGE_NAMES, PLACE_NAMES, INCOME_NAMES)
            for column in _matching(names, pattern)[:1]
        ]
    numbers = [c for c in found if experiment.features.schema.kinds[c] == "number"]
    return RivalColumns(numbers[0] if numbers else None, tuple(dict.fromkeys(mail)))


def _matching(names: tuple[str, ...], pattern: str) -> list[int]:
    return [at for at, name in enumerate(names) if re.search(pattern, name.lower())]


Segmenter = Callable[[World, IntArray], tuple[IntArray, IntArray]]
"""(world, test rows) -> segment numbers of the world's rows and of the test rows."""


def rival_codes(
    experiment: Experiment, fit: CrossFit, terms: Terms, columns: RivalColumns, seed: int
) -> dict[str, IntArray]:
    """Return the offers every rival gives, out of fold.

    Cost: O(n p + l p) a rival and fold.
    """
    features = experiment.features
    segmenters: dict[str, Segmenter] = {
        KMEANS_FEATURES: lambda w, t: _kmeans_features(features, w.rows, t, seed),
        KMEANS_EFFECTS: lambda w, t: _kmeans(
            _contrasts(w.predicted), _contrasts(fit.predicted[t]), seed
        ),
    }
    if columns.engaged is not None:
        at = columns.engaged
        segmenters[ENGAGED] = lambda w, t: _split(features.values[:, at], w.rows, t, 2)
    if columns.direct_mail:
        segmenters[DIRECT_MAIL] = lambda w, t: _crossed(features, columns.direct_mail, w.rows, t)
    codes = {name: np.empty(experiment.n_rows, np.int64) for name in [*segmenters, POLICY_TREE]}
    for j, world in enumerate(fit.worlds):
        test = np.flatnonzero(fit.fold == j)
        known = thin_world(world, seed)
        for name, segment in segmenters.items():
            inside, outside = segment(known, test)
            earned = _earned(experiment, known, inside, outside, terms)
            codes[name][test] = _best_by_segment(experiment, fit, earned, test, terms)
        codes[POLICY_TREE][test] = _tree_codes(experiment, fit, known, test, terms)
    return codes


def thin_world(world: World, seed: int) -> World:
    """Learn rivals on at most LEARN_ROWS rows: a mean or a split does not need more."""
    if len(world.rows) <= LEARN_ROWS:
        return world
    kept = np.sort(
        np.random.default_rng([seed, 3]).choice(len(world.rows), LEARN_ROWS, replace=False)
    )
    return World(world.rows[kept], world.predicted[kept], world.scores[kept])


def world_scores(experiment: Experiment, world: World, terms: Terms) -> FloatArray:
    """Return the scores of the world's rows, closed cells holding the fallback's score."""
    cells: BoolArray = experiment.open_cells[world.rows]
    return close_cells(world.scores, cells, terms.fallback[world.rows])


def _earned(
    experiment: Experiment, world: World, inside: IntArray, outside: IntArray, terms: Terms
) -> FloatArray:
    """Return (t, G) what each test row's segment earned with each offer in the world, on average.

    A segment of few rows has what all rows earned.
    """
    scores = world_scores(experiment, world, terms)
    count = int(max(inside.max(initial=0), outside.max(initial=0))) + 1
    sizes = np.bincount(inside, minlength=count)
    sums = np.column_stack(
        [np.bincount(inside, scores[:, g], minlength=count) for g in range(scores.shape[1])]
    )
    sums[sizes < LEAST_ROWS] = scores.sum(axis=0)
    sizes = np.where(sizes < LEAST_ROWS, len(scores), sizes)
    earned: FloatArray = (sums / sizes[:, None])[outside].astype(np.float64)
    return earned


def _best_by_segment(
    experiment: Experiment, fit: CrossFit, earned: FloatArray, test: IntArray, terms: Terms
) -> IntArray:
    if terms.limits is not None:
        return limited_rival(experiment, fit, test, earned, terms)
    cells = experiment.open_cells[test]
    return assign_codes(earned, terms.allowed, cells, terms.fallback[test])


def _tree_codes(
    experiment: Experiment, fit: CrossFit, world: World, test: IntArray, terms: Terms
) -> IntArray:
    tree = best_tree(
        world_scores(experiment, world, terms),
        experiment.features.rows(world.rows),
        terms.allowed,
        min_rows=LEAST_ROWS,
    )
    given = assign_tree(tree, experiment.features.rows(test))
    if terms.limits is not None:
        inside = assign_tree(tree, experiment.features.rows(world.rows))
        earned = _earned(experiment, world, inside, given, terms)
        return limited_rival(experiment, fit, test, earned, terms)
    is_open = experiment.open_cells[test, given]
    return np.where(is_open, given, terms.fallback[test])


def _split(
    values: FloatArray, known: IntArray, test: IntArray, groups: int
) -> tuple[IntArray, IntArray]:
    """Cut a number at its quantiles on the known rows; missing is a group of its own."""
    seen = values[known]
    cuts = np.unique(np.nanquantile(seen, np.linspace(0, 1, groups + 1)[1:-1]))

    def group(rows: IntArray) -> IntArray:
        numbers = np.searchsorted(cuts, values[rows], side="left").astype(np.int64)
        return np.where(np.isnan(values[rows]), groups, numbers)

    return group(known), group(test)


def _crossed(
    features: Features, columns: tuple[int, ...], known: IntArray, test: IntArray
) -> tuple[IntArray, IntArray]:
    """Cross thirds of numbers with levels of categories: the segments of a mailing house."""
    inside = np.zeros(len(known), np.int64)
    outside = np.zeros(len(test), np.int64)
    for at in columns:
        values = features.values[:, at]
        if features.schema.kinds[at] == "category":
            missing = len(features.schema.levels[at])
            coded = np.where(np.isnan(values), missing, values).astype(np.int64)
            first, second, width = coded[known], coded[test], missing + 1
        else:
            first, second = _split(values, known, test, 3)
            width = 4
        inside, outside = inside * width + first, outside * width + second
    _, numbers = np.unique(np.concatenate([inside, outside]), return_inverse=True)
    return numbers[: len(known)], numbers[len(known) :]


def _kmeans_features(
    features: Features, known: IntArray, test: IntArray, seed: int
) -> tuple[IntArray, IntArray]:
    basis = make_basis(Features(features.schema, features.values[known]))
    lines = np.asarray(basis.is_line)
    is_category = np.array(
        [False]
        + [
            features.schema.kinds[part.feature] == "category"
            for part in basis.parts
            for _ in range(part.width)
        ]
    )
    used = lines | is_category
    inside = evaluate_basis(basis, features.values[known])[:, used]
    outside = evaluate_basis(basis, features.values[test])[:, used]
    return _kmeans(inside.astype(np.float64), outside.astype(np.float64), seed)


def _kmeans(inside: FloatArray, outside: FloatArray, seed: int) -> tuple[IntArray, IntArray]:
    if inside.shape[1] == 0 or np.ptp(inside, axis=0).max(initial=0.0) <= 1e-12:
        return np.zeros(len(inside), np.int64), np.zeros(len(outside), np.int64)
    # Loaded where clusters are made: who only asks about a plan that was made makes none.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    model = KMeans(CLUSTERS, n_init=2, random_state=seed % (2**32))
    with warnings.catch_warnings():  # fewer distinct customers than clusters is no trouble here
        warnings.simplefilter("ignore", ConvergenceWarning)
        inside_labels = model.fit_predict(inside)
    return inside_labels.astype(np.int64), model.predict(outside).astype(np.int64)


def _contrasts(predicted: FloatArray) -> FloatArray:
    centred: FloatArray = predicted - predicted.mean(axis=1, keepdims=True)
    return centred
