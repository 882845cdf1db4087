"""The noise of a choice that nearly ties, which the errors of a chosen column do not show.

The best single offer of fold j is chosen on the other folds. Where two offers nearly tie, the
choice in fold k leans to the offer that was lucky in fold j and the other way round, so errors of
folds are no longer independent and their naive variance is too small (the problem of an optimal
rule that is not unique, Luedtke and van der Laan 2016). Its size is found by choosing again, fold
by fold, on redrawn means: extra = Var(error of the redrawn choice) - mean naive variance.
Cost O(draws J G^2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from handful.evidence.bands import normal_root
from handful.evidence.ledger import Means
from handful.evidence.splits import BEST_SINGLE, NO_OFFER, node_name, single_name
from handful.evidence.terms import Terms
from handful.notation import FloatArray, IntArray

DRAWS: Final = 4_000
FIXED: Final = frozenset({NO_OFFER, "policy"})
"""Policies that were not chosen on this log: no choice, no noise of choosing."""


def with_choice_noise(
    means: Means, terms: Terms, folds: int, codes: dict[str, IntArray], seed: int
) -> Means:
    """Add the noise of choosing the best single offer to every policy, as far as it follows it.

    A policy that gives a share a of the rows what the best single offer gives them carries a times
    that noise; what two policies share of it cancels in their difference.

    Args:
        means: the ledger's means, the single offers among them.
        terms: which offers may be chosen, and their set-up costs.
        folds: J.
        codes: policy -> (n,) offers it gives, the best single offer's among them.
        seed: of the redraws.

    Returns:
        The same means with covariance + extra a a'.

    Cost: O(draws J G^2).
    """
    extra = single_noise(means, terms, folds, seed)
    load = follows_single(means.names, codes)
    return replace(means, covariance=means.covariance + extra * np.outer(load, load))


def single_noise(means: Means, terms: Terms, folds: int, seed: int) -> float:
    """Return the variance that choosing the best single offer adds to what follows it.

    Cost: O(draws J G^2).
    """
    at = [means.at(single_name(g)) for g in terms.allowed]
    cost = terms.setup[list(terms.allowed)]
    if terms.read is None:
        return choice_noise(means.value[at] - cost, means.covariance[np.ix_(at, at)], folds, seed)
    at += [means.at(node_name(k)) for k in range(terms.read.shape[1])]
    covariance = means.covariance[np.ix_(at, at)]
    curve = terms.read[list(terms.allowed)]
    return curve_noise(means.value[at], cost, covariance, curve, folds, seed)


def follows_single(names: Sequence[str], codes: Mapping[str, IntArray]) -> FloatArray:
    """Return (M,) the share of rows to which a policy gives what the best single offer gives.

    Cost: O(n M).
    """
    return np.array(
        [
            float(np.mean(codes[name] == codes[BEST_SINGLE]))
            if name in codes and name not in FIXED and not name.startswith("single:")
            else 0.0
            for name in names
        ]
    )


def choice_noise(value: FloatArray, covariance: FloatArray, folds: int, seed: int) -> float:
    """Return the variance that the naive variance of a cross-fitted best choice leaves out.

    Args:
        value: (G,) means of the single offers over all rows.
        covariance: (G, G) of these means.
        folds: J.
        seed: of the redraws.

    Example:
        >>> choice_noise(np.array([0.0, 9.0]), np.eye(2), 5, 0) < 0.05
        True
    """
    rng = np.random.default_rng([seed, 11])
    # A fold's mean has J times the variance of the mean over all rows.
    root = normal_root(covariance * folds)
    noise = rng.standard_normal((DRAWS, folds, len(value))) @ root.T
    others = noise.sum(axis=1, keepdims=True) - noise
    chosen = np.argmax(value + others / (folds - 1), axis=2)
    error = np.take_along_axis(noise, chosen[:, :, None], axis=2)[:, :, 0].mean(axis=1)
    naive = np.diag(covariance)[chosen].mean()
    return max(float(np.mean(error**2)) - float(naive), 0.0)


def curve_noise(
    value: FloatArray,
    cost: FloatArray,
    covariance: FloatArray,
    curve: FloatArray,
    folds: int,
    seed: int,
) -> float:
    """Return what `choice_noise` does where the choice reads a smooth curve of mean scores.

    Offers with dials are chosen by Phi times the mean scores at the nodes and valued by their own
    kernel scores: both are redrawn together.

    Args:
        value: (G + q,) means of the single offers, then of the scores at the nodes.
        cost: (G,) set-up costs.
        covariance: (G + q, G + q) of these means.
        curve: (G, q) Phi.
        folds: J.
        seed: of the redraws.

    Cost: O(draws J (G + q)^2).
    """
    offers = len(curve)
    rng = np.random.default_rng([seed, 11])
    root = normal_root(covariance * folds)
    noise = rng.standard_normal((DRAWS, folds, len(value))) @ root.T
    nodes = noise[:, :, offers:]
    others = (nodes.sum(axis=1, keepdims=True) - nodes) / (folds - 1)
    chosen = np.argmax((value[offers:] + others) @ curve.T - cost, axis=2)
    error = np.take_along_axis(noise, chosen[:, :, None], axis=2)[:, :, 0].mean(axis=1)
    naive = np.diag(covariance)[chosen].mean()
    return max(float(np.mean(error**2)) - float(naive), 0.0)
