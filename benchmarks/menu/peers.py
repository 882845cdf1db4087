"""The peers: each takes the matrix and the sizes, and returns a menu per size and seconds.

k_means_*    cluster customers (rows of effects or of profits), then the best offer per cluster
lloyd_R      alternate "each customer to their best offer" and "each group to its best offer",
             R random starts, best kept
greedy       numpy, one offer at a time
submodlib    its C++ facility location with LazyGreedy; values shifted to be non-negative
p_median     the full p-median integer program, HiGHS
spopt        spopt's PMedian through PuLP
"""

from __future__ import annotations

import contextlib
import io

import numpy as np


def k_means_effects(values, sizes):
    return _k_means(values, values - values[:, :1], sizes)


def k_means_profits(values, sizes):
    return _k_means(values, values, sizes)


def _k_means(values, rows, sizes):
    from sklearn.cluster import KMeans

    menus = {}
    for k in sizes:
        label = KMeans(k, n_init=1, random_state=0).fit_predict(rows)
        menus[k] = {int(values[label == c].sum(axis=0).argmax()) for c in range(k)}
    return menus


def lloyd(values, sizes, starts):
    rng = np.random.default_rng(0)
    menus = {}
    for k in sizes:
        best, best_value = None, -np.inf
        for _ in range(starts):
            menu = rng.choice(values.shape[1], k, replace=False)
            value = -np.inf
            while True:
                group = values[:, menu].argmax(axis=1)
                reached = float(values[np.arange(len(values)), menu[group]].sum(dtype=np.float64))
                if reached <= value * (1 + 1e-12):
                    break
                value = reached
                sums = np.stack([values[group == c].sum(axis=0) for c in range(k)])
                menu = np.where((group[:, None] == np.arange(k)).any(axis=0), sums.argmax(1), menu)
            if value > best_value:
                best, best_value = set(menu.tolist()), value
        menus[k] = best
    return menus


def lloyd_1(values, sizes):
    return lloyd(values, sizes, 1)


def lloyd_10(values, sizes):
    return lloyd(values, sizes, 10)


def lloyd_100(values, sizes):
    return lloyd(values, sizes, 100)


def greedy(values, sizes):
    reached = np.full(len(values), -np.inf, dtype=np.float32)
    chosen = []
    for _ in range(max(sizes)):
        gains = [
            np.maximum(reached, values[:, g]).sum(dtype=np.float64) for g in range(values.shape[1])
        ]
        chosen.append(int(np.argmax(gains)))
        reached = np.maximum(reached, values[:, chosen[-1]])
    return {k: chosen[:k] for k in sizes}


def submodlib(values, sizes):
    from submodlib import FacilityLocationFunction

    shifted = values - values.min()
    function = FacilityLocationFunction(
        n=values.shape[1], mode="dense", sijs=shifted, separate_rep=True, n_rep=len(values)
    )
    chosen = function.maximize(
        budget=max(sizes), optimizer="LazyGreedy", stopIfZeroGain=False, stopIfNegativeGain=False
    )
    order = [g for g, _ in chosen]
    return {k: order[:k] for k in sizes}


def p_median(values, sizes):
    import scipy.optimize as so
    import scipy.sparse as sp

    n, offers = values.shape
    cells = n * offers
    cost = np.concatenate([-values.ravel().astype(np.float64), np.zeros(offers)])
    each = sp.hstack([sp.kron(sp.eye(n), np.ones((1, offers))), sp.csr_matrix((n, offers))])
    link = sp.hstack([sp.eye(cells), -sp.kron(np.ones((n, 1)), sp.eye(offers))])
    count = sp.hstack([sp.csr_matrix((1, cells)), np.ones((1, offers))])
    kinds = np.concatenate([np.zeros(cells), np.ones(offers)])
    menus = {}
    for k in sizes:
        limits = [
            so.LinearConstraint(each.tocsr(), 1, 1),
            so.LinearConstraint(link.tocsr(), -np.inf, 0),
            so.LinearConstraint(count.tocsr(), k, k),
        ]
        result = so.milp(cost, constraints=limits, integrality=kinds, bounds=so.Bounds(0, 1))
        menus[k] = np.flatnonzero(result.x[cells:] > 0.5).tolist()
    return menus


def spopt(values, sizes):
    import pulp
    from spopt.locate import PMedian

    distance = (values.max() - values).astype(np.float64)
    menus = {}
    for k in sizes:
        model = PMedian.from_cost_matrix(distance, np.ones(len(values)), p_facilities=k)
        with contextlib.redirect_stdout(io.StringIO()):
            model = model.solve(pulp.PULP_CBC_CMD(msg=False))
        menus[k] = [g for g in range(values.shape[1]) if model.fac2cli[g]]
    return menus
