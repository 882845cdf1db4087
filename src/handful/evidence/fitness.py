"""Is this a case for personalising at all? The card test, the commodity test, waste, baselines.

Commodity: customers are not shown to differ (p >= 0.05), and no personalised plan - one-to-one,
every menu, every rival of the ladder - could gain the tolerance: the largest upper end of their
simultaneous bands stays below it. A plan that treats everybody alike has no band and proves
nothing, so at least one plan must tell enough customers apart. Cost O(n).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from handful.brief.stages import StagesSpec
from handful.effects.scores import close_cells
from handful.evidence.authoring import work
from handful.evidence.bands import difference_rows, make_family
from handful.evidence.evidence import Evidence
from handful.evidence.ladder import DIRECT_MAIL, ENGAGED
from handful.evidence.ledger import Means
from handful.evidence.names import BEST_SINGLE, NO_OFFER, ONE_TO_ONE, menu_name, single_name
from handful.evidence.ratios import clustered_share, mean_of
from handful.evidence.records import Estimate, Verdict
from handful.evidence.stage_records import Advice, Baseline, ByHand, Commodity, Wasted
from handful.evidence.stages import shifted
from handful.evidence.terms import Terms
from handful.evidence.variety import single_costs
from handful.evidence.verdict import LEAST_CLUSTERS, fits_by_hand
from handful.experiment.records import Experiment
from handful.notation import BoolArray, FloatArray, IntArray

DIFFER, ALIKE = 0.01, 0.05
"""p-values below which customers differ, and from which they are not shown to: between, neither."""
SHARE: Final = 0.05
"""The tolerance as a share of what the best single offer earns, where the brief names none."""


def by_hand(customers: float, minutes: float | None, hours: float | None) -> ByHand:
    """Return the card test: could the team write to everybody by hand?

    Example:
        >>> by_hand(120, 5.0, 20.0)
        ByHand(customers=120, minutes_per_card=5.0, hours_needed=10.0, hours=20.0, fits=True)
    """
    needed = None if minutes is None else customers * minutes / 60.0
    known = needed is not None and hours is not None
    fits = fits_by_hand(customers, minutes, hours) if known else None
    return ByHand(customers, minutes, needed, hours, fits)


def commodity(experiment: Experiment, evidence: Evidence, spec: StagesSpec) -> Commodity:
    """Tell whether personalising matters, with the interval that says so.

    Args:
        experiment: the log.
        evidence: ladder, frontier and decisions out of fold.
        spec: with the tolerance.

    Cost: O(n K).
    """
    p_value = evidence.heterogeneity.p_value
    single = evidence.references.best_single.value
    tolerance = spec.commodity_tolerance or SHARE * abs(single)
    leads = {rung.name: rung.gain for rung in evidence.ladder if rung.gain is not None}
    leads |= {
        f"menu of {point.offers}": point.gain_over_single
        for point in evidence.frontier
        if point.offers >= 2
    }
    if not leads:
        return Commodity("not_shown", p_value, tolerance, None, None)
    policy = max(leads, key=lambda name: leads[name].hi)
    most = leads[policy]
    if p_value is not None and p_value < DIFFER:
        return Commodity("differs", p_value, tolerance, most, policy)
    alike = p_value is not None and p_value >= ALIKE
    told = alike and most.hi < tolerance and _tells_apart(experiment, evidence)
    return Commodity("commodity" if told else "not_shown", p_value, tolerance, most, policy)


def _tells_apart(experiment: Experiment, evidence: Evidence) -> bool:
    """Whether some plan gives enough clusters of the log another offer than the best single one."""
    single = evidence.codes[BEST_SINGLE]
    counts = (
        _clusters(experiment, given != single)
        for name, given in evidence.codes.items()
        if not name.startswith("single:") and name != NO_OFFER
    )
    return max(counts, default=0) >= LEAST_CLUSTERS


def wasted_contacts(
    experiment: Experiment, evidence: Evidence, terms: Terms, given: IntArray
) -> tuple[Wasted, ...]:
    """Return the share of sends to people expected to bring no more for it, plan and broadcast.

    A send is wasted on those for whom the models of the other folds expect no more from the offer
    than from "no offer"; what these people did bring is held out.

    Args:
        experiment: the log.
        evidence: with the first cross-fit.
        terms: the fallback.
        given: (n,) offers of the plan, out of fold.

    Returns:
        The plan and one offer for everybody; () where the log has no "no offer".

    Cost: O(n G).
    """
    control = experiment.control
    if control is None:
        return ()
    fit = evidence.first
    open_single = experiment.open_cells[:, evidence.single]
    broadcast = np.where(open_single, evidence.single, terms.fallback)
    scores = close_cells(fit.scores, experiment.open_cells, terms.fallback)
    found = []
    for policy, codes in (("plan", given), ("one offer for everybody", broadcast)):
        at = np.arange(len(codes))
        sent = codes != control
        expected = fit.predicted[at, codes] - fit.predicted[:, control]
        benefit = scores[at, codes] - scores[:, control]
        found.append(_wasted(policy, sent, sent & (expected <= 0), benefit, experiment.cluster))
    return tuple(found)


def _wasted(
    policy: str, sent: BoolArray, wasted: BoolArray, benefit: FloatArray, cluster: IntArray
) -> Wasted:
    sends = float(sent.mean())
    if not sent.any():
        return Wasted(policy, sends, None, None)
    share = clustered_share(wasted[sent].astype(np.float64), cluster[sent])
    few = len(np.unique(cluster[wasted])) < LEAST_CLUSTERS
    brought = None if few else mean_of(benefit[wasted], cluster[wasted])
    return Wasted(policy, sends, share, brought)


def baselines(means: Means, verdict: Verdict, why: dict[str, str | None]) -> tuple[Baseline, ...]:
    """Hold the plan against the two oldest ways to segment: engaged or not, and direct mail.

    Args:
        means: the ledger's.
        verdict: the plan's.
        why: rival -> why the log has none.

    Cost: O(M^2).
    """
    plan = menu_name(verdict.offers) if verdict.offers >= 2 else BEST_SINGLE
    there = [name for name in (ENGAGED, DIRECT_MAIL) if name in means.names]
    if plan not in means.names or verdict.kind == "no_offer":
        there = []
    # The plan's number of offers was chosen on these rows: the band holds for all it might be.
    plans = [name for name in means.names if name == BEST_SINGLE or name.startswith("menu:")]
    pairs: list[tuple[str, str]] = [(one, name) for name in there for one in plans]
    family = make_family(means, difference_rows(means, pairs), 0)
    found = []
    for name in (ENGAGED, DIRECT_MAIL):
        if name in there:
            lead = family.estimate(pairs.index((plan, name)))
            found.append(Baseline(name, lead, lead.lo > 0))
        else:
            reason = why.get(name) or "the plan sends nothing"
            found.append(Baseline(name, None, beaten=False, why_absent=reason))
    return tuple(found)


def one_to_one_lead(
    experiment: Experiment,
    evidence: Evidence,
    terms: Terms,
    verdict: Verdict,
    costs: tuple[float, float],
) -> Estimate | None:
    """Return what one-to-one would gain over the plan, costs paid.

    Where no menu is advised, it is the gain over the single offer that is hardest to beat.

    Args:
        experiment: the log.
        evidence: with the ledger's means.
        terms: with the costs of single offers.
        verdict: the plan's.
        costs: of one-to-one and of the plan, money per customer.

    Returns:
        The paired difference with a 95 % interval of its own; None where too few customers would
        be treated differently to tell, the team cannot author so many offers, or nothing is to be
        compared.

    Cost: O(n + G M^2).
    """
    means = evidence.means
    given = evidence.codes[ONE_TO_ONE]
    if means is None or verdict.kind not in ("handful", "one_offer", "no_offer"):
        return None
    if terms.author is not None and work(np.unique(given).tolist(), terms) > terms.author:
        return None
    if verdict.kind == "handful":
        against = [(menu_name(verdict.offers), costs[1])]
        told = _clusters(experiment, given != evidence.codes.get(against[0][0], given))
    else:
        alone = single_costs(terms)
        against = [(single_name(g), float(alone[g])) for g in terms.singles]
        told = min(_clusters(experiment, given != g) for g in terms.singles)
    if told < LEAST_CLUSTERS or any(name not in means.names for name, _ in against):
        return None
    leads = []
    for name, cost in against:
        alone_family = make_family(means, difference_rows(means, [(ONE_TO_ONE, name)]), 0)
        leads.append(shifted(alone_family.estimate(0), costs[0] - cost))
    return min(leads, key=lambda lead: lead.lo)


def _clusters(experiment: Experiment, differs: BoolArray) -> int:
    return int(np.count_nonzero(np.bincount(experiment.cluster[differs])))


def advise(verdict: Verdict, lead: Estimate | None, *, differ: bool) -> Advice:
    """Return the advice: the verdict, or one-to-one where it is shown to gain more, net.

    Args:
        verdict: the plan's.
        lead: from `one_to_one_lead`.
        differ: whether customers are shown to differ; asked for where no menu has shown it.

    Example:
        >>> known = Verdict("handful", 2, ("a", "b"), None, ())
        >>> advise(known, Estimate(0.2, 0.05, 0.1, 0.3), differ=True), advise(known, None, differ=True)
        ('one_to_one', 'handful')
    """  # noqa: E501
    if lead is not None and lead.lo > 0 and (differ or verdict.kind == "handful"):
        return "one_to_one"
    return verdict.kind
