"""What telling no more than allowed costs: the repair made or on offer, and its curve."""

from __future__ import annotations

from dataclasses import asdict

from handful.guardrails.records import Facts, GuardrailResult, GuardrailVerdict
from handful.guardrails.repair_records import CurvePoint, Repair

NAME = "disclosure_repair"
MEASURE = "profit per customer that the repair costs, held out"


def repair_price(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Tell what was changed so that no offer tells too much, or what would have to be.

    Args:
        facts: with the repair found before the guardrails ran.

    Returns:
        One result; () where nothing tells too much.

    Cost: O(bounds of the curve).
    """
    repair = facts.repair
    if repair is None:
        return _not_looked_for(facts)
    point = repair.point
    verdict: GuardrailVerdict = "pass" if facts.asked.repair != "none" else "not_applicable"
    cost = None if point is None else point.cost
    return (
        GuardrailResult(
            name=NAME,
            measure=MEASURE,
            value=None if cost is None else cost.value,
            lo=None if cost is None else cost.lo,
            hi=None if cost is None else cost.hi,
            bound=None,
            verdict="warn" if point is None else verdict,
            remedy=_words(facts, repair),
            detail={
                "before": asdict(repair.before),
                "curve": [_plain(one) for one in repair.curve],
                "repaired": None if point is None else _plain(point),
            },
        ),
    )


def _not_looked_for(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Say where a repair was asked for and cannot be made: beside limits on all customers."""
    open_ones = any(r.verdict in ("fail", "warn") and r.detail for r in _tested(facts))
    if facts.asked.repair == "none" or facts.terms.limits is None or not open_ones:
        return ()
    remedy = (
        "A plan under [constraints] is not repaired: chance would break what was allocated. Take "
        "the offer off the menu, send it where only the customer sees it, or drop the limits."
    )
    return (GuardrailResult(NAME, MEASURE, None, None, None, None, "warn", remedy),)


def _tested(facts: Facts) -> tuple[GuardrailResult, ...]:
    return tuple(r for r in facts.results if r.name.startswith("disclosure_"))


def _words(facts: Facts, repair: Repair) -> str:
    point = repair.point
    if point is None:
        return "No menu and no chance can do it: give all one offer, or ask more customers."
    if facts.asked.repair == "none":
        return f'guardrails.repair = "cheapest" would do it: {change_words(point)}.'
    return f"Done: {change_words(point)}. Nothing that decides reads the trait."


def change_words(point: CurvePoint) -> str:
    """Say what a repair changes.

    Example:
        >>> from handful.evidence.records import Estimate
        >>> still, drawn = Estimate(0.0, 0.0, 0.0, 0.0), (("b", 0.1),)
        >>> change_words(CurvePoint(1.0, 1.25, 2.0, ("a", "b"), 0.9, drawn, 0.05, still, still))
        'the menu a, b; 10.0 % of customers, whoever they are, get an offer by chance (b 10.0 %; \
another than chosen for 5.0 %)'
    """
    several = len(point.menu) > 1
    menu = f"the menu {', '.join(point.menu)}" if several else f"{point.menu[0]} for all"
    if not point.drawn:
        return menu
    drawn = ", ".join(f"{name} {share:.1%}" for name, share in point.drawn)
    chance = f"{1.0 - point.keep:.1%} of customers, whoever they are, get an offer by chance"
    other = f"another than chosen for {point.changed:.1%}"
    return f"{menu}; {chance} ({drawn}; {other})".replace("%", " %")


def _plain(point: CurvePoint) -> dict[str, object]:
    return asdict(point) | {"drawn": dict(point.drawn)}
