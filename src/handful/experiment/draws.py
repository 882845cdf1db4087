"""Random draws of a simulated experiment: clusters, features, strata, offers and profit."""

from __future__ import annotations

import numpy as np

from handful.experiment import promotions as promo
from handful.experiment.records import Features
from handful.experiment.simulation import CATEGORY_LEVELS, Simulation, design_shares, feature_schema
from handful.notation import FloatArray, IntArray

HEAVY_SIGMA = 1.0
HEAVY_SCALE = 2.0
CONFOUNDING = 1.0
NORMAL_BASKET_SPREAD = 0.3


def draw_clusters(settings: Simulation, n: int, rng: np.random.Generator) -> IntArray:
    """Return (n,) cluster codes: sizes uniform on 1 .. 2 m - 1, rows of a cluster together."""
    if settings.cluster_size == 1:
        return np.arange(n, dtype=np.int64)
    sizes = rng.integers(1, 2 * settings.cluster_size, size=n)
    return np.repeat(np.arange(n, dtype=np.int64), sizes)[:n]


def draw_latent(settings: Simulation, cluster: IntArray, rng: np.random.Generator) -> FloatArray:
    """Draw (n, p) standard normals, sharing part of their variance within clusters."""
    p = settings.features
    z: FloatArray = rng.standard_normal((cluster.shape[0], p))
    if settings.cluster_size == 1:
        return z
    shared = rng.standard_normal((int(cluster[-1]) + 1, p))[cluster]
    rho = settings.cluster_correlation
    mixed: FloatArray = rho**0.5 * shared + (1.0 - rho) ** 0.5 * z
    return mixed


def observe(settings: Simulation, z: FloatArray, rng: np.random.Generator) -> Features:
    """Return what an analyst sees of the latent normals: columns, categories, missing values."""
    schema = feature_schema(settings)
    if settings.surface == "promotions":
        values = promo.promotion_features(z)
    else:
        values = np.empty((z.shape[0], len(schema.names)), order="F")
        values[:, : settings.features] = z
        for j in range(settings.categories):
            codes = rng.integers(0, len(CATEGORY_LEVELS), size=z.shape[0])
            values[:, settings.features + j] = codes
    if settings.missing > 0.0:
        values[rng.random(values.shape) < settings.missing] = np.nan
    return Features(schema, values)


def draw_strata(
    settings: Simulation, z: FloatArray, cluster: IntArray, rng: np.random.Generator
) -> IntArray:
    """Sort whole clusters into strata by their first row's first feature, with some error."""
    first = np.concatenate(([0], np.flatnonzero(np.diff(cluster)) + 1))
    risk = 0.8 * z[first, 0] + 0.6 * rng.standard_normal(first.size)
    cuts = np.quantile(risk, np.arange(1, settings.strata) / settings.strata)
    stratum: IntArray = np.searchsorted(cuts, risk)[cluster]
    return stratum


def offer_probabilities(settings: Simulation, z: FloatArray, stratum: IntArray) -> FloatArray:
    """Return (n, G) probabilities: the stratum's shares, pushed by a feature if observational."""
    shares = design_shares(settings)[stratum]
    if not settings.observational:
        return shares
    push = np.linspace(-1.0, 1.0, settings.offers)
    weight = shares * np.exp(CONFOUNDING * z[:, :1] * push)
    probabilities: FloatArray = weight / weight.sum(axis=1, keepdims=True)
    return probabilities


def assign_offers(
    probabilities: FloatArray, cluster: IntArray, rng: np.random.Generator
) -> IntArray:
    """Draw one offer per cluster from the probabilities of its first row."""
    first = np.concatenate(([0], np.flatnonzero(np.diff(cluster)) + 1))
    u = rng.random(first.size)
    offer = (u[:, None] > np.cumsum(probabilities[first], axis=1)[:, :-1]).sum(axis=1)
    drawn: IntArray = offer.astype(np.int64)[cluster]
    return drawn


def basket_spread(settings: Simulation) -> float:
    """Return the spread of log baskets in the promotions surface."""
    return HEAVY_SIGMA if settings.tails == "heavy" else NORMAL_BASKET_SPREAD


def draw_profit(
    settings: Simulation,
    features: Features,
    truth: FloatArray,
    offer: IntArray,
    cluster: IntArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw realised profit around the truth; the mean is the truth under every kind of tail."""
    if settings.surface == "promotions":
        grid = promo.promotion_grid(settings.offers)
        demand = promo.promotion_demand(features.values, grid, settings.heterogeneity)
        return promo.draw_purchases(demand, grid, offer, basket_spread(settings), rng).profit
    return noisy(settings, truth[np.arange(offer.shape[0]), offer], cluster, rng)


def noisy(
    settings: Simulation, mean: FloatArray, cluster: IntArray, rng: np.random.Generator
) -> FloatArray:
    """Draw (n,) profits around their means, with the settings' tails and shared noise."""
    n = mean.shape[0]
    rho = settings.cluster_correlation if settings.cluster_size > 1 else 0.0
    shared = rng.standard_normal(int(cluster[-1]) + 1)[cluster]
    noise = rho**0.5 * shared + (1.0 - rho) ** 0.5 * rng.standard_normal(n)
    if settings.tails == "normal":
        profit: FloatArray = mean + settings.noise * noise
        return profit
    buys = rng.random(n) < np.minimum(settings.spend_rate * np.abs(mean) / HEAVY_SCALE, 1.0)
    size = np.exp(HEAVY_SIGMA * noise - HEAVY_SIGMA**2 / 2.0)
    spend: FloatArray = np.sign(mean) * buys * size * HEAVY_SCALE / settings.spend_rate
    return spend
