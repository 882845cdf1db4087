"""Every metric by group: values, differences first, ratios second, and verdicts on the bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.brief.fairness import METRICS, FairnessSpec
from handful.evidence.records import Estimate
from handful.guardrails.disclosure_withheld import two_digits
from handful.guardrails.fairness_groups import Groups
from handful.guardrails.fairness_moments import (
    Column,
    Family,
    Moments,
    difference,
    family_of,
    group_estimates,
    moments,
    ratio,
)
from handful.guardrails.fairness_records import (
    BoundVerdict,
    GroupValue,
    MetricFrame,
    Unmeasured,
)
from handful.notation import IntArray

NO_BOUND: Final[BoundVerdict] = "no_bound"


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of one protected column, before it is told."""

    column: Column
    groups: Groups
    found: Moments
    assigned: float | None


def compared(
    columns: Sequence[Column],
    assigned: Sequence[Column],
    all_groups: Sequence[Groups],
    cluster: IntArray,
) -> tuple[tuple[Compared, ...], tuple[Unmeasured, ...]]:
    """Compare every metric in every protected column.

    Args:
        columns: held-out metrics.
        assigned: those of the plan's own assignment that need no outcome.
        all_groups: of the protected columns.
        cluster: (n,) codes.

    Returns:
        What could be compared, and what could not.

    Cost: O(n m) a metric and column.
    """
    own = {(column.metric, column.offer): column for column in assigned}
    made, without = [], []
    for groups in all_groups:
        for column in columns:
            found = moments(column, groups, cluster)
            if found is None:
                of = "" if column.offer is None else f" of {column.offer}"
                why = "it counts fewer than 30 customers of some group"
                without.append(Unmeasured(f"{column.metric}{of} by {groups.column}", why))
                continue
            mine = own.get((column.metric, column.offer))
            counted = None if mine is None else moments(mine, groups, cluster)
            gap = None if counted is None else float(np.ptp(counted.mean))
            made.append(Compared(column, groups, found, gap))
    return tuple(made), tuple(without)


def frames_of(
    found: Sequence[Compared], asked: FairnessSpec, least: int
) -> tuple[MetricFrame, ...]:
    """Tell every comparison, with intervals that hold for all of them together.

    Args:
        found: from `compared`.
        asked: bounds.
        least: smallest count that is shown.

    Cost: O(comparisons).
    """
    family = family_of([one.found for one in found])
    hidden = hidden_columns(found, least)
    return tuple(_frame(one, family, asked, one.groups.column in hidden) for one in found)


def hidden_columns(found: Sequence[Compared], least: int) -> frozenset[str]:
    """Return the protected columns whose groups' sizes would give away a count too small to show.

    A share of a group times its size is a count; then no size of the column's groups is told.
    """
    return frozenset(one.groups.column for one in found if _tells_few(one, least))


def _frame(one: Compared, family: Family, asked: FairnessSpec, hidden: bool) -> MetricFrame:
    column, gap = one.column, difference(one.found, family)
    name = next((m for m in METRICS if m == column.metric), None)
    bound = None if name is None else asked.bound(name, one.groups.column)
    values = tuple(_group_values(one, family, hidden))
    return MetricFrame(
        column=one.groups.column,
        metric=column.metric,
        offer=column.offer,
        measure=column.measure,
        overall=float(column.values @ column.weights / column.weights.sum()),
        by_group=values,
        group_min=min(value.value for value in values),
        group_max=max(value.value for value in values),
        difference=gap,
        ratio=ratio(one.found, family),
        assigned=one.assigned,
        bound=bound,
        verdict=verdict_on(gap, bound),
    )


def verdict_on(gap: Estimate, bound: float | None) -> BoundVerdict:
    """Return the verdict on a difference: its interval against the bound.

    Example:
        >>> verdict_on(Estimate(0.2, 0.02, 0.15, 0.25), 0.1)
        'fail'
        >>> verdict_on(Estimate(0.1, 0.05, 0.0, 0.2), 0.15)
        'warn'
    """
    if bound is None:
        return NO_BOUND
    if gap.lo > bound:
        return "fail"
    return "pass" if gap.hi <= bound else "warn"


def _group_values(one: Compared, family: Family, hidden: bool) -> Iterator[GroupValue]:
    sizes = one.groups.sizes
    coarse = two_digits if hidden and one.found.share else float
    estimates = group_estimates(one.found, family)
    for a, (group, found) in enumerate(zip(one.groups.names, estimates, strict=True)):
        yield GroupValue(
            group,
            None if hidden else int(sizes[a]),
            *(coarse(x) for x in (found.value, found.se, found.lo, found.hi)),
        )


def _tells_few(one: Compared, least: int) -> bool:
    if not one.found.share:
        return False
    having = one.found.mean * one.groups.sizes
    lacking = one.groups.sizes - having
    return any(0.5 <= count < least for count in (*having, *lacking))
