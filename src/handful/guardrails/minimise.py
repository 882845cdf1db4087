"""The fewest features that keep 95 % of the held-out gain; the rest need not be collected.

The log is dealt into PARTS parts by cluster. Outside each part features are eliminated backwards:
learn, permute each feature over rows that the models did not see, drop those whose loss would cost
least, learn again. Every set on that path is then valued on the part, which neither chose the set
nor taught the models: d_i = Gamma_i,pi_S(x_i) - Gamma_i,single, doubly robust. The number of
features is read off the mean curve over the parts, and the set of that size is the one that the
same elimination leaves on the whole log. The menu, and what gives way, are the plan's own. The
curve is that of models learned on two thirds of the log: what counts is its shape.
Cost: (PARTS + 1) x steps cross-fits of FOLDS folds; up to SINGLY features go one at a time, more by
a sixth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.stats import norm

from handful.effects.crossfit import CrossFit, cross_fit, learn_whole, open_workshop
from handful.effects.folds import count_folds, make_folds
from handful.effects.predict import predict_profit
from handful.effects.scores import close_cells
from handful.evidence.records import Estimate
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment, Features, FeatureSchema
from handful.guardrails.importance import field_values
from handful.notation import FloatArray, IntArray
from handful.policy.policy import choose_codes
from handful.policy.records import Policy
from handful.progress import SILENT, Progress

PARTS: Final = 3
FOLDS: Final = 4
KEEP: Final = 0.95
"""Share of the gain that the smaller set must keep."""

SINGLY: Final = 12
LEARN_ROWS: Final = 20_000
LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What a number of features gains over the best single offer, held out, money per customer."""

    features: int
    gain: Estimate


@dataclass(frozen=True, slots=True)
class Minimised:
    """The fewest features, and the curve they were read off.

    Attributes:
        curve: from all features to none.
        needed: features to keep, the most important first; () where nothing is gained at all.
        not_needed: the rest.
        proven: False when the gain of all features cannot be told from zero.
    """

    curve: tuple[CurvePoint, ...]
    needed: tuple[str, ...]
    not_needed: tuple[str, ...]
    proven: bool


@dataclass(frozen=True, slots=True)
class _Job:
    """What every step shares: the log, its scores, and the offers to choose from."""

    experiment: Experiment
    scores: FloatArray
    terms: Terms
    policy: Policy
    random_state: int
    progress: Progress


def minimise(
    experiment: Experiment,
    scores: FloatArray,
    terms: Terms,
    policy: Policy,
    *,
    random_state: int = 0,
    progress: Progress = SILENT,
) -> Minimised:
    """Find the fewest features that keep `KEEP` of the held-out gain over the best single offer.

    Args:
        experiment: the log, with the features that may be read.
        scores: (n, G) doubly robust scores of a cross-fit, money per customer.
        terms: allowed offers and the fallback.
        policy: of the plan: its menu, and what gives way to the default.
        random_state: seed.
        progress: told of every fit.

    Returns:
        The curve and the sets. Without a proven gain no feature is needed.

    Cost: see the module.
    """
    names = experiment.features.schema.names
    closed = close_cells(scores, experiment.open_cells, terms.fallback)
    job = _Job(experiment, closed, terms, policy, random_state, progress)
    sizes = tuple(_sizes(len(names)))
    if len(policy.competing) < 2 or not names:
        return Minimised((), (), names, False)
    progress.start("minimising: features left out", (PARTS + 1) * len(sizes))
    part = _parts(experiment, random_state)
    gains = np.empty((experiment.n_rows, len(sizes) + 1))
    for p in range(PARTS):
        inside = np.flatnonzero(part == p)
        gains[inside] = _part_gains(job, np.flatnonzero(part != p), inside, sizes)
    curve = _curve(gains, (*sizes, 0), experiment.cluster)
    proven = curve[0].gain.lo > 0.0
    order = [found for found, _ in _eliminate(job, np.arange(experiment.n_rows), sizes)]
    progress.finish()
    kept = _fewest(curve) if proven else 0
    needed = next((found for found in order if len(found) == kept), ())
    return Minimised(curve, needed, tuple(n for n in names if n not in needed), proven)


