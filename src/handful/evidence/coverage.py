"""Who has an acceptable offer, overall and by protected group, and who is shut out.

An offer counts as acceptable to those who get it where it is none that means exclusion and, where
the brief says how many must take it up, the lower end of its segment's held-out take-up is above
that. The firm's own profit does not count: an offer that pays less may well be what lets customers
in. Shares are of decisions by models that never saw the customer, with bands that hold for all
groups at once.
Cost O(n (S + q) + p^2 n) for q groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from handful.brief.coverage import CoverageSpec
from handful.effects.crossfit import CrossFit
from handful.effects.scores import close_cells
from handful.evidence.contrasts import Group, group_means
from handful.evidence.coverage_records import (
    AcceptableOffer,
    CoverageFacts,
    Covered,
    ShutOut,
)
from handful.evidence.ratios import together
from handful.evidence.records import Estimate
from handful.evidence.terms import Terms
from handful.evidence.worse_off import Comparison
from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.policy import assign_codes
from handful.policy.rules import best_tree, leaf_of
from handful.policy.wording import rule_text

EVERYBODY = "everybody"
LEAST_ROWS = 50
"""Rows of the log that a sentence about those shut out must hold."""


@dataclass(frozen=True, slots=True)
class CoverageCase:
    """A plan as coverage is read from it.

    Attributes:
        case: what it gives out of fold, beside the default.
        fit, terms: of the first split.
        assigned: (n,) what the plan gives the log's customers.
        acceptable: codes that count, as far as they are named.
        take_up: (n, G) doubly robust take-up; None where the brief asks for none.
        spec: the [coverage] table.
        groups: (name, rows) of the protected groups.
        least: smallest number of customers that is shown.
    """

    case: Comparison
    fit: CrossFit
    terms: Terms
    assigned: IntArray
    acceptable: tuple[int, ...]
    take_up: FloatArray | None
    spec: CoverageSpec
    groups: tuple[tuple[str, BoolArray], ...]
    least: int


def coverage_facts(asked: CoverageCase) -> CoverageFacts:
    """Return who has an acceptable offer and who has none.

    Cost: see the module.
    """
    case = asked.case
    offers = _offers(asked)
    names = case.experiment.offers
    counted = [names.index(known.offer) for known in offers if known.acceptable]
    held, assigned = np.isin(case.given, counted), np.isin(asked.assigned, counted)
    everybody = np.ones(len(held), dtype=np.bool_)
    family = [(EVERYBODY, everybody), *asked.groups]
    revenue, source = _revenue(asked, family)
    covered = _covered(asked, family, (held, assigned), revenue)
    shut, hidden = _shut_out(asked, assigned, held)
    return CoverageFacts(
        offers=offers,
        overall=covered[0],
        groups=covered[1:],
        revenue_source=source,
        shut_out=shut,
        shut_out_hidden=hidden,
        floor=asked.spec.floor,
        revenue_floor=asked.spec.revenue_floor,
    )


def _offers(asked: CoverageCase) -> tuple[AcceptableOffer, ...]:
    """Say of every offer that somebody gets whether it counts."""
    case, names = asked.case, asked.case.experiment.offers
    used = sorted({*case.given.tolist(), *asked.assigned.tolist()})
    taken = _take_up(asked, [case.given == g for g in used])
    floor = asked.spec.acceptable_take_up
    found = []
    for g, known in zip(used, taken, strict=True):
        why = None
        if g not in asked.acceptable:
            why = "it counts as exclusion"
        elif floor is not None and (known is None or known.lo <= floor):
            why = f"its take-up is not shown to be above {floor:.0%}".replace("%", " %")
        found.append(AcceptableOffer(names[g], why is None, known, why))
    return tuple(found)


def _take_up(asked: CoverageCase, segments: Sequence[BoolArray]) -> list[Estimate | None]:
    """Return the held-out take-up of every segment's own offer."""
    if asked.take_up is None:
        return [None] * len(segments)
    own = _taken(asked)
    groups = [Group(rows, own) for rows in segments]
    return group_means(groups, asked.case.experiment.cluster, asked.case.seed)


def _taken(asked: CoverageCase) -> FloatArray:
    """Return (n,) take-up scores of what the plan gives."""
    if asked.take_up is None:
        raise ValueError("take-up is not known")
    experiment, given = asked.case.experiment, asked.case.given
    scores = close_cells(
        np.broadcast_to(asked.take_up, (len(given), experiment.n_offers)),
        experiment.open_cells,
        asked.terms.fallback,
    )
    taken: FloatArray = scores[np.arange(len(given)), given]
    return taken


def _revenue(
    asked: CoverageCase, family: Sequence[tuple[str, BoolArray]]
) -> tuple[FloatArray | None, str]:
    """Return (n,) what customers bring today, and what that is in words."""
    case = asked.case
    said = case.experiment.revenue
    at = np.arange(len(case.given))
    held: FloatArray = case.scores[at, case.default] if said is None else said
    groups = [Group(rows, held) for _, rows in family]
    known = group_means(groups, case.experiment.cluster, case.seed)
    source = "under the default, held out" if said is None else "by coverage.revenue of the brief"
    if any(one is None or one.lo <= 0.0 for one in known):
        return None, f"no share of revenue: {source}, not every group is shown to bring anything"
    return held, f"what customers bring {source}"


