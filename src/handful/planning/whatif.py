"""What if? A plan's own evidence asked again, without a new fit.

The held-out scores of every split are kept; costs, population, the team's cap and assumptions that
profit is linear in change only what is computed from them. Cost O(K G) where the menus stay,
O(n K G) where they change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from handful.evidence.authoring import work
from handful.evidence.limit_records import LimitTerms
from handful.planning.records import ConstraintUse
from handful.planning.varying import CAP_NAME
from handful.planning.whatif_judge import Judged, judge
from handful.planning.whatif_limits import limits_at
from handful.planning.whatif_market import Limited, limit_uses, limited, limited_segments
from handful.planning.whatif_moved import Moves, moved_whatif, moves_of
from handful.planning.whatif_records import (
    Answer,
    AnswerGuardrail,
    AnswerSegment,
    Explanation,
    Question,
    WhatIf,
)
from handful.planning.whatif_segments import guardrails_of, segments_of
from handful.planning.whatif_terms import check_question, terms_at

REMEMBERED: Final = 3
"""Values of assumptions whose sums are kept for the next question."""
SETTLED: Final = (
    "After its menu was chosen the plan merged small offers, was mended or let segments fall back "
    "to the default. That is not done again here: verdict, values and segments are those before it."
)

__all__ = ["Answer", "AnswerGuardrail", "AnswerSegment", "Explanation", "Question", "WhatIf", "ask"]


def ask(whatif: WhatIf, question: Question) -> Answer:
    """Answer a question from the scores that a plan kept.

    Args:
        whatif: from `read_whatif`, or `Plan.whatif`.
        question: what differs from the plan's settings.

    Returns:
        The answer; at the plan's own settings that of plan.json.

    Raises:
        BriefError: F862 the question does not fit the plan: all problems at once.

    Cost: see the module.
    """
    check_question(whatif, question)
    own = _own_settings(whatif, question)
    whatif = at_assumptions(whatif, question)
    limits = limits_at(whatif, question)
    if limits is not None and limits != whatif.terms.limits:
        return _limited(whatif, question, limits)
    judged = _judged(whatif, question)
    if own and whatif.planned.settled:
        kept = whatif.planned
        judged = replace(
            judged, reference=kept.reference, frontier=kept.frontier, verdict=kept.verdict
        )
    size = _size(whatif, judged, question)
    menu = _menu(whatif, judged, size)
    if own and whatif.planned.settled and size == _size(whatif, judged, Question()):
        menu = _settled_menu(whatif)
    planned = own and _is_planned(whatif, menu)
    alike = planned or _decides_as_planned(whatif, question, menu)
    told = alike or _can_tell(whatif, menu)
    guardrails = whatif.planned.guardrails if planned or not told else guardrails_of(whatif, menu)
    return Answer(
        question=question,
        as_planned=own,
        offers=size,
        menu=tuple(whatif.log.offers[g] for g in menu),
        reference=judged.reference,
        frontier=judged.frontier,
        verdict=judged.verdict,
        segments=_segments(whatif, judged, menu, alike=alike) if told else (),
        constraints=_constraints(whatif, judged, menu),
        guardrails=guardrails,
        setup_cost=whatif.planned.uniform if question.setup_cost is None else question.setup_cost,
        population=question.population or whatif.planned.people,
        assumptions=_values(whatif, question),
        rows=whatif.log.n_rows,
        note=_note(whatif, own=own, told=told),
    )


def _segments(
    whatif: WhatIf, judged: Judged, menu: tuple[int, ...], *, alike: bool
) -> tuple[AnswerSegment, ...]:
    return whatif.planned.segments if alike else segments_of(whatif, judged, menu)


def _limited(whatif: WhatIf, question: Question, limits: LimitTerms) -> Answer:
    """Answer under other limits than the plan's."""
    asked = (question.setup_cost, question.population, question.budget)
    key = ("limited", asked, tuple(sorted(question.capacities.items())))
    if key not in whatif.cache:
        terms = replace(terms_at(whatif, question), limits=limits)
        whatif.cache[key] = limited(whatif, terms)
    found: Limited = whatif.cache[key]
    judged, market = found.judged, found.market
    size = _size(whatif, judged, question)
    menu = _menu(whatif, judged, size if size in judged.menus else max(judged.menus))
    note = [SETTLED] if whatif.planned.settled else []
    note += [
        "Menus are those of the plan; who gets what is decided by prices on what is scarce, so a "
        "limit is met to within a few per cent.",
        "Use and the segments' sizes are the final model's claims; values are held out.",
    ]
    if market.whatif.log.n_rows < whatif.log.n_rows:
        note.append(
            f"Counted on a fixed sample of {market.whatif.log.n_rows:,} of {whatif.log.n_rows:,} "
            "rows: intervals are wider than the plan's."
        )
    if size not in [point.offers for point in judged.frontier]:
        note.append(f"No menu of {size} offers can keep these limits.")
    return Answer(
        question=question,
        as_planned=False,
        offers=size,
        menu=tuple(whatif.log.offers[g] for g in menu),
        reference=judged.reference,
        frontier=judged.frontier,
        verdict=judged.verdict,
        segments=limited_segments(market, menu, whatif.log.n_rows),
        constraints=limit_uses(market, menu),
        guardrails=whatif.planned.guardrails,
        setup_cost=whatif.planned.uniform if question.setup_cost is None else question.setup_cost,
        population=question.population or whatif.planned.people,
        assumptions=_values(whatif, question),
        rows=market.whatif.log.n_rows,
        note=tuple(note),
    )


