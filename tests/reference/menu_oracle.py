"""The menu problem written out naively, row by row: slow, and nothing to get wrong."""

from __future__ import annotations

from itertools import combinations

import numpy as np


def cells(values):
    """Masked cells count as 0, the worth of the fallback."""
    return np.where(np.isneginf(values), 0.0, np.asarray(values, dtype=np.float64))


def net_value(values, menu, weights, costs):
    best = cells(values)[:, list(menu)].max(axis=1)
    return float(weights @ best - costs[list(menu)].sum())


def best_menu(values, offers, weights, costs, always=(), never=()):
    """Try every allowed menu of that many offers."""
    n_offers = values.shape[1]
    allowed = [g for g in range(n_offers) if g not in set(never)]
    menus = [m for m in combinations(allowed, offers) if set(always) <= set(m)]
    return max((net_value(values, m, weights, costs), m) for m in menus)


def swap_tables(values, menu, weights):
    """What each change of a menu is worth, by evaluating the changed menu."""
    n_offers = values.shape[1]
    none = np.zeros(n_offers)
    base = net_value(values, menu, weights, none)
    add = [net_value(values, (*menu, g), weights, none) - base for g in range(n_offers)]
    drop, swap = [], []
    for place in range(len(menu)):
        rest = menu[:place] + menu[place + 1 :]
        drop.append(net_value(values, rest, weights, none) - base if rest else np.nan)
        swap.append([net_value(values, (*rest, g), weights, none) - base for g in range(n_offers)])
    return base, np.array(add), np.array(drop), np.array(swap)


def cut(values, weights, point, leaders):
    """One customer at a time: the critical price, then the excess over it."""
    matrix, support = cells(values), np.flatnonzero(point >= 0.01)
    constant = np.zeros(len(leaders))
    slope = np.zeros((len(leaders), matrix.shape[1]))
    for row, weight in zip(matrix, weights, strict=True):
        group = int(np.argmax(row[leaders]))
        candidates = [
            v for v in row[support] if point[support][row[support] >= v].sum() >= 1 - 1e-5
        ]
        price = max(candidates, default=row[support].min())
        constant[group] += weight * price
        slope[group] += weight * np.maximum(row - price, 0.0)
    return constant, slope


def instances(kind, rng, rows, offers):
    """Small random problems of every generator of the benchmark."""
    if kind == "uniform":
        return rng.random((rows, offers))
    if kind == "ties":
        return rng.integers(0, 4, (rows, offers)).astype(float)
    if kind == "mixture":
        centres = rng.normal(size=(5, offers))
        return centres[rng.integers(0, 5, rows)] + 0.3 * rng.normal(size=(rows, offers))
    lift = np.linspace(0, 0.35, offers)
    base = rng.normal(-1.2, 0.8, (rows, 1))
    slope = np.exp(rng.normal(1.8, 0.6, (rows, 1)))
    margin = rng.uniform(0.25, 0.45, (rows, 1))
    noise = 0.05 * rng.normal(size=(rows, offers)) if kind == "noisy" else 0.0
    return (margin - lift) / (1 + np.exp(-base - slope * lift)) + noise


KINDS = ("uniform", "ties", "mixture", "logit", "noisy")
