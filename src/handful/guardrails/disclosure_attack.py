"""How well somebody who knows some facts guesses a trait, without the offer and with it.

Two small boosted models, one reading the bystander's facts and one the facts and the offer, guess
the trait out of fold (clusters kept together). AUC is the probability that a person with the trait
is ranked above one without; guess success is the Bayes vulnerability, the share that the best guess
gets right. Standard errors are cluster-robust (DeLong's placements summed in clusters).
Cost: 2 x FOLDS fits on at most ROWS rows.

DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3); Alvim et al. (2020), The Science of
Quantitative Information Flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.ensemble import HistGradientBoostingClassifier

from handful.effects.folds import make_folds
from handful.evidence.records import Estimate
from handful.experiment.records import Features
from handful.notation import BoolArray, FloatArray, IntArray

FOLDS: Final = 5
ROWS: Final = 20_000
LEVELS: Final = 200
"""Level codes from here on are read as missing by the attacker."""
Z95: Final = float(norm.ppf(0.975))


@dataclass(frozen=True, slots=True)
class Attack:
    """What an attacker achieves; every number with its 95 % interval.

    Attributes:
        trait: what is guessed, in words.
        facts: columns the bystander knows.
        rows: rows the attacker was tried on.
        auc_without, auc_with, auc_gain: ranking, and what the offer adds.
        success_without, success_with, success_gain: share of best guesses that are right.
    """

    trait: str
    facts: tuple[str, ...]
    rows: int
    auc_without: Estimate
    auc_with: Estimate
    auc_gain: Estimate
    success_without: Estimate
    success_with: Estimate
    success_gain: Estimate


def attack(
    words: str, holds: BoolArray, offer: IntArray, facts: Features, cluster: IntArray, seed: int
) -> Attack | None:
    """Guess a trait out of fold, without the offer and with it.

    Args:
        words: the trait.
        holds: (n,) whether a row has it.
        offer: (n,) codes given.
        facts: (n, p) what a bystander knows; p may be 0.
        cluster: (n,) codes of people who are not independent.
        seed: of the folds and of the sample.

    Returns:
        The attack; None where a group has fewer than 2 x FOLDS clusters.

    Cost: 2 x FOLDS fits.
    """
    rng = np.random.default_rng([seed, 41])
    rows = _sample(cluster, rng)
    holds, offer, cluster = (
        holds[rows],
        offer[rows],
        np.unique(cluster[rows], return_inverse=True)[1],
    )
    if min(np.unique(cluster[group]).size for group in (holds, ~holds)) < 2 * FOLDS:
        return None
    known = facts.rows(rows)
    categories = [kind == "category" for kind in known.schema.kinds]
    values = np.where(known.values >= LEVELS, np.nan, known.values)
    values[:, [not c for c in categories]] = known.values[:, [not c for c in categories]]
    fold = make_folds(cluster, FOLDS, rng)
    beside = np.column_stack([values, np.unique(offer, return_inverse=True)[1].astype(float)])
    without = _guesses(values, categories, holds, fold, seed)
    with_offer = _guesses(beside, [*categories, True], holds, fold, seed)
    auc = [_auc_in_folds(guess, holds, fold) for guess in (without, with_offer)]
    hits = [_hits(guess, holds) for guess in (without, with_offer)]
    return Attack(
        words,
        facts.schema.names,
        len(rows),
        *_three(auc, cluster),
        *_three(hits, cluster),
    )


def _sample(cluster: IntArray, rng: np.random.Generator) -> IntArray:
    """Keep whole clusters up to about ROWS rows."""
    if cluster.size <= ROWS:
        return np.arange(cluster.size)
    code = rng.permutation(int(cluster.max()) + 1)[cluster]
    return np.sort(np.argsort(code, kind="stable")[:ROWS]).astype(np.int64)


def _guesses(
    values: FloatArray, categories: list[bool], holds: BoolArray, fold: IntArray, seed: int
) -> FloatArray:
    """Return (n,) probabilities of the trait from models that never saw the row's cluster."""
    guess = np.empty(holds.size)
    for j in range(FOLDS):
        inside, outside = fold == j, fold != j
        guess[inside] = holds[outside].mean()
        if values.shape[1] and 0 < holds[outside].sum() < outside.sum():
            model = HistGradientBoostingClassifier(
                max_iter=50,
                max_leaf_nodes=8,
                min_samples_leaf=50,
                categorical_features=categories,
                early_stopping=False,
                random_state=seed,
            ).fit(values[outside], holds[outside])
            guess[inside] = model.predict_proba(values[inside])[:, 1]
    return guess


def _auc_in_folds(guess: FloatArray, holds: BoolArray, fold: IntArray) -> FloatArray:
    """Return (n + 1,) influence of each row on the mean AUC of the folds, and that mean.

    Guesses of different models are not ranked against each other: their levels differ.
    """
    parts = [fold == j for j in range(FOLDS) if 0 < holds[fold == j].sum() < (fold == j).sum()]
    influence = np.zeros(holds.size + 1)
    for rows in parts:
        found = _auc(guess[rows], holds[rows]) / len(parts)
        influence[:-1][rows] = found[:-1]
        influence[-1] += found[-1]
    return influence


def _auc(guess: FloatArray, holds: BoolArray) -> FloatArray:
    """Return (n + 1,) influence of each row on the AUC, and the AUC."""
    ones, zeros = int(holds.sum()), int((~holds).sum())
    overall, among = rankdata(guess), np.empty(holds.size)
    among[holds], among[~holds] = rankdata(guess[holds]), rankdata(guess[~holds])
    placement = np.where(holds, (overall - among) / zeros, 1.0 - (overall - among) / ones)
    auc = float(placement[holds].mean())
    return np.append((placement - auc) / np.where(holds, ones, zeros), auc)


def _hits(guess: FloatArray, holds: BoolArray) -> FloatArray:
    """Return (n + 1,) influence of each row on the share of right guesses, and the share."""
    right = (guess > 0.5) == holds
    return np.append((right - right.mean()) / right.size, right.mean())


def _three(pair: list[FloatArray], cluster: IntArray) -> tuple[Estimate, Estimate, Estimate]:
    """Without, with, and the paired difference."""
    return (
        _estimate(pair[0], cluster),
        _estimate(pair[1], cluster),
        _estimate(pair[1] - pair[0], cluster),
    )


def _estimate(influence: FloatArray, cluster: IntArray) -> Estimate:
    value = float(influence[-1])
    sums = np.bincount(cluster, influence[:-1])
    se = float(np.sqrt(np.sum(sums**2) * sums.size / max(sums.size - 1, 1)))
    return Estimate(value, se, value - Z95 * se, value + Z95 * se)
