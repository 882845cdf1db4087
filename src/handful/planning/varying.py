"""What the plan says of variety: stock to order, the team's cap, and one more offer's worth."""

from __future__ import annotations

from dataclasses import replace
from math import floor

from handful.brief.schema import TeamSpec
from handful.evidence.authoring import work
from handful.evidence.evidence import Evidence, final_codes
from handful.evidence.records import Estimate
from handful.evidence.terms import Terms
from handful.evidence.variety import population, supply_facts
from handful.experiment.records import Experiment
from handful.notation import IntArray
from handful.planning.records import ConstraintUse, Plan

CAP_NAME = "offers the team can author"


def can_author(team: TeamSpec) -> int | None:
    """Return the offers a team can author: as it says, and as its hours allow; at least one.

    Example:
        >>> can_author(TeamSpec(hours=20, hours_per_offer=8)), can_author(TeamSpec())
        (2, None)
    """
    caps = [] if team.offers_we_can_author is None else [team.offers_we_can_author]
    if team.hours is not None and team.hours_per_offer is not None:
        caps.append(max(floor(team.hours / team.hours_per_offer), 1))
    return min(caps) if caps else None


def with_variety_told(
    made: Plan,
    experiment: Experiment,
    evidence: Evidence,
    terms: Terms,
    given: IntArray | None = None,
) -> Plan:
    """Add what variety costs and is worth to a plan; the same plan where nothing is asked.

    Args:
        made: the plan.
        experiment: the log.
        evidence: with the worth of one more offer.
        terms: with stock and cap.
        given: (n,) offers out of fold, where others than those of the menu alone.

    Cost: O(n + draws K).
    """
    menu = made.policy.menu
    names = experiment.offers
    if terms.stock is not None:
        first = evidence.first
        if given is None:
            given = final_codes(experiment, first, first.predicted, menu, terms)
        seed = made.experiment.seed
        made = replace(made, supply=supply_facts(given, menu, evidence.single, terms, names, seed))
    if terms.author is None:
        return made
    more = evidence.one_more
    use = ConstraintUse(
        name=CAP_NAME,
        bound=float(terms.author),
        used=float(work(menu, terms)),
        shadow_price=None if more is None else max(more.value, 0.0) * population(experiment),
        unit="offers",
    )
    made = replace(made, constraints=(*made.constraints, use), one_more_offer=more)
    if more is None:
        return made
    reasons = (*made.verdict.reasons, one_more_words(more, terms.author, experiment.currency))
    return replace(made, verdict=replace(made.verdict, reasons=reasons))


def one_more_words(more: Estimate, cap: int, currency: str) -> str:
    """Say what one more offer would be worth.

    Example:
        >>> one_more_words(Estimate(0.01, 0.02, -0.03, 0.05), 2, "USD")
        'The team can author 2 offers; one more would be worth 0.010 USD per customer (-0.030 to 0.050), held out, its costs paid.'
    """  # noqa: E501
    return (
        f"The team can author {cap} offer{'' if cap == 1 else 's'}; one more would be worth "
        f"{more.value:.3f} {currency} "
        f"per customer ({more.lo:.3f} to {more.hi:.3f}), held out, its costs paid."
    )
