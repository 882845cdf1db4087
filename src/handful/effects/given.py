"""Effects made elsewhere: an array of predicted profits, or a function that fits them.

A function is cross-fitted like our own learners. An array cannot be: its values are taken as they
are and the plan says that they are held out only if they were made without these rows' outcomes.
Cost: J (J - 1) / 2 + J + 1 calls of the function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from handful.effects.crossfit import CrossFit, World
from handful.effects.distil import distil
from handful.effects.kernel import kernel_weights, rule_bandwidth
from handful.effects.records import EffectsModel
from handful.effects.scores import doubly_robust, kernel_scores
from handful.errors import BriefError, Finding, blocked
from handful.experiment.records import Experiment, Features
from handful.notation import AnyFloatArray, BoolArray, Float32Array, FloatArray, IntArray

Fitter: TypeAlias = Callable[[Experiment, int], Callable[[Features], AnyFloatArray]]
"""(training log, seed) -> (features -> (n, G) predicted profit, money per customer)."""

GivenEffects: TypeAlias = AnyFloatArray | Fitter


@dataclass(frozen=True, slots=True)
class Given:
    """Another library's effects, ready for the evidence room.

    Attributes:
        split: (folds, repetition) -> cross-fit.
        whole: (n, G) predicted profit of every row by the fit on all rows (or the array).
        model: plain arrays that reproduce `whole` closely, for customers to come.
        findings: what the reader must know.
    """

    split: Callable[[IntArray, int], CrossFit]
    whole: FloatArray
    model: EffectsModel
    findings: tuple[Finding, ...]


def give_effects(experiment: Experiment, effects: GivenEffects, seed: int) -> Given:
    """Prepare effects of another library: cross-fit a function, take an array as it is.

    Raises:
        BriefError: E520 the predictions are not a finite (n, G) matrix.

    Cost: one fit, and one distillation O(trees n q).
    """
    if callable(effects):
        fit = effects
        whole = _matrix(fit(experiment, seed)(experiment.features), experiment)
        copy = distil(experiment, whole, seed)
        return Given(
            lambda fold, r: _cross_fit(experiment, fit, fold, seed + r),
            whole,
            copy.model,
            (copy.finding,),
        )
    whole = _matrix(effects, experiment)
    copy = distil(experiment, whole, seed)
    warning = Finding(
        code="E521",
        level="warn",
        message="effects were given as an array: they are the same in every fold.",
        remedy=(
            "The values are held out only if the array was made without these rows' outcomes; "
            "pass a function to have it cross-fitted here."
        ),
    )
    return Given(
        lambda fold, _: _fixed(experiment, whole, fold), whole, copy.model, (warning, copy.finding)
    )


def _matrix(predicted: AnyFloatArray, experiment: Experiment) -> FloatArray:
    found = np.asarray(predicted, dtype=np.float64)
    expected = (experiment.n_rows, experiment.n_offers)
    if found.shape != expected or not np.all(np.isfinite(found)):
        raise BriefError(
            blocked(
                "E520",
                f"effects: expected a finite array of shape {expected}, one column per offer in "
                f"the order of experiment.offers; found shape {found.shape} with "
                f"{int((~np.isfinite(found)).sum())} values that are not finite.",
                "Pass predicted profit per row and offer, in money.",
            )
        )
    return found


def _fixed(experiment: Experiment, whole: FloatArray, fold: IntArray) -> CrossFit:
    scores = _scores(experiment, whole)
    worlds = tuple(
        World(rows, whole[rows], scores[rows])
        for rows in (np.flatnonzero(fold != j) for j in range(int(fold.max()) + 1))
    )
    return CrossFit(fold, whole, scores, worlds, kernel=_kernel(experiment))


def _cross_fit(experiment: Experiment, fit: Fitter, fold: IntArray, seed: int) -> CrossFit:
    count = int(fold.max()) + 1
    held = {
        frozenset({j, k}): fit(experiment.take((fold != j) & (fold != k)), seed)
        for j in range(count)
        for k in range(j, count)
    }
    predicted = np.empty((experiment.n_rows, experiment.n_offers))
    worlds = []
    for j in range(count):
        mine = fold == j
        predicted[mine] = _predict(held[frozenset({j})], experiment, mine)
        inner = np.empty_like(predicted)
        for k in range(count):
            if k != j:
                inner[fold == k] = _predict(held[frozenset({j, k})], experiment, fold == k)
        rows = np.flatnonzero(~mine)
        worlds.append(World(rows, inner[rows], _scores(experiment.take(rows), inner[rows])))
    scores = _scores(experiment, predicted)
    return CrossFit(fold, predicted, scores, tuple(worlds), kernel=_kernel(experiment))


def _predict(
    model: Callable[[Features], AnyFloatArray], experiment: Experiment, rows: BoolArray
) -> FloatArray:
    part = experiment.take(rows)
    return _matrix(model(part.features), part)


def _kernel(experiment: Experiment) -> Float32Array | None:
    """Return the weights of nearby offers; None where offers are names."""
    if experiment.dials is None:
        return None
    candidates = experiment.dials.candidates
    return kernel_weights(experiment, candidates, rule_bandwidth(experiment))


def _scores(experiment: Experiment, predicted: FloatArray) -> FloatArray:
    kernel = _kernel(experiment)
    if kernel is not None:
        return kernel_scores(predicted, experiment.profit, None, kernel)
    return doubly_robust(predicted, experiment.profit, experiment.offer, experiment.design.received)
