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
ALL_PRICED = 160
"""Up to this many offers all have their row from the start."""
PRICED_IN = 32
PRICING_ROUNDS = 12
PRICE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Node:
    """Menus of K offers that hold `held` and do not hold `barred`."""

    offers: int
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
    return np.concatenate([held, order[: node.offers - len(held)]])


class Master:
    """The program of one K, kept warm between cuts.

    Columns: alpha_tc; a free mu with cost K; and for each offer that is priced in, nu_g with cost
    u_g and xi_g with cost -l_g, where l_g <= y_g <= u_g. Rows: the C group sums, and
    mu + nu_g - xi_g >= s_g - f_g. New cuts are new columns and new bounds are new costs, so the
    last basis stays feasible. Of many offers only those that could enter have their row.
    """

    def __init__(self, pool: CutPool, rules: Rules, scale: float, offers: IntArray) -> None:
        self.pool, self.rules, self.scale = pool, rules, scale
        self.groups, self.cuts, self.columns = pool.constant.shape[1], 0, 1
        self.active = np.zeros(0, dtype=np.int64)
        self.nu = np.zeros(0, dtype=np.int64)
        self.alpha = np.zeros(0, dtype=np.int64)
        self.solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in SETTINGS.items():
            self.solver.setOptionValue(option, value)
        ones, none = np.ones(self.groups), np.zeros(0, dtype=np.int32)
        self.solver.addRows(self.groups, ones, ones, 0, none, none, np.zeros(0))
        self.solver.addCol(0.0, -np.inf, np.inf, 0, none, np.zeros(0))
        everything = np.arange(len(rules.costs))
        self._price_in(everything if len(everything) <= ALL_PRICED else offers)

    def solve(self, node: Node) -> Dual:
        """Return the best bound on the node that the pool gives."""
        self._extend()
        self._price_in(np.setdiff1d(np.flatnonzero(node.held), self.active))
        for _ in range(PRICING_ROUNDS):
            dual, price = self._solved(node)
            beyond = dual.worth - price > PRICE_TOLERANCE * self.scale
            beyond[self.active] = False
            entering = np.flatnonzero(beyond & ~node.barred)
            if not len(entering):
                break
            self._price_in(entering[np.argsort(-dual.worth[entering])[:PRICED_IN]])
        return dual

    def _solved(self, node: Node) -> tuple[Dual, float]:
        """Return the solution over the offers priced in, bounded over all, and mu."""
        cost = np.concatenate(
            [[node.offers], ~node.barred[self.active], -1.0 * node.held[self.active]]
        )
        columns = np.concatenate([[0], self.nu, self.nu + 1]).astype(np.int32)
        self.solver.changeColsCost(len(columns), columns, cost.astype(np.float64))
        self.solver.run()
        solution = self.solver.getSolution()
        if not solution.value_valid:
            nothing = np.zeros_like(self.pool.constant)
            return recomputed(self.pool, self.rules.costs, nothing, node), np.inf
        values = np.array(solution.col_value)
        alpha = values[self.alpha].reshape(-1, self.groups)
        dual = recomputed(self.pool, self.rules.costs, alpha, node)
        menu = np.zeros(len(self.rules.costs))
        menu[self.active] = np.array(solution.row_dual)[self.groups :]
        menu = np.clip(menu, node.held, ~node.barred)
        return replace(dual, menu=menu), float(values[0]) * self.scale

    def _price_in(self, offers: IntArray) -> None:
        """Add the rows of some offers, with their nu and xi side by side."""
        count = len(offers)
        if not count:
            return
        made = self.alpha.reshape(-1, self.groups)
        slope = -self.pool.slope[: len(made)][:, :, offers].reshape(-1, count).T / self.scale
        body = np.column_stack([np.ones(count), slope])
        places = np.tile(np.concatenate([[0], self.alpha]), count)
        starts = np.arange(count) * (1 + len(self.alpha))
        lower = -self.rules.costs[offers] / self.scale
        rows = self.groups + len(self.active) + np.arange(count)
        self.solver.addRows(
            count,
            lower,
            np.full(count, np.inf),
            body.size,
            starts.astype(np.int32),
            places.astype(np.int32),
            np.ascontiguousarray(body).ravel(),
        )
        self.active = np.concatenate([self.active, offers])
        pairs = self._columns(np.zeros(2 * count), np.repeat(rows, 2), np.tile([1.0, -1.0], count))
        self.nu = np.concatenate([self.nu, pairs[::2]])

    def _extend(self) -> None:
        """Add the pool's new cuts as columns."""
        constant, slope = self.pool.constant[self.cuts :], self.pool.slope[self.cuts :]
        if not len(constant):
            return
        shape = (len(constant), self.groups, 1 + len(self.active))
        body, rows = np.empty(shape), np.empty(shape, dtype=np.int64)
        body[..., 0], body[..., 1:] = 1.0, -slope[:, :, self.active] / self.scale
        rows[..., 0] = np.arange(self.groups)
        rows[..., 1:] = self.groups + np.arange(len(self.active))
        new = self._columns(constant.ravel() / self.scale, rows.ravel(), body.ravel())
        self.alpha = np.concatenate([self.alpha, new])
        self.cuts = len(self.pool.constant)

    def _columns(self, cost: FloatArray, rows: IntArray, values: FloatArray) -> IntArray:
        """Add columns >= 0 of equally many entries; return their places."""
        count, size = len(cost), len(values)
        starts = np.arange(0, size, size // count).astype(np.int32)
        none, most = np.zeros(count), np.full(count, np.inf)
        self.solver.addCols(count, cost, none, most, size, starts, rows.astype(np.int32), values)
        self.columns += count
        return np.arange(self.columns - count, self.columns)