def _sizes(features: int) -> Iterator[int]:
    """Return the sizes of the sets that are tried, from all features to one."""
    while features > 0:
        yield features
        features -= 1 if features <= SINGLY else max(1, features // 6)


def _parts(experiment: Experiment, random_state: int) -> IntArray:
    rng = np.random.default_rng([random_state, 73])
    return make_folds(experiment.cluster, PARTS, rng)


def _fewest(curve: Sequence[CurvePoint]) -> int:
    """Return the smallest size whose gain is at least `KEEP` of that of all features."""
    least = KEEP * curve[0].gain.value
    return min(point.features for point in curve if point.gain.value >= least)


def _part_gains(job: _Job, outside: IntArray, inside: IntArray, sizes: Sequence[int]) -> FloatArray:
    """Return (rows inside, sizes + 1) gains over the best single offer chosen outside."""
    single = _best_single(job, outside)
    scores = job.scores[inside]
    at = np.arange(len(inside))
    cells = job.experiment.design.support[job.experiment.stratum[inside]]
    gains = np.zeros((len(inside), len(sizes) + 1))  # the last column: no feature, no gain
    for column, (_, predicted) in enumerate(_eliminate(job, outside, sizes, inside)):
        given = choose_codes(predicted, job.policy, cells, job.terms.fallback[inside])
        gains[:, column] = scores[at, given] - scores[:, single]
    return gains


def _best_single(job: _Job, rows: IntArray) -> int:
    means = job.scores[rows].mean(axis=0)
    return max(job.terms.allowed, key=lambda offer: means[offer])


def _eliminate(
    job: _Job, rows: IntArray, sizes: Sequence[int], apply_to: IntArray | None = None
) -> Iterator[tuple[tuple[str, ...], FloatArray]]:
    """Eliminate backwards on some rows: each set, and what it predicts for the rows to apply to."""
    log = job.experiment.take(rows)
    terms = replace(job.terms, fallback=job.terms.fallback[rows])
    names = log.features.schema.names
    for size, smaller in zip(sizes, (*sizes[1:], 0), strict=True):
        part = replace(log, features=feature_columns(log.features, names))
        shop = open_workshop(
            part,
            _folds(part, job.random_state),
            learn_rows=LEARN_ROWS,
            random_state=job.random_state,
        )
        fit = cross_fit(part, shop, _folds(part, job.random_state))
        job.progress.advance()
        predicted = np.empty((0, log.n_offers))
        if apply_to is not None:
            model = learn_whole(part, shop).model
            features = job.experiment.features.rows(apply_to)
            predicted = predict_profit(model, feature_columns(features, names))
        yield names, predicted
        if smaller:
            names = _keep(part, fit, terms, job.policy, size - smaller)


def _folds(experiment: Experiment, random_state: int) -> IntArray:
    rng = np.random.default_rng([random_state, 74])
    return make_folds(experiment.cluster, count_folds(experiment.cluster, FOLDS), rng)


def _keep(
    part: Experiment, fit: CrossFit, terms: Terms, policy: Policy, drop: int
) -> tuple[str, ...]:
    """Return the features without the `drop` least important, the most important first."""
    values = field_values(part, fit, terms, policy, part.features.schema.names)
    ranked = sorted(values, key=lambda found: -found.worth.value)
    return tuple(found.field for found in ranked[: len(ranked) - drop])


def feature_columns(features: Features, names: Sequence[str]) -> Features:
    """Return some features, in the order named."""
    schema = features.schema
    at = [schema.names.index(name) for name in names]
    chosen = FeatureSchema(
        tuple(names), tuple(schema.kinds[c] for c in at), tuple(schema.levels[c] for c in at)
    )
    return Features(chosen, np.asfortranarray(features.values[:, at]))


def _curve(gains: FloatArray, sizes: Sequence[int], cluster: IntArray) -> tuple[CurvePoint, ...]:
    """Average the gains; errors are robust to clusters, intervals hold for all sizes together."""
    critical = float(norm.ppf(0.5 + 0.5 * LEVEL ** (1.0 / len(sizes))))
    points = []
    for column, size in enumerate(sizes):
        gain = gains[:, column]
        mean = float(gain.mean())
        se = float(np.sqrt(np.sum(np.bincount(cluster, gain - mean) ** 2))) / len(gain)
        band = Estimate(mean, se, mean - critical * se, mean + critical * se)
        points.append(CurvePoint(size, band))
    return tuple(points)
