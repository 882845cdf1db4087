"""The plan in a few plain lines, for the end of the command."""

from __future__ import annotations

from pathlib import Path

from handful.delivery.limit_words import limit_lines
from handful.evidence.records import Estimate, FrontierPoint, NamedEstimate
from handful.planning.records import Plan

_VERDICTS = {
    "one_offer": "one offer for everybody",
    "handful": "a handful of offers",
    "no_offer": "no offer at all",
    "by_hand": "few enough customers to decide by hand",
    "refused": "refused",
}


def money(value: float, currency: str) -> str:
    """Write an amount with its currency: three significant digits or whole thousands.

    Args:
        value: the amount.
        currency: its currency.

    Returns:
        The text.

    Example:
        >>> money(0.3774, "USD"), money(-1234567.0, "EUR")
        ('0.377 USD', '-1,234,567 EUR')
    """
    size = abs(value)
    places = 0 if size >= 1000 else 2 if size >= 10 else 3
    return f"{value:,.{places}f} {currency}"


def summary_lines(plan: Plan, folder: Path) -> list[str]:
    """Say the verdict, the menu, the gain with its band and where the report is.

    Args:
        plan: the plan.
        folder: where it was published.

    Returns:
        Six to ten lines of plain words.

    Example:
        >>> summary_lines.__name__
        'summary_lines'
    """
    currency = plan.experiment.currency
    lines = [_verdict_line(plan), *(f"  {reason}" for reason in plan.verdict.reasons[:3])]
    lines.append("Held-out profit per customer, with 95 % bands:")
    lines += value_lines(plan, currency)
    lines += _gain_lines(plan, currency)
    lines += fit_lines(plan)
    lines += limit_lines(plan)
    lines += guardrail_lines(plan)
    lines.append(f"Report: {folder / 'report.html'}")
    return lines


def fit_lines(plan: Plan) -> list[str]:
    """Say where the advice goes beyond the verdict: one-to-one, or a commodity.

    Args:
        plan: the plan.

    Returns:
        One line, or nothing.

    Example:
        >>> fit_lines.__name__
        'fit_lines'
    """
    if plan.fit is None:
        return []
    if plan.fit.advice == "one_to_one":
        return [f"Advice: {plan.fit.reasons[0]}"]
    if plan.fit.commodity.verdict == "commodity":
        return ["Commodity: personalising does not matter here; carry the one offer out well."]
    return []


def guardrail_lines(plan: Plan) -> list[str]:
    """Say how many guardrails passed, which failed, and what to do; nothing where none ran.

    Args:
        plan: the plan.

    Returns:
        One line, one for each that failed or was answered for, and one for all that warn.

    Example:
        >>> guardrail_lines.__name__
        'guardrail_lines'
    """
    if not plan.guardrails:
        return []
    failed = {result.name for result in plan.failed}
    answers = {override.name: override for override in plan.overrides}
    passed = sum(result.verdict == "pass" for result in plan.guardrails)
    state = f"NOT RELEASABLE: {len(failed)} failed" if failed else "the plan may be used"
    counted = sum(result.verdict in ("pass", "fail") for result in plan.guardrails)
    lines = [f"Guardrails: {passed} of {counted} passed; {state}."]
    for result in plan.guardrails:
        if result.name in failed:
            lines.append(f"  {result.name} failed: {result.measure}. {result.remedy}")
        elif result.verdict == "fail":
            answer = answers[result.name]
            lines.append(f"  {result.name} failed; answered for by {answer.by}: {answer.reason}")
    warned = [result.name for result in plan.guardrails if result.verdict == "warn"]
    if warned:
        lines.append(f"  To look at, and the report says why: {', '.join(warned)}.")
    return lines


def _verdict_line(plan: Plan) -> str:
    verdict, said = plan.verdict, _VERDICTS[plan.verdict.kind]
    if verdict.kind == "one_offer" and plan.allocation is not None:
        said = "one offer, as far as the limits let you"
    menu = f": {', '.join(verdict.menu)}" if verdict.menu else ""
    return f"Verdict: {said}{menu}."


def value_lines(plan: Plan, currency: str) -> list[str]:
    """Line up no offer, the best single offer, the menu and one-to-one."""
    reference = plan.reference
    lines = []
    if reference.no_offer is not None:
        lines.append(value_line("no offer", reference.no_offer, currency))
    single = reference.best_single
    lines.append(value_line(f"best single offer ({single.offer})", single, currency))
    point = _menu_point(plan)
    if point is not None:
        lines.append(value_line(f"menu of {point.offers}", point, currency))
    lines.append(value_line("one-to-one", reference.one_to_one, currency))
    return lines


def value_line(name: str, estimate: Estimate | NamedEstimate | FrontierPoint, currency: str) -> str:
    """Write one value with its band.

    Args:
        name: what is valued.
        estimate: value, lower and upper end.
        currency: of the value.

    Returns:
        One indented line.

    Example:
        >>> value_line("no offer", Estimate(0.2, 0.01, 0.18, 0.22), "USD")
        '  no offer: 0.200 USD (0.180 to 0.220 USD)'
    """
    return f"  {name}: {_band(estimate, currency)}"


def _band(estimate: Estimate | NamedEstimate | FrontierPoint, currency: str) -> str:
    value, lo, hi = (money(x, currency) for x in (estimate.value, estimate.lo, estimate.hi))
    return f"{value} ({lo.removesuffix(currency).strip()} to {hi})"


def _menu_point(plan: Plan) -> FrontierPoint | None:
    """Find the frontier point of the verdict's menu, when it has at least two offers."""
    size = len(plan.verdict.menu)
    return next((p for p in plan.frontier if p.offers == size and size > 1), None)


def _gain_lines(plan: Plan, currency: str) -> list[str]:
    """Say what the advice gains, per customer and over the population."""
    gain = plan.verdict.gain
    if gain is None:
        return []
    parts = (
        f"{money(gain.better_single.value, currency)} from the better single offer, "
        f"{money(gain.targeting.value, currency)} from targeting"
    )
    lines = [f"Gain per customer: {_band(gain.total, currency)}; {parts}."]
    if gain.corrected is not None:
        expected = money(gain.corrected, currency)
        lines.append(f"To expect, with the winner's curse taken off: {expected}.")
    population = plan.experiment.population
    if population is not None:
        total = money(gain.total.value * population, currency)
        lines.append(f"Over {population:,.0f} customers: {total} a campaign, before set-up costs.")
    return lines
