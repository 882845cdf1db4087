"""Sensitivity: the plan asked again with every assumed number lower and higher, one at a time.

Everything is answered from what the plan kept, by the verdict's own rule; nothing is learned again.
The stability band keeps the plan's menus and moves set-up cost alone until the verdict's number of
offers changes. Cost: two questions a number, and O(K G) for each step of the band's search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from handful.brief.sensitivity import SensitivitySpec
from handful.errors import BriefError
from handful.evidence.authoring import work
from handful.evidence.curse import announced
from handful.evidence.records import Estimate, FrontierPoint, Verdict
from handful.planning.sensitivity_records import (
    Sensitivity,
    SensitivityEnd,
    SensitivityRow,
    StabilityBand,
)
from handful.planning.whatif import ask, judged_at
from handful.planning.whatif_judge import Judged, judge
from handful.planning.whatif_market import limited
from handful.planning.whatif_records import Answer, Question, WhatIf

SETTLED_WHY: Final = (
    "small offers were merged, the plan was mended or segments fall back, which would have to be "
    "done again"
)
NONE: Final = Estimate(0.0, 0.0, 0.0, 0.0)
STEPS: Final = 60
"""Halvings of the search for the set-up cost where the number of offers changes."""
FURTHEST: Final = 60
"""Doublings after which no set-up cost is looked for any further."""

Ends = tuple[SensitivityEnd | None, SensitivityEnd | None, str | None]


def sensitivity_of(whatif: WhatIf, asked: SensitivitySpec) -> Sensitivity:
    """Ask the plan again with every number at both ends of its range.

    Args:
        whatif: what the plan kept.
        asked: the [sensitivity] table.

    Returns:
        The tornado, its longest bar first, and the band of set-up costs where K stays.

    Cost: see the module.
    """
    judged = judged_at(whatif, Question())
    planned = _end(whatif, ask(whatif, Question()), 0.0)
    if whatif.planned.settled:
        return _settled(whatif, planned)
    rows = [
        *(_assumption(whatif, asked, name) for name in _names(whatif)),
        _setup_cost(whatif, asked),
        _population(whatif, asked, planned),
        *_team(whatif),
    ]
    return Sensitivity(
        planned=planned,
        rows=tuple(sorted(rows, key=lambda row: -_swing(row))),
        band=_band(whatif, judged),
        first_loss=first_loss(judged.frontier),
    )


def _settled(whatif: WhatIf, planned: SensitivityEnd) -> Sensitivity:
    """Move nothing where the ends would be of another policy than the plan's."""
    costs = whatif.planned.uniform
    at = {each.name: each.at for each in whatif.assumptions}
    at["setup_cost"] = float(whatif.planned.setup.max()) if costs is None else costs
    at["population"] = whatif.planned.people
    rows = (SensitivityRow(name, value, None, None, SETTLED_WHY) for name, value in at.items())
    return Sensitivity(planned, tuple(rows), None, first_loss(whatif.planned.frontier))


def first_loss(frontier: tuple[FrontierPoint, ...]) -> int | None:
    """Return the first menu that nets no more than the one before it."""
    for before, point in pairwise(frontier):
        if point.net <= before.net:
            return point.offers
    return None


def _names(whatif: WhatIf) -> tuple[str, ...]:
    return tuple(each.name for each in whatif.assumptions)


def _swing(row: SensitivityRow) -> float:
    if row.low is None or row.high is None:
        return -1.0
    return abs(row.high.gain.value - row.low.gain.value)


def _span(asked: SensitivitySpec, name: str, planned: float) -> tuple[float, float]:
    if name in asked.ranges:
        return asked.ranges[name]
    ends = (planned * (1.0 - asked.swing), planned * (1.0 + asked.swing))
    low, high = (float(f"{end:.12g}") for end in ends)
    return min(low, high), max(low, high)


def _both(whatif: WhatIf, span: tuple[float, float], question: Callable[[float], Question]) -> Ends:
    try:
        low, high = (_end(whatif, ask(whatif, question(at)), at) for at in span)
    except BriefError as error:
        return None, None, error.findings[0].message
    return low, high, None


def _assumption(whatif: WhatIf, asked: SensitivitySpec, name: str) -> SensitivityRow:
    planned = next(each for each in whatif.assumptions if each.name == name)
    if not planned.movable:
        return SensitivityRow(name, planned.at, None, None, planned.why)
    span = _span(asked, name, planned.at)
    if span[0] == span[1]:
        return SensitivityRow(name, planned.at, None, None, "a share of nothing is nothing")
    ends = _both(whatif, span, lambda at: Question(assumptions={name: at}))
    return SensitivityRow(name, planned.at, *ends)


