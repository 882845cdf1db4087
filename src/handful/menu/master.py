"""The linear program over the cut pool, one for each K, and bounds recomputed outside it.

With cuts (constant_tc, slope_tc) and multipliers alpha_tc >= 0 that sum to 1 over t in every
group c, any menu S has

    F(S) - sum_{g in S} f_g <= sum_tc alpha_tc constant_tc + sum_{g in S} (s_g - f_g),
    s_g = sum_tc alpha_tc slope_tcg,

so the K largest s_g - f_g bound all menus of K. The program minimises that bound over alpha; its
row duals are a fractional menu y, at which the next cut is made. Whatever alpha the solver
returns is clipped and normalised, and the bound is summed again in float64 over all columns: the
solver's tolerances cannot make it invalid.

Reference: Duran-Mateluna, Ales and Elloumi (2021), Benders decomposition for the p-median.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np

from handful.menu.search import Rules
from handful.menu.sums import CutSums
from handful.notation import BoolArray, FloatArray, IntArray

SETTINGS: dict[str, bool | int | str] = {
    "output_flag": False,
    "threads": 1,
    "presolve": "off",
    "solver": "simplex",
    "simplex_strategy": 4,
}
"""Primal simplex: every change keeps the last basis primal feasible."""


@dataclass(frozen=True, slots=True)
class Node:
    """Menus of K offers (any number where None) that hold `held` and do not hold `barred`."""

    offers: int | None
    held: BoolArray
    barred: BoolArray


@dataclass(frozen=True, slots=True)
class Dual:
    """A bound on every menu of a node.

    Attributes:
        bound: on the net value, recomputed in float64.
        menu: (G,) fractional menu of the program, sum K.
        alpha: (T, C) multipliers of the cuts.
        worth: (G,) s_g - f_g; the bound changes by their differences when offers are exchanged.
    """

    bound: float
    menu: FloatArray
    alpha: FloatArray
    worth: FloatArray


class CutPool:
    """All cuts made so far, valid for every K: constants (T, C) and slopes (T, C, G)."""

    def __init__(self, offers: int, groups: int) -> None:
        self.constant = np.empty((0, groups))
        self.slope = np.empty((0, groups, offers))

    def add(self, cuts: CutSums) -> None:
        """Append cuts."""
        self.constant = np.concatenate([self.constant, cuts.constant])
        self.slope = np.concatenate([self.slope, cuts.slope])


def recomputed(pool: CutPool, costs: FloatArray, alpha: FloatArray, node: Node) -> Dual:
    """Return the bound of multipliers on a node, in float64 and over all columns."""
    clipped = np.maximum(np.nan_to_num(alpha), 0.0)
    weight = clipped.sum(axis=0)
    clipped[0, weight <= 0] = 1.0
    clipped /= clipped.sum(axis=0)
    used = np.flatnonzero(clipped.any(axis=1))
    constant = float((clipped[used] * pool.constant[used]).sum())
    worth = np.einsum("tc,tcg->g", clipped[used], pool.slope[used]) - costs
    chosen = best_columns(worth, node)
    menu = np.zeros(len(costs))
    menu[chosen] = 1.0
    return Dual(constant + float(worth[chosen].sum()), menu, clipped, worth)


def best_columns(worth: FloatArray, node: Node) -> IntArray:
    """Return the columns of largest total worth that the node allows."""
    held = np.flatnonzero(node.held)
    free = np.flatnonzero(~node.held & ~node.barred)
    order = free[np.argsort(-worth[free], kind="stable")]
    if node.offers is None:
        return np.concatenate([held, order[worth[order] > 0]])
    return np.concatenate([held, order[: node.offers - len(held)]])


class Master:
    """The program of one K, kept warm between cuts.

    Columns: alpha_tc, a free mu with cost K, nu_g with cost u_g and xi_g with cost -l_g, where
    l_g <= y_g <= u_g. Rows: the C group sums, and mu + nu_g - xi_g >= s_g - f_g. New cuts are new
    columns and new bounds are new costs, so the last basis always stays feasible.
    """

    def __init__(self, pool: CutPool, rules: Rules, scale: float) -> None:
        self.pool, self.rules, self.scale = pool, rules, scale
        self.cuts = 0
        groups, offers = pool.constant.shape[1], len(rules.costs)
        self.solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in SETTINGS.items():
            self.solver.setOptionValue(option, value)
        lower = np.concatenate([np.ones(groups), -rules.costs / scale])
        upper = np.concatenate([np.ones(groups), np.full(offers, np.inf)])
        empty = np.zeros(0, dtype=np.int32)
        self.solver.addRows(groups + offers, lower, upper, 0, empty, empty, np.zeros(0))
        rows = groups + np.arange(offers)
        self._columns(np.zeros(1), np.array([-np.inf]), np.array([0]), rows, np.ones(offers))
        each = np.arange(offers)
        self._columns(np.zeros(offers), np.zeros(offers), each, rows, np.ones(offers))
        self._columns(np.zeros(offers), np.zeros(offers), each, rows, -np.ones(offers))

    def solve(self, node: Node) -> Dual:
        """Return the best bound on the node that the pool gives."""
        self._extend()
        groups, offers = self.pool.constant.shape[1], len(self.rules.costs)
        cost = np.concatenate(
            [[0.0 if node.offers is None else node.offers], 1.0 * ~node.barred, -1.0 * node.held]
        )
        bounded = np.arange(1 + 2 * offers, dtype=np.int32)
        self.solver.changeColsCost(len(bounded), bounded, cost)
        self.solver.run()
        solution = self.solver.getSolution()
        if not solution.value_valid:
            alpha = np.zeros_like(self.pool.constant)
            return recomputed(self.pool, self.rules.costs, alpha, node)
        alpha = np.array(solution.col_value)[1 + 2 * offers :].reshape(-1, groups)
        dual = recomputed(self.pool, self.rules.costs, alpha, node)
        menu = np.clip(np.array(solution.row_dual)[groups:], node.held, ~node.barred)
        return replace(dual, menu=menu)

    def _extend(self) -> None:
        new = slice(self.cuts, len(self.pool.constant))
        constant, slope = self.pool.constant[new], self.pool.slope[new]
        count, groups, offers = slope.shape
        if not count:
            return
        body = np.empty((count, groups, 1 + offers))
        body[..., 0] = 1.0
        body[..., 1:] = -slope / self.scale
        rows = np.empty((count, groups, 1 + offers), dtype=np.int32)
        rows[..., 0] = np.arange(groups)
        rows[..., 1:] = groups + np.arange(offers)
        starts = np.arange(count * groups) * (1 + offers)
        self._columns(
            constant.ravel() / self.scale,
            np.zeros(count * groups),
            starts,
            rows.ravel(),
            body.ravel(),
        )
        self.cuts = new.stop

    def _columns(
        self,
        cost: FloatArray,
        lower: FloatArray,
        starts: IntArray,
        rows: IntArray,
        values: FloatArray,
    ) -> None:
        self.solver.addCols(
            len(cost),
            cost,
            lower,
            np.full(len(cost), np.inf),
            len(values),
            starts.astype(np.int32),
            rows.astype(np.int32),
            values,
        )
