"""Customers as the brief describes them, drawn with a known truth: for the dry run and the studies.

    y_i = b(x_i) + tau_t(x_i) + noise,   tau_g(x) = gain_g + spread_g s_g(x),

s_g a line in one feature plus a step in another, of unit variance, other features for other offers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.brief.schema import ExperimentSpec
from handful.experiment.design import make_design
from handful.experiment.records import Experiment, Features, FeatureSchema, Kind, SourceFacts
from handful.notation import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class World:
    """Customers, offers and how these were given out.

    Attributes:
        offers: (G,) names, the control first.
        shares: (G,) chance of each offer.
        gain: (G,) mean effect over the control, money per customer; gain[0] = 0.
        spread: (G,) sd of customers' own effects around it; spread[0] = 0.
        baseline: mean profit without an offer, money per customer.
        sd: sd of profit among customers of one offer, money.
        margin: money of a purchase where profit is all or nothing; None for any amount.
        features: number of features, independent standard normals.
        explained: share of the variance of profit that the last feature explains.
        icc, cluster_size: correlation of profit within clusters of that many customers, which
            get the same offer.
    """

    offers: tuple[str, ...]
    shares: tuple[float, ...]
    gain: tuple[float, ...]
    spread: tuple[float, ...]
    baseline: float
    sd: float
    margin: float | None = None
    features: int = 8
    explained: float = 0.0
    icc: float = 0.0
    cluster_size: int = 1


@dataclass(frozen=True, slots=True)
class Drawn:
    """An experiment and the (n, G) true mean profit of every offer."""

    experiment: Experiment
    truth: FloatArray


def draw_world(world: World, n: int, random_state: int) -> Drawn:
    """Draw an experiment of n rows.

    Args:
        world: the customers.
        n: rows.
        random_state: seed.

    Returns:
        The experiment and its truth.

    Cost: O(n (p + G)).

    Example:
        >>> world = World(("none", "mail"), (0.5, 0.5), (0.0, 0.2), (0.0, 0.1), 1.0, 2.0)
        >>> draw_world(world, 100, 0).truth.shape
        (100, 2)
    """
    rng = np.random.default_rng(random_state)
    cluster: IntArray = np.arange(n, dtype=np.int64) // world.cluster_size
    x = rng.standard_normal((n, world.features))
    truth = true_profit(world, x)
    arms = rng.choice(len(world.offers), size=int(cluster[-1]) + 1, p=np.asarray(world.shares))
    offer: IntArray = arms[cluster].astype(np.int64)
    profit = _realised(world, truth[np.arange(n), offer], cluster, rng)
    return Drawn(_experiment(world, x, profit, cluster, offer), truth)


def true_profit(world: World, x: FloatArray) -> FloatArray:
    """Return the (n, G) true mean profit of customers with features x (n, p).

    Cost: O(n G).
    """
    root = np.sqrt(world.explained) * world.sd
    truth = world.baseline + root * x[:, -1:] + np.asarray(world.gain)[None, :]
    own = np.stack([shape(x, g) for g in range(1, len(world.offers))], axis=1)
    truth[:, 1:] += np.asarray(world.spread)[1:] * own
    if world.margin is not None:
        truth = np.clip(truth, 0.0, world.margin)
    whole: FloatArray = truth
    return whole


def shape(x: FloatArray, offer: int) -> FloatArray:
    """Return the (n,) own effect of one offer, mean 0 and variance 1: a line and a step."""
    p = x.shape[1]
    first, second = (2 * offer - 2) % p, (2 * offer - 1) % p
    own: FloatArray = (x[:, first] + np.sign(x[:, second])) / np.sqrt(2.0)
    return own


def _realised(
    world: World, mean: FloatArray, cluster: IntArray, rng: np.random.Generator
) -> FloatArray:
    """Draw profits: all or nothing, or with normal noise; clusters share a part of it."""
    n = len(mean)
    if world.margin is not None:
        bought = _threshold(world, cluster, rng) < mean / world.margin
        return world.margin * bought.astype(np.float64)
    shared = rng.standard_normal(int(cluster[-1]) + 1)[cluster]
    own = rng.standard_normal(n)
    noise = np.sqrt(world.icc) * shared + np.sqrt(1.0 - world.icc) * own
    profit: FloatArray = mean + np.sqrt(1.0 - world.explained) * world.sd * noise
    return profit


def _threshold(world: World, cluster: IntArray, rng: np.random.Generator) -> FloatArray:
    """Draw uniform numbers: with chance sqrt(icc) a customer takes the cluster's own.

    Two customers of a cluster then share theirs with chance icc, which is their correlation.
    """
    own = rng.random(len(cluster))
    shared = rng.random(int(cluster[-1]) + 1)[cluster]
    takes = rng.random(len(cluster)) < np.sqrt(world.icc)
    drawn: FloatArray = np.where(takes, shared, own)
    return drawn


def _experiment(
    world: World, x: FloatArray, profit: FloatArray, cluster: IntArray, offer: IntArray
) -> Experiment:
    n, p = x.shape
    stratum = np.zeros(n, dtype=np.int64)
    table = dict(zip(world.offers, world.shares, strict=True))
    design, findings = make_design(
        offer=offer,
        stratum=stratum,
        offers=world.offers,
        strata=("all",),
        spec=ExperimentSpec(source="drawn", offer="offer", propensity=table),
        received=None,
    )
    number: Kind = "number"
    names = tuple(f"x{j + 1}" for j in range(p))
    schema = FeatureSchema(names, (number,) * p, ((),) * p)
    return Experiment(
        customers=np.arange(n),
        cluster=cluster,
        stratum=stratum,
        strata=("all",),
        strata_columns=(),
        offer=offer,
        offers=world.offers,
        control=0,
        profit=profit,
        features=Features(schema, np.asfortranarray(x)),
        design=design,
        source=SourceFacts("drawn customers", "", n, n, "profit"),
        findings=findings,
    )
