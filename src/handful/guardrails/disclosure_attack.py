"""How well somebody who knows some facts guesses a trait, without the offer and with it.

Two small boosted models, one reading the bystander's facts and one the facts and the offer, learn
the trait on half of the customers (clusters kept together) and guess it for the other half. AUC is
the probability that a person with the trait is ranked above one without; guess success is the Bayes
vulnerability, the share that the best guess gets right. Standard errors are cluster-robust (the
placements of DeLong et al. summed in clusters) and hold for the guessers as learned: one split,
since the parts of a cross-fit lean against each other where there is nothing to learn.
Cost: 2 fits on ROWS / 2 rows.

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

ROWS: Final = 30_000
LEAST: Final = 10
"""Clusters with and without the trait that each half must have."""

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
    """Guess a trait of customers not learned from, without the offer and with it.

    Args:
        words: the trait.
        holds: (n,) whether a row has it.
        offer: (n,) codes given.
        facts: (n, p) what a bystander knows; p may be 0.
        cluster: (n,) codes of people who are not independent.
        seed: of the halves and of the sample.

    Returns:
        The attack; None where a half has fewer than LEAST clusters of a group.

    Cost: 2 fits.
    """
    rng = np.random.default_rng([seed, 41])
    rows = sampled(cluster, rng)
    holds, offer = holds[rows], offer[rows]
    cluster = np.unique(cluster[rows], return_inverse=True)[1]
    learn = make_folds(cluster, 2, rng) == 0
    groups = [part & has for part in (learn, ~learn) for has in (holds, ~holds)]
    if min(np.unique(cluster[group]).size for group in groups) < LEAST:
        return None
    values, categories = readable(facts.rows(rows))
    beside = np.column_stack([values, np.unique(offer, return_inverse=True)[1].astype(float)])
    without = guesses(values, categories, holds, learn, seed)
    with_offer = guesses(beside, [*categories, True], holds, learn, seed)
    tried, mine = holds[~learn], cluster[~learn]
    return Attack(
        words,
        facts.schema.names,
        len(tried),
        *_three([auc_influence(guess, tried) for guess in (without, with_offer)], mine),
        *_three([_hits(guess, tried) for guess in (without, with_offer)], mine),
    )


def readable(facts: Features) -> tuple[FloatArray, list[bool]]:
    """Return what the guesser reads and which columns are categories; rare levels are missing."""
    categories = [kind == "category" for kind in facts.schema.kinds]
    values = facts.values.copy()
    for column in np.flatnonzero(categories):
        values[values[:, column] >= LEVELS, column] = np.nan
    return values, categories


def sampled(cluster: IntArray, rng: np.random.Generator) -> IntArray:
    """Keep whole clusters up to about ROWS rows."""
    if cluster.size <= ROWS:
        return np.arange(cluster.size)
    code = rng.permutation(int(cluster.max()) + 1)[cluster]
    return np.sort(np.argsort(code, kind="stable")[:ROWS]).astype(np.int64)


def guesses(
    values: FloatArray, categories: list[bool], holds: BoolArray, learn: BoolArray, seed: int
) -> FloatArray:
    """Return the guesser's probability of the trait for every row it did not learn on."""
    if not values.shape[1]:
        return np.full(int((~learn).sum()), float(holds[learn].mean()))
    model = HistGradientBoostingClassifier(
        max_iter=50,
        max_leaf_nodes=8,
        min_samples_leaf=50,
        l2_regularization=5.0,
        categorical_features=categories,
        early_stopping=False,
        random_state=seed,
    ).fit(values[learn], holds[learn])
    guess: FloatArray = model.predict_proba(values[~learn])[:, 1]
    return guess


def auc_influence(guess: FloatArray, holds: BoolArray) -> FloatArray:
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
