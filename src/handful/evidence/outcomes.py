"""What else may not get worse: non-inferiority of the plan against the default, outcome by outcome.

h_i = s (Gamma^o_i,pi(x_i) - Gamma^o_i,default), Gamma^o the doubly robust scores of outcome o and s
= +1 where higher is worse, -1 where lower is. An outcome passes where the upper end of the band of
mean h is within the margin, and fails where the lower end is beyond it. One band holds for all
outcomes, overall and in every segment, at once: an outcome that truly lies at its margin passes, or
fails, in at most 2.5 % of plans. Cost O(n q + C q^2) for q outcomes x segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.brief.outcomes import OutcomeSpec
from handful.effects.scores import close_cells
from handful.evidence.contrasts import Group, group_means
from handful.evidence.coverage_records import OutcomeFacts, OutcomeTest, OutcomeVerdict
from handful.evidence.records import Estimate
from handful.evidence.worse_off import Comparison, standings, tells
from handful.notation import BoolArray, FloatArray, IntArray

EVERYBODY: Final = "everybody"


@dataclass(frozen=True, slots=True)
class Measured:
    """A further outcome with its held-out scores.

    Attributes:
        name: in the brief.
        spec: which way is worse, the margin, the horizon.
        seen: (n,) as it happened.
        scores: (n, G) doubly robust, or (1, G) where the offer alone settles it.
    """

    name: str
    spec: OutcomeSpec
    seen: FloatArray
    scores: FloatArray


def outcome_facts(
    case: Comparison,
    fallback: IntArray,
    outcomes: Sequence[Measured],
    members: Sequence[tuple[str, BoolArray]],
) -> tuple[OutcomeFacts, ...]:
    """Test every outcome overall and in every segment.

    Args:
        case: the plan beside the default.
        fallback: (n,) offer where another is closed.
        outcomes: with their scores.
        members: (name, rows) of the segments.

    Returns:
        One record per outcome.

    Cost: O(n q + C q^2).
    """
    everybody = np.ones(len(case.given), dtype=np.bool_)
    family = [(EVERYBODY, everybody), *members]
    asked = [(one, name, rows) for one in outcomes for name, rows in family]
    columns = [_columns(case, fallback, one) for one in outcomes]
    changes = [
        Group(rows if _enough(case, one, rows) else np.zeros_like(rows), column[0])
        for one, column in zip(outcomes, columns, strict=True)
        for _, rows in family
    ]
    bases = [Group(rows, column[1]) for column in columns for _, rows in family]
    cluster, seed = case.experiment.cluster, case.seed
    found = group_means(changes, cluster, seed)
    before = group_means(bases, cluster, seed)
    tests = [
        _test(one, (name, rows), change, base)
        for (one, name, rows), change, base in zip(asked, found, before, strict=True)
    ]
    lead = standings(case, [(EVERYBODY, everybody)], 0.0)[0].difference
    gains = lead is not None and lead.lo > 0.0
    size = len(family)
    return tuple(
        _facts(one, tests[at * size : (at + 1) * size], gains=gains)
        for at, one in enumerate(outcomes)
    )


def _columns(case: Comparison, fallback: IntArray, one: Measured) -> tuple[FloatArray, FloatArray]:
    """Return (n,) the outcome's change by the plan, and its level under the default."""
    cells, at = case.experiment.open_cells, np.arange(len(case.given))
    scores = close_cells(np.broadcast_to(one.scores, cells.shape), cells, fallback)
    level: FloatArray = scores[at, case.default]
    return scores[at, case.given] - level, level


def _enough(case: Comparison, one: Measured, rows: BoolArray) -> bool:
    """Tell whether enough rows inside say something of the difference."""
    differs = rows & (case.given != case.default)
    if not differs.any() or len(one.scores) == 1:
        return True
    return tells(case, rows, one.seen)


def _test(
    one: Measured,
    member: tuple[str, BoolArray],
    change: Estimate | None,
    base: Estimate | None,
) -> OutcomeTest:
    name, rows = member
    verdict: OutcomeVerdict = "too_few"
    if change is not None:
        verdict = within(change, one.spec)
    return OutcomeTest(name, int(rows.sum()), base, change, verdict)


def within(change: Estimate, spec: OutcomeSpec) -> OutcomeVerdict:
    """Say whether a change is shown to lie within its margin, beyond it, or neither.

    Example:
        >>> spec = OutcomeSpec("returned", margin=0.02)
        >>> within(Estimate(0.0, 0.005, -0.01, 0.01), spec)
        'pass'
        >>> within(Estimate(0.04, 0.005, 0.03, 0.05), spec)
        'fail'
    """
    higher = spec.worse == "higher"
    low, high = (change.lo, change.hi) if higher else (-change.hi, -change.lo)
    if high <= spec.margin:
        return "pass"
    return "fail" if low > spec.margin else "unclear"


def _facts(one: Measured, tests: Sequence[OutcomeTest], *, gains: bool) -> OutcomeFacts:
    change = tests[0].difference
    harmed = change is not None and within(change, replace(one.spec, margin=0.0)) == "fail"
    return OutcomeFacts(
        name=one.name,
        worse=one.spec.worse,
        margin=one.spec.margin,
        horizon=one.spec.horizon,
        overall=tests[0],
        segments=tuple(tests[1:]),
        conflict=one.spec.horizon is not None and gains and harmed,
    )
