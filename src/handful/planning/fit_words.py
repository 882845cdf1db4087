"""The advice on how far to personalise, in plain sentences made from its own numbers."""

from __future__ import annotations

from typing import Final

from handful.evidence.fitness import ALIKE
from handful.evidence.records import Estimate, Verdict
from handful.evidence.stage_records import Baseline, ByHand, Commodity, FitFacts

PRESETS: Final = {
    "loyalty": "The preset is loyalty: what comes later counts, and of the proven menus the one "
    "that earns most is taken, however many offers it has.",
    "scale": "The preset is scale: only what comes at once counts, costs count twice, and the "
    "smallest menu within two standard errors of the best is taken.",
}


def fit_reasons(
    found: FitFacts, verdict: Verdict, lead: Estimate | None, currency: str
) -> tuple[str, ...]:
    """Say what the advice rests on, the most pressing first.

    Args:
        found: the facts, without reasons.
        verdict: the plan's.
        lead: of one-to-one over the plan, costs paid; None where the plan is no menu.
        currency: of the amounts.
    """
    said = [hand_words(found.by_hand), commodity_words(found.commodity, currency)]
    if found.advice == "one_to_one" and lead is not None:
        said.insert(
            0,
            f"One-to-one would gain {_money(lead, currency)} per customer more than "
            f"{_plan_words(verdict)}, its costs paid: allow more offers with menu.max_offers, or "
            "give each customer their own best.",
        )
    if verdict.kind == "handful":
        said += [_not_beaten(known, currency) for known in found.baselines if known.lead]
    said.append(PRESETS.get(found.preset or "", ""))
    return tuple(sentence for sentence in said if sentence)


def _plan_words(verdict: Verdict) -> str:
    return f"these {verdict.offers} offers" if verdict.offers > 1 else "any single offer"


def hand_words(found: ByHand) -> str:
    """Return the card test as a sentence; "" where the brief does not ask for it.

    Example:
        >>> hand_words(ByHand(120, 5.0, 10.0, 20.0, True))
        'By hand: 120 customers at 5 minutes each take 10 hours, and the team has 20: it can be done.'
    """  # noqa: E501
    if found.fits is None or found.hours_needed is None:
        return ""
    can = "it can be done" if found.fits else "it cannot be done"
    return (
        f"By hand: {found.customers:,.0f} customers at {found.minutes_per_card:g} minutes each "
        f"take {_hours(found.hours_needed)} hours, and the team has {_hours(found.hours)}: {can}."
    )


def _hours(number: float | None) -> str:
    known = number or 0.0
    return f"{known:,.0f}" if known >= 100 else f"{known:g}" if known >= 1 else f"{known:.2g}"


def commodity_words(found: Commodity, currency: str) -> str:
    """Say whether personalising matters, with the numbers that say so.

    Example:
        >>> least = Estimate(0.0, 0.01, -0.02, 0.02)
        >>> commodity_words(Commodity("commodity", 0.4, 0.05, least, "one-to-one"), "USD")[:44]
        'Commodity: personalising does not matter her'
    """
    if found.most is None or found.p_value is None:
        return ""
    p_value = "p below 0.001" if found.p_value < 0.001 else f"p = {found.p_value:.3f}"
    most = f"{found.most.hi:.3f} {currency} per customer"
    bound = f"{found.tolerance:.3f}"
    if found.verdict == "commodity":
        return (
            f"Commodity: personalising does not matter here. Customers are not shown to differ "
            f"({p_value}), and none of the personalised plans tried could gain more than {most} "
            f"over the best single offer, where {bound} would begin to matter."
        )
    if found.verdict == "differs":
        return f"This is no commodity: customers differ in what the offers do to them ({p_value})."
    if found.p_value < ALIKE:
        return (
            f"Whether customers differ is open ({p_value}): too much for chance alone, too little "
            f"to be sure. A personalised plan could gain up to {most}, where {bound} would matter."
        )
    if found.most.hi < found.tolerance:
        return (
            f"Customers are not shown to differ ({p_value}), but no plan here tells enough of "
            "them apart to know that personalising does not matter."
        )
    return (
        f"Customers are not shown to differ ({p_value}), but a personalised plan could still "
        f"gain up to {most}, where {bound} would matter: a larger experiment would tell."
    )


def _not_beaten(found: Baseline, currency: str) -> str:
    if found.beaten or found.lead is None:
        return ""
    return (
        f"The plan is not shown to beat “{found.name}”, the simplest segments there are: its lead "
        f"is {_money(found.lead, currency)} per customer. Run those unless a larger "
        "experiment says otherwise."
    )


def _money(found: Estimate, currency: str) -> str:
    return f"{found.value:.3f} {currency} ({found.lo:.3f} to {found.hi:.3f})"
