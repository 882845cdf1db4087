"""Profit matrices of the benchmark: (n, G) float32, column 0 is "no offer"."""

from __future__ import annotations

import numpy as np

BLOCK = 100_000


def logit(rows: int, offers: int = 64, seed: int = 0) -> np.ndarray:
    """Logit demand over a grid of discount x minimum basket.

    A customer buys with logit probability, which the discount raises where the basket reaches the
    minimum; filling the basket up to the minimum is a nuisance that differs between customers.
    """
    discounts = next(d for d in range(int(offers**0.5), 0, -1) if offers % d == 0)
    grid_d, grid_m = np.meshgrid(
        np.linspace(0, 0.35, discounts), np.linspace(0, 60, offers // discounts), indexing="ij"
    )
    discount, minimum = grid_d.ravel().astype("f4"), grid_m.ravel().astype("f4")
    out = np.empty((rows, offers), dtype=np.float32)
    rng = np.random.default_rng(seed)
    for start in range(0, rows, BLOCK):
        n = min(BLOCK, rows - start)
        draw = rng.standard_normal((5, n, 1), dtype=np.float32)
        basket = np.exp(3.4 + 0.5 * draw[0])
        margin = 0.25 + 0.2 / (1 + np.exp(-draw[1]))
        appeal = -1.6 + 0.8 * draw[2]
        taste = np.exp(2.1 + 0.7 * draw[3])
        nuisance = np.exp(-3.0 + 0.8 * draw[4])
        missing = np.maximum(minimum - basket, 0) * (discount > 0)
        utility = appeal + taste * discount - nuisance * missing
        bought = 1 / (1 + np.exp(-np.maximum(utility, -80)))
        out[start : start + n] = bought * (basket + missing) * (margin - discount)
    return out


def mixture(rows: int, offers: int = 64, seed: int = 0, tastes: int = 12) -> np.ndarray:
    """Gaussian mixture: a dozen tastes, noise of half their spread."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((tastes, offers), dtype=np.float32)
    out = np.empty((rows, offers), dtype=np.float32)
    for start in range(0, rows, BLOCK):
        n = min(BLOCK, rows - start)
        noise = rng.standard_normal((n, offers), dtype=np.float32)
        out[start : start + n] = 2 + centres[rng.integers(0, tastes, n)] + 0.5 * noise
    return out


def uniform(rows: int, offers: int = 64, seed: int = 0) -> np.ndarray:
    """No structure at all: the linear bound is weak by nature."""
    return np.random.default_rng(seed).random((rows, offers), dtype=np.float32)


def noisy(rows: int, offers: int = 64, seed: int = 0, level: float = 0.5) -> np.ndarray:
    """Logit demand plus estimation noise, `level` times the spread of the effects."""
    values = logit(rows, offers, seed)
    rng = np.random.default_rng(seed + 1)
    head = values[:BLOCK]
    spread = np.float32(level * (head - head[:, :1]).std())
    for start in range(0, rows, BLOCK):
        block = values[start : start + BLOCK]
        block += spread * rng.standard_normal(block.shape, dtype=np.float32)
    return values


def make(name: str, rows: int, offers: int, seed: int = 0) -> np.ndarray:
    """Return the instance of that name; "noisy_0.5" gives the noise level."""
    if name.startswith("noisy_"):
        return noisy(rows, offers, seed, float(name.split("_")[1]))
    return {"logit": logit, "mixture": mixture, "uniform": uniform}[name](rows, offers, seed)
