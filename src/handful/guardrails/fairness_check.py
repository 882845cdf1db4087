"""The guardrails of fairness: verdicts on bounds, a tripwire on ratios, and the pricing lint.

Verdicts, on the interval of the largest difference between two groups: pass where all of it is
within the bound, fail where all of it is beyond, warn where more than the bound cannot be excluded.
The ratio of selection rates is a tripwire: it warns, and it is no legal test. Cost O(frames).
"""

from __future__ import annotations

from collections.abc import Iterator

from handful.brief.fairness import METRICS, FairnessSpec
from handful.brief.schema import Brief
from handful.guardrails.fairness_records import Fairness, MetricFrame
from handful.guardrails.fairness_words import verdict_words
from handful.guardrails.pricing import NOT_ADVICE, lint_prices
from handful.guardrails.records import Facts
from handful.guardrails.results import GuardrailResult, GuardrailVerdict


def check_differences(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Return the verdict on every bound, on selection-rate ratios, and the pricing lint.

    Returns:
        One result per bounded metric and column, fairness_METRIC_COLUMN; a tripwire per column,
        fairness_ratio_COLUMN; pricing_*; () where the brief asks for nothing.

    Cost: O(frames).
    """
    brief, found = facts.brief, facts.fairness
    if brief is None or found is None:
        return ()
    results = [*_bounded(found), *_tripwires(found, brief.fairness)]
    results += _untested(found, brief)
    if brief.fairness.use_protected:
        results.append(_disparate_treatment(facts, brief))
    if brief.fairness.given or brief.profit.price is not None:
        results += lint_prices(facts.experiment, brief, found.prices)
    return tuple(results)


def _bounded(found: Fairness) -> Iterator[GuardrailResult]:
    """Yield the worst frame of every bounded metric and column."""
    bounded = [frame for frame in found.frames if frame.bound is not None]
    order = {"fail": 0, "warn": 1, "pass": 2}
    for column, metric in dict.fromkeys((f.column, f.metric) for f in bounded):
        mine = [f for f in bounded if (f.column, f.metric) == (column, metric)]
        worst = min(mine, key=lambda f: (order[f.verdict], -f.difference.hi))
        verdict = worst.verdict
        if verdict == "no_bound":
            raise ValueError("a bounded frame has a verdict")
        yield GuardrailResult(
            name=f"fairness_{metric}_{column}",
            measure=f"largest difference between groups of {column}: {worst.measure}",
            value=worst.difference.value,
            lo=worst.difference.lo,
            hi=worst.difference.hi,
            bound=worst.bound,
            verdict=verdict,
            remedy=verdict_words(worst),
            components={value.group: value.value for value in worst.by_group},
        )


def _untested(found: Fairness, brief: Brief) -> Iterator[GuardrailResult]:
    """Yield a warning for every bound that nothing could be compared with."""
    tested = {(frame.column, frame.metric) for frame in found.frames}
    for column in brief.guardrails.protected:
        for metric in METRICS:
            bound = brief.fairness.bound(metric, column)
            if bound is not None and (column, metric) not in tested:
                yield GuardrailResult(
                    name=f"fairness_{metric}_{column}",
                    measure=f"largest difference between groups of {column}",
                    value=None,
                    lo=None,
                    hi=None,
                    bound=bound,
                    verdict="warn",
                    remedy="Nothing could be compared; the report says why. This is no pass.",
                )


def _tripwires(found: Fairness, asked: FairnessSpec) -> Iterator[GuardrailResult]:
    for frame in found.frames:
        if frame.metric == "selection_rate":
            verdict, words = _tripwire(frame, asked.ratio_warn)
            yield GuardrailResult(
                name=f"fairness_ratio_{frame.column}",
                measure=f"smallest selection rate over the largest, by {frame.column}: a tripwire",
                value=frame.ratio.value,
                lo=frame.ratio.lo,
                hi=frame.ratio.hi,
                bound=asked.ratio_warn,
                verdict=verdict,
                remedy=words,
            )


def _tripwire(frame: MetricFrame, line: float) -> tuple[GuardrailVerdict, str]:
    ratio = frame.ratio
    if ratio.value is None:
        return "not_applicable", f"There is no ratio to tell: {ratio.why_absent}."
    if ratio.value >= line:
        return "pass", f"The smallest rate is at least {line:g} of the largest."
    low = min(frame.by_group, key=lambda value: value.value)
    beyond = frame.difference.lo > 0
    chance = "Groups differ beyond chance." if beyond else "It may be chance: groups are small."
    words = (
        f"{low.group} gets an offer less than {line:g} times as often as the group that gets most. "
        f"{chance} Set fairness.selection_rate, or say why. The line is a rule of thumb and no "
        f"legal test. {NOT_ADVICE}"
    )
    return "warn", words


def _disparate_treatment(facts: Facts, brief: Brief) -> GuardrailResult:
    names = facts.experiment.features.schema.names
    read = [name for name in brief.guardrails.protected if name in names]
    words = (
        f"Decisions read {', '.join(read) or 'no protected column after all'}, as the brief asks. "
        f"Treating people differently for such a trait is unlawful in many places, good intentions "
        f"included: ask a lawyer before this is used."
    )
    return GuardrailResult(
        name="fairness_use_protected",
        measure="protected columns that decisions read",
        value=float(len(read)),
        lo=None,
        hi=None,
        bound=None,
        verdict="warn" if read else "pass",
        remedy=words,
    )
