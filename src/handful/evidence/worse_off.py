"""Nobody worse off: every segment against the default, held out, and what falls back to it.

d_i = Gamma_i,pi(x_i) - Gamma_i,default. A segment is worse off where the upper end of the band of
its mean d is below zero; the band holds for all segments at once, so that no segment of a plan that
harms nobody falls back in more than 2.5 % of plans. Which segments fall back is decided once more
for every fold on the rows of the others, and the value of the plan after it is made of those
decisions: no row takes part in choosing what it is valued under. Cost O(J (n S + C S^2)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.effects.crossfit import CrossFit
from handful.effects.scores import close_cells
from handful.evidence.contrasts import Group, group_means
from handful.evidence.coverage_records import Regret, Standing, StandingVerdict
from handful.evidence.records import Estimate
from handful.evidence.terms import Terms
from handful.evidence.verdict import LEAST_CLUSTERS, differing_clusters
from handful.experiment.records import Experiment
from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.policy import assign_codes

LEAST_EVENTS: Final = 10
"""Rows whose outcome is not the usual one, of those that received the plan's offer and of those who
received the default, where the two differ. With fewer on either side the difference is a mean of
few numbers other than zero: its law is not normal, and a side that happens to have too few of them
looks too certain as well."""
MANY: Final = 0.95
"""The percentile of the regret that is told beside its mean and its largest value."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A plan beside the default, on rows that neither was chosen on.

    Attributes:
        experiment: the log.
        scores: (n, G) held-out scores, closed cells holding the fallback's.
        given: (n,) what the plan gives out of fold.
        default: (n,) the default; by fold where it is the best single offer.
        reach: (n, G) whether a row tells of an offer with dials; None for names.
        seed: of the bands.
    """

    experiment: Experiment
    scores: FloatArray
    given: IntArray
    default: IntArray
    reach: BoolArray | None
    seed: int

    @property
    def difference(self) -> FloatArray:
        """The plan's score less the default's, (n,)."""
        at = np.arange(len(self.given))
        lead: FloatArray = self.scores[at, self.given] - self.scores[at, self.default]
        return lead


def compare(
    experiment: Experiment,
    fit: CrossFit,
    terms: Terms,
    codes: tuple[IntArray, IntArray],
    seed: int,
) -> Comparison:
    """Lay a plan and the default side by side.

    Args:
        experiment: the log.
        fit: cross-fit of the first split.
        terms: for the fallback.
        codes: (n,) the plan's offers out of fold, and the default.
        seed: of the bands.

    Cost: O(n G).
    """
    scores = close_cells(fit.scores, experiment.open_cells, terms.fallback)
    reach = None if fit.kernel is None else fit.kernel != 0
    return Comparison(experiment, scores, codes[0], codes[1], reach, seed)


def standings(
    case: Comparison, members: Sequence[tuple[str, BoolArray]], margin: float
) -> tuple[Standing, ...]:
    """Return how every member of a family stands under the plan against the default.

    Args:
        case: the plan beside the default.
        members: (name, rows) of segments or groups.
        margin: loss per customer too small to matter.

    Cost: O(n S + C S^2).
    """
    lead = case.difference
    seen = case.experiment.profit
    rows = [inside if tells(case, inside, seen) else np.zeros_like(inside) for _, inside in members]
    found = group_means([Group(r, lead) for r in rows], case.experiment.cluster, case.seed)
    return tuple(
        _standing(case, name, inside, known, margin)
        for (name, inside), known in zip(members, found, strict=True)
    )


def tells(case: Comparison, inside: BoolArray, seen: FloatArray) -> bool:
    """Tell whether enough clusters inside received either of two different offers.

    On either side enough rows must also have another outcome than the usual one.

    Args:
        case: the plan beside the default.
        inside: (n,) rows.
        seen: (n,) outcome as it happened.
    """
    given = np.where(inside, case.given, case.default)
    if differing_clusters(case.experiment, given, case.default, case.reach) < LEAST_CLUSTERS:
        return False
    differs, at = given != case.default, np.arange(len(given))
    for codes in (given, case.default):
        met = case.experiment.offer == codes if case.reach is None else case.reach[at, codes]
        _, counts = np.unique(seen[differs & met], return_counts=True)
        if int(counts.sum() - counts.max(initial=0)) < LEAST_EVENTS:
            return False
    return True


def _standing(
    case: Comparison, name: str, inside: BoolArray, known: Estimate | None, margin: float
) -> Standing:
    count = int(inside.sum())
    same = bool((case.given == case.default)[inside].all())
    verdict: StandingVerdict = "same" if same else "too_few"
    if same:
        known = Estimate(0.0, 0.0, 0.0, 0.0)
    elif known is not None:
        verdict = judge(known, margin)
    return Standing(name, count, count / len(inside), known, verdict)


def judge(difference: Estimate, margin: float) -> StandingVerdict:
    """Say what a band of plan less default shows.

    Example:
        >>> judge(Estimate(-2.0, 0.5, -3.0, -1.0), 0.0), judge(Estimate(0.1, 1.0, -2.0, 2.0), 0.0)
        ('worse', 'unclear')
    """
    if difference.lo >= -margin:
        return "no_worse"
    return "worse" if difference.hi < 0.0 else "unclear"


def fallen(
    case: Comparison, menu: Sequence[int], rows: BoolArray, stay: Sequence[int] = ()
) -> tuple[int, ...]:
    """Return the offers whose customers, among these rows, are significantly worse off.

    Args:
        case: the plan beside the default.
        menu: codes of the plan's offers.
        rows: (n,) True for the rows that may decide.
        stay: codes of offers that the brief asks for, which never fall back.

    Cost: O(n S + C S^2).
    """
    members = [(str(g), (case.given == g) & rows) for g in menu]
    found = standings(case, members, 0.0)
    harmed = [g for g, known in zip(menu, found, strict=True) if known.verdict == "worse"]
    return tuple(g for g in harmed if g not in stay)


def after_falling(
    case: Comparison, fold: IntArray, menu: Sequence[int], stay: Sequence[int] = ()
) -> IntArray:
    """Return (n,) what every row gets where the other folds decide which segments fall back.

    Cost: J times that of `fallen`.
    """
    after = case.given.copy()
    for j in range(int(fold.max()) + 1):
        mine = fold == j
        gone = fallen(case, menu, ~mine, stay)
        moved = mine & np.isin(case.given, gone)
        after[moved] = case.default[moved]
    return after


def regrets(
    case: Comparison, fit: CrossFit, terms: Terms, members: Sequence[BoolArray]
) -> list[Regret | None]:
    """Return what the members of every segment forgo against their own best offers.

    Args:
        case: the plan.
        fit: cross-fit of the first split.
        terms: offers that may be used.
        members: (n,) rows of each segment.

    Cost: O(n (G + S)).
    """
    experiment, at = case.experiment, np.arange(len(case.given))
    cells = experiment.open_cells
    own = assign_codes(fit.predicted, terms.allowed, cells, terms.fallback)
    held = case.scores[at, own] - case.scores[at, case.given]
    claims = close_cells(fit.predicted, cells, terms.fallback)
    claimed = np.maximum(claims[at, own] - claims[at, case.given], 0.0)
    means = group_means([Group(rows, held) for rows in members], experiment.cluster, case.seed)
    return [
        None
        if mean is None
        else Regret(mean, float(np.quantile(claimed[rows], MANY)), float(claimed[rows].max()))
        for mean, rows in zip(means, members, strict=True)
    ]
