"""Who would get each offer of a menu that was asked about, and what it is worth there, held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from handful.evidence.records import Estimate, FrontierPoint, NamedEstimate
from handful.evidence.segments import critical_of, mean_inside
from handful.evidence.whatif_columns import menu_given
from handful.guardrails.audience import suppress
from handful.notation import FloatArray, IntArray
from handful.planning.whatif_judge import Judged, given_by_claims, table_of
from handful.planning.whatif_records import AnswerGuardrail, AnswerSegment, WhatIf


def segments_of(whatif: WhatIf, judged: Judged, menu: tuple[int, ...]) -> tuple[AnswerSegment, ...]:
    """Return the segments of a menu: counted by the final model, valued out of fold.

    Args:
        whatif: what was kept.
        judged: the question's verdict.
        menu: offer codes.

    Returns:
        One segment per offer; () where the plan keeps no predictions to tell them apart by.

    Cost: O(n K).
    """
    if len(menu) == 1:
        return (_everybody(whatif, judged, menu[0]),)
    given = given_by_claims(whatif, menu)
    counts = np.bincount(given, minlength=whatif.log.n_offers)
    held, scores = _held_out(whatif, menu)
    critical = critical_of(len(menu))
    found = []
    for g in menu:
        worth = mean_inside(scores, held == g, whatif.log.cluster, critical)
        found.append(_segment(whatif, g, int(counts[g]), worth))
    return _shown(whatif, found)


def _held_out(whatif: WhatIf, menu: tuple[int, ...]) -> tuple[IntArray, FloatArray]:
    """Return what models without the row's fold give, and the scores of that."""
    table = table_of(whatif)
    half, rows = table.halves[0], np.arange(whatif.log.n_rows)
    held = menu_given(table, half, [menu] * len(half.folds))
    scores = half.predicted[held, rows] + np.where(held == whatif.log.offer, half.missed, 0.0)
    return held, scores.astype(np.float64)


def _everybody(whatif: WhatIf, judged: Judged, code: int) -> AnswerSegment:
    known, first = judged.reference, judged.frontier[0]
    line: FrontierPoint | NamedEstimate = first if first.offers == 1 else known.best_single
    if judged.verdict.kind == "no_offer" and known.no_offer is not None:
        line = known.no_offer
    cells = whatif.log.design.support[:, code][whatif.log.stratum]
    count = int(np.sum(cells | (whatif.terms.fallback == code)))
    return _segment(whatif, code, count, Estimate(line.value, line.se, line.lo, line.hi))


def _segment(whatif: WhatIf, code: int, count: int, worth: Estimate) -> AnswerSegment:
    return AnswerSegment(whatif.log.offers[code], count, count / whatif.log.n_rows, worth)


def _shown(whatif: WhatIf, found: Sequence[AnswerSegment]) -> tuple[AnswerSegment, ...]:
    """Hide counts that are too small to be shown, as the plan does."""
    shown = suppress([each.customers or 0 for each in found], whatif.planned.reported)
    return tuple(
        each if count is not None else replace(each, customers=None, share=None)
        for each, count in zip(found, shown, strict=True)
    )


def guardrails_of(whatif: WhatIf, menu: tuple[int, ...]) -> tuple[AnswerGuardrail, ...]:
    """Return the guardrails under a menu: audiences counted again, the rest as planned.

    Cost: O(n K).
    """
    return tuple(
        _audience(whatif, menu, result) if result.name == "minimum_audience" else result
        for result in whatif.planned.guardrails
    )


def _audience(whatif: WhatIf, menu: tuple[int, ...], result: AnswerGuardrail) -> AnswerGuardrail:
    if len(menu) > 1 and whatif.kept.own is None:
        return result
    if len(menu) > 1:
        counts = np.bincount(given_by_claims(whatif, menu), minlength=whatif.log.n_offers)
        live = [int(counts[g]) for g in menu if g != whatif.log.control]
    else:
        live = [whatif.log.n_rows] if menu[0] != whatif.log.control else []
    if not live:
        return replace(result, verdict="not_applicable", value=None, as_planned=False)
    smallest, least = min(live), whatif.planned.audience
    remedy = (
        "Too few customers get one of these offers: a plan would merge it or fail."
        if smallest < least
        else "Every live offer is shared by enough rows of the log."
    )
    return replace(
        result,
        measure="rows of the log that get the rarest live offer",
        value=float(smallest) if smallest >= whatif.planned.reported else None,
        verdict="fail" if smallest < least else "pass",
        remedy=remedy,
        as_planned=False,
    )
