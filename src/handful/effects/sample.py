"""The rows effects are learned on, arranged by fold, with every column the learners need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handful.effects.basis import Basis, evaluate_basis, make_basis
from handful.effects.boosting import TreeColumns, quantile_bins, tree_columns, tree_matrix
from handful.effects.nodes import NodeWeights
from handful.effects.outcome import (
    OutcomeModels,
    make_outcome_models,
    outcome_rows,
    received_columns,
)
from handful.experiment.records import Experiment
from handful.experiment.tails import tail_facts, winsorise
from handful.notation import BoolArray, Float32Array, FloatArray, IntArray

if TYPE_CHECKING:
    import xgboost


@dataclass(frozen=True, slots=True)
class LearnFold:
    """One fold of the learning rows; profits are in units of `LearnSample.unit`.

    `profit` is what learners see (winsorised when the tail is heavy); `clipped` is the money that
    winsorising took away, so that averages can be put right again. With dials, `columns` is
    phi(t_i) and `inverse` omega_i (effects/nodes.py); offer, received, open cells are not read.
    """

    rows: IntArray
    offer: IntArray
    cluster: IntArray
    received: FloatArray
    open_cells: BoolArray
    profit: FloatArray
    clipped: FloatArray
    basis: Float32Array
    gram: FloatArray
    trees: Float32Array
    columns: FloatArray | None = None
    inverse: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class LearnSample:
    """All folds, the basis and tree columns they share, and how offers weigh in a loss.

    `weights` (G,) = 1 / mean_i 1/e_g(s_i): the information the design holds on each offer, so that
    a rare offer's noisy scores do not steer the splits. `unit` is the spread of profit in money.
    With dials G is the number of nodes, and `nodes` says how scores turn into contrasts and back.
    """

    basis: Basis
    trees: TreeColumns
    bins: xgboost.QuantileDMatrix
    folds: tuple[LearnFold, ...]
    outcome: OutcomeModels
    weights: FloatArray
    unit: float
    seed: int
    nodes: NodeWeights | None = None

    @property
    def n_rows(self) -> int:
        """Rows learned on."""
        return sum(len(fold.rows) for fold in self.folds)

    @property
    def learned(self) -> int | None:
        """Contrasts that customers may differ in, the first so many; None for all."""
        return None if self.nodes is None else self.nodes.learned


def make_sample(
    experiment: Experiment,
    fold: IntArray,
    *,
    learn_rows: int,
    seed: int,
    nodes: NodeWeights | None = None,
) -> LearnSample:
    """Draw the learning rows (all, or whole clusters up to `learn_rows`) and lay them out by fold.

    Args:
        experiment: the log.
        fold: (n,) fold of each row.
        learn_rows: most rows to learn on.
        seed: of the draw.
        nodes: of the response surface, for offers with dials.

    Cost: O(n p + l m^2) for l learning rows and m basis columns.
    """
    rows = _learning_rows(experiment, learn_rows, seed)
    basis = make_basis(experiment.features)
    trees = tree_columns(experiment.features)
    facts = tail_facts(experiment.profit)
    seen = winsorise(experiment.profit, facts)
    unit = _unit(seen[rows])
    folds = tuple(
        _fold(experiment, rows[fold[rows] == k], (basis, trees, nodes), seen, unit)
        for k in range(int(fold.max()) + 1)
    )
    count = nodes.response.n_nodes if nodes else experiment.n_offers
    strata = len(experiment.strata)
    outcome = make_outcome_models(
        tuple(
            outcome_rows(
                f.basis,
                received_columns(f.offer, count) if f.columns is None else f.columns,
                experiment.stratum[f.rows],
                f.profit,
                strata,
            )
            for f in folds
        ),
        basis,
        count,
    )
    bins = quantile_bins(np.concatenate([f.trees for f in folds]))
    weights = nodes.level if nodes else information(experiment)
    return LearnSample(basis, trees, bins, folds, outcome, weights, unit, seed, nodes)


def to_contrast(sample: LearnSample, over: FloatArray) -> FloatArray:
    """Scale scores less their level (n, G) to contrasts of about unit noise."""
    contrast: FloatArray = (
        over * np.sqrt(sample.weights) if sample.nodes is None else over @ sample.nodes.root
    )
    return contrast


def from_contrast(sample: LearnSample, contrast: FloatArray) -> FloatArray:
    """Undo `to_contrast`."""
    over: FloatArray = (
        contrast / np.sqrt(sample.weights) if sample.nodes is None else contrast @ sample.nodes.back
    )
    return over


def _unit(profit: FloatArray) -> float:
    """Return the spread of profit as a power of two: no single fold's outcomes move it."""
    spread = float(profit.std())
    return float(2.0 ** np.round(np.log2(spread))) if spread > 0 else 1.0


def information(experiment: Experiment) -> FloatArray:
    """Return (G,) weights that add to 1: 1 / mean over open rows of 1 / propensity."""
    cells = experiment.open_cells
    with np.errstate(divide="ignore"):
        inverse = 1.0 / experiment.design.by_stratum[experiment.stratum]
    mean = np.where(cells, np.where(np.isfinite(inverse), inverse, 0.0), 0.0).sum(axis=0)
    counts = np.maximum(cells.sum(axis=0), 1)
    weights = np.where(mean > 0, counts / np.maximum(mean, 1e-12), 1e-12)
    scaled: FloatArray = weights / weights.sum()
    return scaled


def _learning_rows(experiment: Experiment, most: int, seed: int) -> IntArray:
    n = experiment.n_rows
    if n <= most:
        return np.arange(n)
    order = np.random.default_rng([seed, 1]).permutation(int(experiment.cluster.max()) + 1)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    sizes = np.bincount(experiment.cluster, minlength=len(order))[order]
    taken = int(np.searchsorted(np.cumsum(sizes), most, side="right"))
    return np.flatnonzero(place[experiment.cluster] < max(taken, 1))


def _fold(
    experiment: Experiment,
    rows: IntArray,
    shared: tuple[Basis, TreeColumns, NodeWeights | None],
    seen: FloatArray,
    unit: float,
) -> LearnFold:
    values = experiment.features.values[rows]
    columns = evaluate_basis(shared[0], values)
    wide = columns.astype(np.float64)
    nodes = shared[2]
    return LearnFold(
        rows=rows,
        offer=experiment.offer[rows],
        cluster=experiment.cluster[rows],
        received=experiment.design.received[rows],
        open_cells=experiment.design.support[experiment.stratum[rows]],
        profit=seen[rows] / unit,
        clipped=(experiment.profit[rows] - seen[rows]) / unit,
        basis=columns,
        gram=wide.T @ wide,
        trees=tree_matrix(shared[1], values),
        columns=None if nodes is None else nodes.columns[rows],
        inverse=None if nodes is None else nodes.inverse[rows],
    )
