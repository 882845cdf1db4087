"""Limits in plain words: bound, use, and what one more unit would be worth."""

from __future__ import annotations

from handful.planning.records import ConstraintUse, Plan


def limit_words(plan: Plan, use: ConstraintUse) -> str:
    """Say one limit: what it allows, what the plan uses, held out too, and its shadow price.

    Example:
        >>> from types import SimpleNamespace
        >>> plan = SimpleNamespace(experiment=SimpleNamespace(currency="USD"))
        >>> limit_words(plan, ConstraintUse("capacity.mail", 500.0, 500.0, 0.42))
        'capacity.mail: at most 500 customers; 500 used; one more customer would be worth 0.42 USD.'
    """
    currency = plan.experiment.currency
    side = {"at_least": "at least", "within": "within"}.get(use.kind, "at most")
    said = f"{use.name}: {side} {_amount(use.bound, use.unit)}; {_number(use.used, use.unit)} used"
    held = use.held_out
    if held is not None and held.lo < held.hi:
        value, lo, hi = (_number(x, use.unit) for x in (held.value, held.lo, held.hi))
        said += f" as expected, {value} held out ({lo} to {hi})"
    return f"{said}; {_worth(use, currency)}."


def _worth(use: ConstraintUse, currency: str) -> str:
    if use.shadow_price is None:
        return "it does not bind"
    price = f"{use.shadow_price:.3g} {currency}"
    if use.kind == "at_least":
        one = "one customer fewer" if use.unit in ("customers", "share") else "one unit less"
        return f"asking for {one} would be worth {price}"
    if use.kind == "within":
        return f"a bound wider by 0.01 would be worth {0.01 * use.shadow_price:.3g} {currency} each"
    one = {"customers": "customer", "share": "customer", "amount": "unit"}.get(use.unit, use.unit)
    return f"one more {one} would be worth {price}"


def _amount(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.1%} of the customers"
    if unit == "difference":
        return f"{value:.3g} of each other"
    return _number(value, unit) if unit == "amount" else f"{_number(value, unit)} {unit}"


def _number(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.1%}"
    if unit == "difference":
        return f"{round(value, 4) + 0.0:.4g}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:,.3g}"


def limit_lines(plan: Plan) -> list[str]:
    """Line up the limits, and how far the assignment can be from the best within them.

    Example:
        >>> limit_lines.__name__
        'limit_lines'
    """
    if not plan.constraints:
        return []
    lines = ["Limits of a campaign:"]
    lines += [f"  {limit_words(plan, use)}" for use in plan.constraints]
    if plan.allocation is not None:
        lines.append(f"  {gap_words(plan)}")
    return lines


def gap_words(plan: Plan) -> str:
    """Say how far the assignment of the log can be from the best within the limits.

    Example:
        >>> gap_words.__name__
        'gap_words'
    """
    found, currency = plan.allocation, plan.experiment.currency
    if found is None:
        return ""
    gap = f"{found.gap:,.2f}" if found.gap >= 0.005 else "0.01"
    return (
        f"By what the model expects, the assignment of the log's {found.customers:,} customers is "
        f"within {gap} {currency} in all of the best there is under these limits (duality gap)."
    )