def _covered(
    asked: CoverageCase,
    family: Sequence[tuple[str, BoolArray]],
    covered: tuple[BoolArray, BoolArray],
    revenue: FloatArray | None,
) -> tuple[Covered, ...]:
    cluster, seed = asked.case.experiment.cluster, asked.case.seed
    held, assigned = covered[0].astype(np.float64), covered[1]

    def means(values: FloatArray, weights: FloatArray | None = None) -> list[Estimate | None]:
        return group_means([Group(rows, values, weights) for _, rows in family], cluster, seed)

    nothing: list[Estimate | None] = [None] * len(family)
    shares = means(held)
    weighed = nothing if revenue is None else means(held, revenue)
    if held.min() != held.max():
        shares = _with_least_errors(shares, family, cluster)
        weighed = _with_least_errors(weighed, family, cluster)
    reach = nothing if asked.take_up is None else means(_taken(asked))
    return tuple(
        Covered(
            name,
            int(rows.sum()),
            as_share(share),
            float(assigned[rows].mean()),
            None if weight is None else as_share(weight),
            None if taken is None else as_share(taken),
        )
        for (name, rows), share, weight, taken in zip(family, shares, weighed, reach, strict=True)
        if share is not None and int(rows.sum()) >= asked.least
    )


def _with_least_errors(
    found: list[Estimate | None], family: Sequence[tuple[str, BoolArray]], cluster: IntArray
) -> list[Estimate | None]:
    """Give a share of a small group the error of one with two more of either kind.

    That all of 30 customers are covered is no proof that all of their kind are (Agresti and Coull
    1998).
    """
    ratios = [(one.hi - one.value) / one.se for one in found if one is not None and one.se > 0]
    if len(ratios) < sum(one is not None for one in found):
        ratios.append(together(len(family)))
    critical = max(ratios, default=0.0)
    return [
        None if one is None else _with_least_error(one, len(np.unique(cluster[rows])), critical)
        for one, (_, rows) in zip(found, family, strict=True)
    ]


def _with_least_error(one: Estimate, people: int, critical: float) -> Estimate:
    share = (min(max(one.value, 0.0), 1.0) * people + 2.0) / (people + 4.0)
    se = float(np.sqrt(share * (1.0 - share) / (people + 4.0)))
    if one.se >= se:
        return one
    ends = (min(one.value, share) - critical * se, max(one.value, share) + critical * se)
    return Estimate(one.value, se, *ends)


def as_share(estimate: Estimate) -> Estimate:
    """Return an estimated share with its ends inside 0 to 1, where a share must lie, rounding gone.

    Example:
        >>> as_share(Estimate(0.9, 0.1, 0.7, 1.1)).hi
        1.0
    """
    ends = (estimate.value, estimate.lo, estimate.hi)
    value, lo, hi = (round(min(max(x, 0.0), 1.0), 12) for x in ends)
    return Estimate(value, estimate.se, lo, hi)


def _shut_out(
    asked: CoverageCase, assigned: BoolArray, held: BoolArray
) -> tuple[tuple[ShutOut, ...], int | None]:
    """Say in words who has no acceptable offer, and how many no sentence finds."""
    experiment, shut = asked.case.experiment, ~assigned
    total = int(shut.sum())
    if not total:
        return (), 0
    balance = np.where(shut, 1.0 / total, 1.0 / max(int(assigned.sum()), 1))
    scores = np.column_stack([assigned, shut]).astype(np.float64) * balance[:, None]
    rows = max(LEAST_ROWS, asked.least)
    tree = best_tree(scores, experiment.features, (0, 1), min_rows=rows)
    leaf = leaf_of(tree.questions, experiment.features)
    leaves = range(len(tree.leaves))
    apart = replace(tree, leaves=tuple(leaves))
    said = dict(rule_text(apart, experiment.features.schema, [str(k) for k in leaves]))
    named = [k for k in leaves if str(k) in said and tree.leaves[k] == 1]
    inside = [(leaf == k) & shut for k in named]
    costs = _costs(asked, [(leaf == k) & ~held for k in named])
    found = [
        ShutOut(
            rule=said[str(k)],
            customers=int(mine.sum()),
            share=float(mine.sum()) / total,
            within=float(shut[leaf == k].mean()),
            cost=cost,
        )
        for k, mine, cost in zip(named, inside, costs, strict=True)
        if cost is not None and int(mine.sum()) >= asked.least
    ]
    found.sort(key=lambda one: -one.customers)
    rest = total - sum(one.customers for one in found)
    return tuple(found), rest if rest == 0 or rest >= asked.least else None


def _costs(asked: CoverageCase, rows: Sequence[BoolArray]) -> list[Estimate | None]:
    """Return what giving each group its members' best acceptable offers would cost, held out."""
    case, terms = asked.case, asked.terms
    at = np.arange(len(case.given))
    options = [g for g in asked.acceptable if g in terms.allowed]
    if not options:
        return [None] * len(rows)
    cells = case.experiment.open_cells
    best = assign_codes(asked.fit.predicted, options, cells, terms.fallback)
    lost = case.scores[at, case.given] - case.scores[at, best]
    return group_means([Group(inside, lost) for inside in rows], case.experiment.cluster, case.seed)
