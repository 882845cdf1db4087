"""Limits of a brief applied to any rows: the assignment of a menu under them, out of fold or not.

A list of n customers is held to n / population of every total. Counts are rounded inwards. The
base, "no offer", is always possible. Cost: that of `allocate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.effects.crossfit import CrossFit
from handful.errors import BriefError
from handful.evidence.limit_records import LimitRule, LimitTerms
from handful.experiment.records import Experiment
from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.allocation import allocate
from handful.policy.allocation_records import Allocation, Limit, Problem

ROUND: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of the log with all that an assignment under limits reads of them.

    Attributes:
        index: (r,) row numbers of the log.
        values: (r, G) predicted profit.
        cells: (r, G) True where an offer may be given.
        amounts: (r, G) or (1, G) expected amounts, one per amount of the experiment.
    """

    index: IntArray
    values: FloatArray
    cells: BoolArray
    amounts: tuple[FloatArray, ...]

    def take(self, part: IntArray) -> Rows:
        """Return some of these rows."""
        amounts = tuple(a if len(a) == 1 else a[part] for a in self.amounts)
        return Rows(self.index[part], self.values[part], self.cells[part], amounts)


def fold_rows(experiment: Experiment, fit: CrossFit, index: IntArray) -> Rows:
    """Return rows as models that never saw their fold predict them."""
    amounts = tuple(
        a.predicted if len(a.predicted) == 1 else a.predicted[index] for a in fit.amounts
    )
    return Rows(index, fit.predicted[index], experiment.open_cells[index], amounts)


def world_rows(experiment: Experiment, fit: CrossFit, fold: int) -> Rows:
    """Return the rows outside a fold as they look without it."""
    world = fit.worlds[fold]
    amounts = tuple(a.worlds[fold] for a in fit.amounts)
    return Rows(world.rows, world.predicted, experiment.open_cells[world.rows], amounts)


def menu_columns(menu: Sequence[int], limits: LimitTerms) -> IntArray:
    """Return the codes of a menu and the base, ascending."""
    return np.union1d(np.array(menu, dtype=np.int64), [limits.base])


def limited_problem(
    rows: Rows, menu: Sequence[int], limits: LimitTerms, *, upper_only: bool = False
) -> Problem:
    """Return the allocation of a menu and the base to these rows.

    Args:
        rows: the customers.
        menu: offer codes; the base is added.
        limits: the brief's.
        upper_only: leave out minimums, as for a single offer that cannot meet them.
    """
    columns = menu_columns(menu, limits)
    cells = rows.cells[:, columns].copy()
    cells[:, np.searchsorted(columns, limits.base)] = True
    rules = [r for r in limits.rules if np.isfinite(r.high) or not upper_only]
    made = []
    for rule in rules:
        limit = _limit(rule, rows, columns, limits)
        # A minimum that doing nothing keeps, such as a difference within both ends, stays.
        made.append(replace(limit, low=-np.inf) if upper_only and limit.low > 0 else limit)
    # Offers with dials are predicted in single precision; sums that must keep a limit are not.
    return Problem(rows.values[:, columns].astype(np.float64), cells, tuple(made))


def _limit(rule: LimitRule, rows: Rows, columns: IntArray, limits: LimitTerms) -> Limit:
    counted = None if rule.rows is None else rule.rows[rows.index]
    if rule.amount is not None:
        scale = len(rows.index) / (1.0 if rule.share else limits.population)
        amounts = np.asfortranarray(rows.amounts[rule.amount][:, columns], dtype=np.float64)
        if rule.share:
            # A mean of differences: the same offer for the whole list makes none, whatever mix of
            # groups the list happens to be.
            amounts -= amounts.mean(axis=0)
        return Limit(rule.name, rule.low * scale, rule.high * scale, amounts=amounts)
    customers = len(rows.index) if counted is None else int(counted.sum())
    scale = customers if rule.share else len(rows.index) / limits.population
    least, most = (np.ceil, np.floor) if limits.inward else (np.floor, np.ceil)
    return Limit(
        rule.name,
        float(least(rule.low * scale - ROUND)),
        float(most(rule.high * scale + ROUND)),
        tuple(np.flatnonzero(np.isin(columns, rule.offers)).tolist()),
        counted,
    )


def limited_allocation(rows: Rows, menu: Sequence[int], limits: LimitTerms) -> Allocation:
    """Return the best assignment of a menu and the base; offers are positions in the columns.

    Raises:
        BriefError: P730, P731 as `allocate`.
    """
    return allocate(limited_problem(rows, menu, limits))


def limited_codes(
    rows: Rows, menu: Sequence[int], limits: LimitTerms, fallback: IntArray
) -> IntArray:
    """Return (r,) offer codes of the best assignment; a closed base becomes the row's fallback.

    Raises:
        BriefError: P730, P731 as `allocate`.
    """
    given = menu_columns(menu, limits)[limited_allocation(rows, menu, limits).offer]
    return base_to_fallback(rows, given, fallback)


def single_codes(rows: Rows, offer: int, limits: LimitTerms, fallback: IntArray) -> IntArray:
    """Return (r,) what "this offer and no other" gives as far as the limits let it.

    It keeps every limit where it can. Where it cannot, minimums are left out: no single offer can
    be held to another's. Where not even the base keeps within the upper limits everybody gets it.
    """
    for upper_only in (False, True):
        if not upper_only and not _may_keep(offer, limits):
            continue
        try:
            found = allocate(limited_problem(rows, (offer,), limits, upper_only=upper_only))
        except BriefError:
            continue
        given = menu_columns((offer,), limits)[found.offer]
        return base_to_fallback(rows, given, fallback)
    return base_to_fallback(rows, np.full(len(rows.index), limits.base), fallback)


def _may_keep(offer: int, limits: LimitTerms) -> bool:
    """Tell whether every minimum on customers counts this offer or the base."""
    least = [rule.offers for rule in limits.rules if rule.amount is None and rule.low > 0]
    return all({offer, limits.base} & set(counted) for counted in least)


def has_minimum(limits: LimitTerms | None) -> bool:
    """Tell whether some limit asks for a least use."""
    return limits is not None and any(0 < rule.low < np.inf for rule in limits.rules)


def base_to_fallback(rows: Rows, given: IntArray, fallback: IntArray) -> IntArray:
    """Return the offers given, the row's fallback where they are closed to it."""
    is_open = rows.cells[np.arange(len(given)), given]
    return np.where(is_open, given, fallback[rows.index])


def codes_by_fold(
    experiment: Experiment,
    fit: CrossFit,
    menu: Sequence[int],
    limits: LimitTerms,
    fallback: IntArray,
) -> IntArray:
    """Return (n,) what every fold's rows get of one menu, by models that never saw them.

    Raises:
        BriefError: P730, P731 as `allocate`.

    Cost: J allocations.
    """
    given = np.empty(experiment.n_rows, np.int64)
    for j in range(len(fit.worlds)):
        mine = np.flatnonzero(fit.fold == j)
        rows = fold_rows(experiment, fit, mine)
        given[mine] = limited_codes(rows, menu, limits, fallback)
    return given