def _setup_cost(whatif: WhatIf, asked: SensitivitySpec) -> SensitivityRow:
    planned, name = whatif.planned.uniform, "setup_cost"
    if planned is None:
        why = "offers differ in it"
        return SensitivityRow(name, float(whatif.planned.setup.max()), None, None, why)
    span = _span(asked, name, planned)
    if span[0] == span[1]:
        return SensitivityRow(name, planned, None, None, "the plan has none")
    return SensitivityRow(
        name, planned, *_both(whatif, span, lambda at: Question(setup_cost=max(at, 0.0)))
    )


def _population(whatif: WhatIf, asked: SensitivitySpec, planned: SensitivityEnd) -> SensitivityRow:
    people = whatif.planned.people
    span = _span(asked, "population", people)
    low, high, why = _both(whatif, span, lambda at: Question(population=max(at, 1.0)))
    if whatif.terms.limits is not None and low is not None and high is not None:
        # Under limits questions are answered from one split and by prices alone: what the same
        # answer says of the plan itself is the difference that is not the population's.
        same = limited(whatif, whatif.terms).judged
        told = _told(same.verdict, same.frontier, _single_cost(whatif, same), people)
        by = planned.gain.value - told.gain.value
        low, high = (replace(end, gain=_shifted(end.gain, by)) for end in (low, high))
    return SensitivityRow("population", people, low, high, why)


def _shifted(gain: Estimate, by: float) -> Estimate:
    return Estimate(gain.value + by, gain.se, gain.lo + by, gain.hi + by)


def _team(whatif: WhatIf) -> tuple[SensitivityRow, ...]:
    """Return what one offer less that the team can author would do; one more has its own worth."""
    cap = whatif.terms.author
    if cap is None:
        return ()
    why = "one offer more is valued by itself: see one_more_offer"
    if cap < 2 or whatif.terms.limits is not None:
        return (SensitivityRow("offers_we_can_author", float(cap), None, None, why),)
    judged = judge(whatif, replace(whatif.terms, author=cap - 1))
    low = _told(judged.verdict, judged.frontier, _single_cost(whatif, judged), float(cap - 1))
    return (SensitivityRow("offers_we_can_author", float(cap), low, None, why),)


def _end(whatif: WhatIf, answer: Answer, at: float) -> SensitivityEnd:
    question = answer.question
    judged = judged_at(whatif, question)
    single = float(judged.setup[judged.single])
    return _told(answer.verdict, answer.frontier, single, at)


def _single_cost(whatif: WhatIf, judged: Judged) -> float:
    return float(judged.setup[judged.single])


def _told(
    verdict: Verdict, frontier: tuple[FrontierPoint, ...], single: float, at: float
) -> SensitivityEnd:
    """Return the advice and its gain, what it costs taken off."""
    gain = NONE
    if verdict.gain is not None:
        whole = verdict.gain.total
        same_size = next((p.cost for p in frontier if p.offers == verdict.offers), single)
        cost = next((p.cost for p in frontier if p.menu == verdict.menu), same_size)
        gain = Estimate(whole.value - cost, whole.se, whole.lo - cost, whole.hi - cost)
    return SensitivityEnd(at, verdict.kind, verdict.offers, verdict.menu, gain)


def _band(whatif: WhatIf, judged: Judged) -> StabilityBand | None:
    """Return the set-up costs for which the verdict's number of offers stays."""
    planned = whatif.planned.uniform
    if planned is None or whatif.terms.always or whatif.terms.limits is not None:
        return None
    now = _size_at(whatif, judged, planned)
    same = _size_at(whatif, judged, 0.0) == now
    low, high = 0.0 if same else _edge(whatif, judged, 0.0, planned, now), None
    far = max(planned, 1.0)
    for _ in range(FURTHEST):
        far *= 2.0
        if _size_at(whatif, judged, far) != now:
            high = _edge(whatif, judged, far, planned, now)
            break
    return StabilityBand(max(now, 0), low, high)


def _edge(whatif: WhatIf, judged: Judged, outside: float, inside: float, size: int) -> float:
    """Return the set-up cost nearest to `outside` at which the number of offers is still `size`."""
    for _ in range(STEPS):
        middle = (outside + inside) / 2.0
        if _size_at(whatif, judged, middle) == size:
            inside = middle
        else:
            outside = middle
    return inside


def _size_at(whatif: WhatIf, judged: Judged, setup_cost: float) -> int:
    """Return the number of offers that the verdict's rule announces at a set-up cost."""
    rule, terms, planned = judged.rule, whatif.terms, whatif.planned
    change = (setup_cost - (planned.uniform or 0.0)) / planned.people * terms.cost_weight
    sizes = [point.offers for point in judged.frontier if point.offers >= 2]
    authored = np.array([work(judged.menus[size], terms) for size in sizes])
    paid = np.array([g != terms.control for g in terms.singles], dtype=float)
    moved = replace(
        rule,
        cost=rule.cost + change * authored,
        single_cost=rule.single_cost + change * paid,
        lead_cost=rule.lead_cost + change * (judged.single != terms.control),
    )
    found = int(announced(moved, rule.value[None, :])[0])
    return sizes[found] if found >= 0 else 2 + found
