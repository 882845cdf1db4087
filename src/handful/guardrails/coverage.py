"""Guardrails on coverage: nobody worse off, nothing else worse, nobody shut out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handful.evidence.coverage_records import (
    CoverageFacts,
    Covered,
    OutcomeFacts,
    OutcomeTest,
    Standing,
)
from handful.evidence.records import Estimate
from handful.guardrails.records import Facts, GuardrailResult
from handful.guardrails.results import GuardrailVerdict


def check_worse_off(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse a plan that leaves a segment or a protected group worse off than the default.

    Returns:
        One result: value = the plan less the default in the segment or group where it is least,
        money per customer; () where everybody gets the default.

    Cost: O(segments + groups).
    """
    found = facts.worse_off
    if found is None:
        return ()
    standing = [one for one in (*found.segments, *found.groups) if not one.falls_back]
    harmed = [one for one in standing if one.verdict == "worse"]
    unclear = [one for one in standing if one.verdict in ("unclear", "too_few")]
    known = [one for one in standing if one.difference is not None]
    least = min(known, key=_value) if known else None
    shown = None if least is None else least.difference
    verdict: GuardrailVerdict = "fail" if harmed else "warn" if unclear else "pass"
    return (
        GuardrailResult(
            name="worse_off",
            measure=f"held-out profit of the plan over '{found.default}', money per customer, "
            "where it is least",
            value=None if shown is None else shown.value,
            lo=None if shown is None else shown.lo,
            hi=None if shown is None else shown.hi,
            bound=-found.margin,
            verdict=verdict,
            remedy=_standing_words(found.default, harmed, unclear, found.fell_back),
            detail={"standing": [_standing_row(one) for one in standing]},
        ),
    )


def _value(one: Standing) -> float:
    return float("inf") if one.difference is None else one.difference.value


def _standing_words(
    default: str,
    harmed: Sequence[Standing],
    unclear: Sequence[Standing],
    fell_back: Sequence[str],
) -> str:
    moved = ""
    if fell_back:
        moved = f"Customers of {_listed(fell_back)} get '{default}' instead. "
    if harmed:
        names = _listed(one.name for one in harmed)
        return (
            f"{moved}{names}: significantly worse off than under '{default}'. Let them fall back "
            "(worse_off.act), loosen what keeps the plan from it, or answer for it with an "
            "override."
        )
    if unclear:
        names = _listed(one.name for one in unclear)
        return (
            f"{moved}Nobody is shown to be worse off, but for {names} it is not shown either that "
            "they are not: a larger log would tell, or worse_off.margin says what is too small to "
            "matter."
        )
    return f"{moved}No segment and no protected group is worse off than under '{default}'."


def _standing_row(one: Standing) -> dict[str, object]:
    return {"name": one.name, "verdict": one.verdict, **_numbers(one.difference)}