def _values(whatif: WhatIf, question: Question) -> Mapping[str, float]:
    """Return every assumption as answered."""
    return MappingProxyType(
        {each.name: question.assumptions.get(each.name, each.at) for each in whatif.assumptions}
    )


def judged_at(whatif: WhatIf, question: Question) -> Judged:
    """Return the verdict of a question that asks of no limits; its parts are remembered.

    Cost: see the module.
    """
    return _judged(at_assumptions(whatif, question), question)


def _judged(whatif: WhatIf, question: Question) -> Judged:
    key = ("judged", question.setup_cost, question.population)
    if key not in whatif.cache:
        whatif.cache[key] = judge(whatif, terms_at(whatif, question))
    found: Judged = whatif.cache[key]
    return found


def at_assumptions(whatif: WhatIf, question: Question) -> WhatIf:
    """Return what was kept at the question's assumptions; the last few are remembered.

    Cost: see `moved_whatif`.
    """
    moves = moves_of(whatif, question.assumptions)
    if not any(moves):
        return whatif
    known: dict[Moves, WhatIf] = whatif.cache.setdefault("moved", {})
    if moves not in known:
        while len(known) >= REMEMBERED:
            del known[next(iter(known))]
        known[moves] = moved_whatif(whatif, moves)
    return known[moves]


def _own_settings(whatif: WhatIf, question: Question) -> bool:
    """Tell whether nothing differs from the plan's settings."""
    costs = question.setup_cost in (None, whatif.planned.uniform)
    people = question.population in (None, whatif.planned.people)
    return costs and people and not any(moves_of(whatif, question.assumptions))


def _size(whatif: WhatIf, judged: Judged, question: Question) -> int:
    if question.offers is not None:
        return question.offers
    return max(judged.verdict.offers, 1)


def _menu(whatif: WhatIf, judged: Judged, size: int) -> tuple[int, ...]:
    control = whatif.log.control
    if judged.verdict.kind == "no_offer" and size == 1 and control is not None:
        return (control,)
    return judged.menus[size]


def _is_planned(whatif: WhatIf, menu: tuple[int, ...]) -> bool:
    """Tell whether a menu is the plan's; a limited policy gives the base besides the verdict's."""
    names = {whatif.log.offers[g] for g in menu}
    return set(menu) == set(whatif.planned.menu) or names == set(whatif.planned.verdict.menu)


def _can_tell(whatif: WhatIf, menu: tuple[int, ...]) -> bool:
    """Tell whether it is known who gets which offer of a menu."""
    limits = whatif.terms.limits
    if limits is not None:
        return menu == (limits.base,)
    return len(menu) == 1 or (bool(whatif.kept.splits) and not whatif.terms.by_rule)


def _decides_as_planned(whatif: WhatIf, question: Question, menu: tuple[int, ...]) -> bool:
    """Tell whether a menu is given out as the plan does: costs of offers do not move that."""
    moved = any(moves_of(whatif, question.assumptions))
    return not moved and not whatif.planned.settled and _is_planned(whatif, menu)


def _constraints(
    whatif: WhatIf, judged: Judged, menu: tuple[int, ...]
) -> tuple[ConstraintUse, ...]:
    more = judged.more
    return tuple(
        replace(
            use,
            used=float(work(menu, whatif.terms)),
            shadow_price=None if more is None else max(more.value, 0.0) * whatif.planned.people,
        )
        if use.name == CAP_NAME
        else use
        for use in whatif.planned.constraints
    )


def _settled_menu(whatif: WhatIf) -> tuple[int, ...]:
    """Return the menu of a plan that was merged, mended or let segments fall back."""
    names = whatif.planned.verdict.menu
    return tuple(sorted(whatif.log.offers.index(name) for name in names)) or whatif.planned.menu


def _note(whatif: WhatIf, *, own: bool, told: bool) -> tuple[str, ...]:
    found = []
    if not told:
        found.append("Who gets which offer of this menu is not kept: plan again to see segments.")
    if whatif.planned.settled and not own:
        found.append(SETTLED)
    if not whatif.whole.pool and not own:
        found.append("Menus of every size are those of the plan; their number is chosen anew.")
    return tuple(found)