def check_outcomes(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse a plan under which a further outcome gets worse by more than its margin.

    Returns:
        One result for each outcome: value = its change by the plan over all customers; and one for
        each loyalty outcome that goes down while the profit goes up.

    Cost: O(outcomes x segments).
    """
    results: list[GuardrailResult] = []
    for found in facts.outcomes:
        results.append(_outcome(found))
        if found.horizon is not None:
            results.append(_conflict(found))
    return tuple(results)


def _outcome(found: OutcomeFacts) -> GuardrailResult:
    tests = (found.overall, *found.segments)
    failed = [one for one in tests if one.verdict == "fail"]
    open_ = [one for one in tests if one.verdict in ("unclear", "too_few")]
    verdict: GuardrailVerdict = "fail" if failed else "warn" if open_ else "pass"
    change = found.overall.difference
    way = "more" if found.worse == "higher" else "less"
    if failed:
        remedy = (
            f"Shown to be {way} by over {found.margin:g} for {_listed(t.name for t in failed)}: "
            "take the offer off the menu (menu.never), or answer for it with an override."
        )
    elif open_:
        remedy = (
            f"Not shown to stay within {found.margin:g} for {_listed(t.name for t in open_)}: a "
            "larger log would tell, or a wider margin."
        )
    else:
        remedy = f"Shown to be no more than {found.margin:g} {way}, overall and in every segment."
    return GuardrailResult(
        name=f"outcome_{found.name}",
        measure=f"change of '{found.name}' by the plan over the default, per customer",
        value=None if change is None else change.value,
        lo=None if change is None else change.lo,
        hi=None if change is None else change.hi,
        bound=found.margin if found.worse == "higher" else -found.margin,
        verdict=verdict,
        remedy=remedy,
        detail={"tests": [_test_row(one) for one in tests]},
    )


def _test_row(one: OutcomeTest) -> dict[str, object]:
    return {"name": one.name, "verdict": one.verdict, **_numbers(one.difference)}


def _conflict(found: OutcomeFacts) -> GuardrailResult:
    change = found.overall.difference
    words = (
        f"Profit goes up and '{found.name}' ({found.horizon}) gets worse, both beyond chance: "
        "weigh the one against the other before the plan is used, or count it in profit.per_row."
    )
    calm = f"'{found.name}' ({found.horizon}) is not shown to get worse while profit goes up."
    return GuardrailResult(
        name=f"conflict_{found.name}",
        measure=f"change of '{found.name}' while profit goes up, per customer",
        value=None if change is None else change.value,
        lo=None if change is None else change.lo,
        hi=None if change is None else change.hi,
        bound=None,
        verdict="warn" if found.conflict else "pass",
        remedy=words if found.conflict else calm,
    )


def check_coverage(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse a plan that covers less than the floors of [coverage].

    Returns:
        One result for each floor of the brief: value = the share covered; () without a floor.

    Cost: O(groups).
    """
    found = facts.coverage
    if found is None:
        return ()
    return tuple(_floors(found))


def _floors(found: CoverageFacts) -> Iterator[GuardrailResult]:
    members = (found.overall, *found.groups)
    if found.floor is not None:
        shares = [(one, one.held_out) for one in members]
        measure = "share of customers with an acceptable offer"
        yield _floor("coverage", measure, shares, found.floor)
    if found.revenue_floor is None:
        return
    measure = "share of what customers bring today that is covered"
    known = [(one, one.revenue) for one in members if one.revenue is not None]
    if not known:
        yield GuardrailResult(
            "coverage_revenue", measure, None, None, None, found.revenue_floor, "warn",
            f"Not measured: {found.revenue_source}. Give coverage.revenue.",
        )  # fmt: skip
        return
    yield _floor("coverage_revenue", measure, known, found.revenue_floor)


def _floor(
    name: str, measure: str, shares: Sequence[tuple[Covered, Estimate]], floor: float
) -> GuardrailResult:
    below = [one.name for one, share in shares if share.hi < floor]
    unclear = [one.name for one, share in shares if share.lo < floor <= share.hi]
    verdict: GuardrailVerdict = "fail" if below else "warn" if unclear else "pass"
    whole = shares[0][1]
    if below:
        remedy = (
            f"Covered to less than {floor:.0%}: {_listed(below)}. Ask for the floor itself "
            "(constraints.coverage_floor), or offer those shut out something they take."
        )
    elif unclear:
        remedy = f"Not shown to reach {floor:.0%}: {_listed(unclear)}."
    else:
        remedy = f"At least {floor:.0%} are covered, overall and in every protected group."
    return GuardrailResult(
        name=name,
        measure=measure,
        value=whole.value,
        lo=whole.lo,
        hi=whole.hi,
        bound=floor,
        verdict=verdict,
        remedy=remedy.replace("%", " %"),
        detail={"groups": [{"name": one.name, **_numbers(share)} for one, share in shares]},
    )


def _numbers(estimate: Estimate | None) -> dict[str, object]:
    if estimate is None:
        return {"value": None, "lo": None, "hi": None}
    return {"value": estimate.value, "lo": estimate.lo, "hi": estimate.hi}


def _listed(names: Sequence[str] | Iterator[str]) -> str:
    known = [f"'{name}'" for name in names]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"
