"""The verdict: one offer, a handful, no offer, or by hand.

A menu of K >= 2 counts only if it beats EVERY single offer, net of its extra set-up cost, beyond
the critical value of all K at once (an intersection-union test over offers inside a sup-t test over
K), and only where enough clusters that received either offer differ between the two policies.
Cost O(K G).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.evidence.bands import difference_rows, make_family, standard_errors
from handful.evidence.ledger import Means
from handful.evidence.records import (
    Estimate,
    FrontierPoint,
    GainSplit,
    Verdict,
    VerdictKind,
)
from handful.evidence.splits import BEST_SINGLE, NO_OFFER, menu_name, single_name
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.notation import BoolArray, IntArray

AS_LOGGED: Final = "as_logged"
LEAST_CLUSTERS: Final = 50
"""Clusters per arm that must differ between two policies before their difference is evidence:
below it the difference is a mean of few non-zero terms and its t statistic is not normal."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the verdict is argued from.

    Attributes:
        means: the ledger's means.
        clipped: the same with profit winsorised; None unless the tail is heavy.
        codes: policy -> (n,) offers given in the first split, to count who differs.
        frontier: the points, with final menus and set-up costs.
        setup: money per customer of each single offer by code.
        allowed: offer codes in play.
        single: code of the best single offer on all rows.
        fallback: (n,) what a row gets where an offer is closed to it.
        reach: (n, G) whether a row tells of an offer with dials; None for names.
        limited: whether offers are given only as far as limits let them.
        cost_weight: how often costs count.
        slack: standard errors below the best net value at which a smaller menu is taken.
    """

    means: Means
    clipped: Means | None
    codes: dict[str, IntArray]
    frontier: tuple[FrontierPoint, ...]
    setup: tuple[float, ...]
    allowed: tuple[int, ...]
    single: int
    fallback: IntArray
    reach: BoolArray | None = None
    limited: bool = False
    cost_weight: float = 1.0
    slack: float = 1.0


@dataclass(frozen=True, slots=True)
class Challenge:
    """A menu against its hardest single offer: the least t statistic and whether it counts."""

    offers: int
    t: float
    critical: float
    hardest: int
    enough: bool
    same_way: bool

    @property
    def holds(self) -> bool:
        """Whether the menu beats every single offer beyond chance."""
        return self.t > self.critical and self.enough and self.same_way


def challenges(
    experiment: Experiment, case: Case, seed: int, apart: Mapping[int, bool] | None = None
) -> list[Challenge]:
    """Put every menu of two or more against every single offer.

    The critical value is that of all menus' leads over the best single offer together.

    Args:
        experiment: the log.
        case: what the verdict is argued from.
        seed: of the critical value.
        apart: size -> whether enough clusters differ, where that is known already.

    Cost: O(n K G).
    """
    points = [point for point in case.frontier if point.offers >= 2]
    leads = [(menu_name(point.offers), BEST_SINGLE) for point in points]
    critical = make_family(case.means, difference_rows(case.means, leads), seed).critical
    found = []
    for point in points:
        pairs = [(menu_name(point.offers), single_name(g)) for g in case.allowed]
        rows = difference_rows(case.means, pairs)
        se = standard_errors(case.means, rows)
        extra = case.cost_weight * np.array([point.cost - case.setup[g] for g in case.allowed])
        net = rows @ case.means.value - extra
        t = np.where(se > 0, net / np.where(se > 0, se, 1.0), -np.inf)
        worst = int(np.argmin(t))
        found.append(
            Challenge(
                offers=point.offers,
                t=float(t[worst]),
                critical=critical,
                hardest=case.allowed[worst],
                enough=_apart(experiment, case, point.offers)
                if apart is None
                else apart[point.offers],
                same_way=_same_way(case, pairs, extra),
            )
        )
    return found


def _apart(experiment: Experiment, case: Case, offers: int) -> bool:
    """Tell whether enough clusters tell a menu from each single offer."""
    given = case.codes[menu_name(offers)]
    return all(
        differing_clusters(experiment, given, everywhere(experiment, case, g), case.reach)
        >= LEAST_CLUSTERS
        for g in case.allowed
    )


def _same_way(case: Case, pairs: list[tuple[str, str]], extra: np.ndarray) -> bool:
    """With a heavy tail the winsorised difference must be positive too."""
    if case.clipped is None:
        return True
    clipped = difference_rows(case.clipped, pairs) @ case.clipped.value
    return bool(np.all(clipped - extra > 0))


def everywhere(experiment: Experiment, case: Case, offer: int) -> IntArray:
    """Return (n,) what "everybody gets this offer" gives: the fallback where it is closed.

    Under limits it is what the offer's share of them lets it give.
    """
    if single_name(offer) in case.codes:
        return case.codes[single_name(offer)]
    is_open = experiment.design.support[experiment.stratum, offer]
    return np.where(is_open, offer, case.fallback)


def differing_clusters(
    experiment: Experiment, given: IntArray, single: IntArray, reach: BoolArray | None = None
) -> int:
    """Return the smaller number of clusters, of the two arms, that tell two policies apart.

    Rows count where the policies give different offers and the log gave one of the two, or, with
    dials, something within reach of it.
    """
    differs = given != single
    least = []
    for arm in (given, single):
        told = experiment.offer == arm if reach is None else reach[np.arange(len(arm)), arm]
        least.append(np.count_nonzero(np.bincount(experiment.cluster[differs & told])))
    return int(min(least))


def choose_size(case: Case, held: list[Challenge]) -> int | None:
    """Return the smallest proven menu within `slack` paired errors of the best net value."""
    proven = [c.offers for c in held if c.holds]
    if not proven:
        return None
    net = {p.offers: p.value - case.cost_weight * p.cost for p in case.frontier if p.offers >= 2}
    best = max(net, key=lambda k: net[k])
    for k in sorted(proven):
        pair = difference_rows(case.means, [(menu_name(best), menu_name(k))])
        paired = make_family(case.means, pair, 0)
        if net[k] >= net[best] - case.slack * float(paired.se[0]):
            return k
    return max(proven, key=lambda k: net[k])


def split_gain(means: Means, chosen: str | None, seed: int) -> GainSplit:
    """Split the gain over "no offer" (the log's own mix where there is none) in two that add up.

    Args:
        means: the ledger's means.
        chosen: column of the chosen menu, or None when the best single offer is the plan.
        seed: of the bands.
    """
    base = NO_OFFER if NO_OFFER in means.names else AS_LOGGED
    plan = chosen or BEST_SINGLE
    pairs = [(BEST_SINGLE, base), (plan, BEST_SINGLE), (plan, base)]
    family = make_family(means, difference_rows(means, pairs), seed)
    return GainSplit(family.estimate(0), family.estimate(1), family.estimate(2))


def beats_no_offer(means: Means, case: Case) -> Estimate:
    """Return best single offer less no offer, net of set-up, with its own 95 % interval."""
    family = make_family(means, difference_rows(means, [(BEST_SINGLE, NO_OFFER)]), 0)
    found = family.estimate(0)
    cost = case.setup[case.single]
    return Estimate(found.value - cost, found.se, found.lo - cost, found.hi - cost)


def fits_by_hand(customers: float, minutes: float | None, hours: float | None) -> bool:
    """Tell whether writing every card by hand fits in the team's hours.

    Example:
        >>> fits_by_hand(100, 6.0, 12.0)
        True
    """
    return minutes is not None and hours is not None and customers * minutes <= hours * 60


def decide(experiment: Experiment, case: Case, held: list[Challenge], seed: int) -> Verdict:
    """Return the verdict with its reasons in plain sentences.

    Cost: O(K M^2).
    """
    size = choose_size(case, held)
    name = experiment.offers[case.single]
    if size is not None:
        point = next(p for p in case.frontier if p.offers == size)
        gain = split_gain(case.means, menu_name(size), seed)
        reasons = _handful_reasons(point, held, case)
        return Verdict("handful", size, point.menu, gain, reasons)
    if NO_OFFER in case.means.names:
        lead = beats_no_offer(case.means, case)
        if case.single == experiment.control or lead.lo <= 0:
            return Verdict("no_offer", 0, (), None, _no_offer_reasons(experiment, name, lead, held))
    gain = split_gain(case.means, None, seed)
    reasons = _one_offer_reasons(name, held, limited=case.limited)
    return Verdict("one_offer", 1, (name,), gain, reasons)


def keep_always(verdict: Verdict, always: tuple[str, ...], case: Case, seed: int) -> Verdict:
    """Put a menu that holds every offer that must stay where the verdict left one out.

    Every menu of the frontier holds them; the smallest within one paired standard error of the
    best net value is taken. That is a wish of the brief, not a finding, and the reasons say so.

    Args:
        verdict: as the evidence alone would have it.
        always: the offers that must stay.
        case: what the verdict was argued from.
        seed: of the bands.
    """
    if set(always) <= set(verdict.menu):
        return verdict
    why = (
        f"The brief asks for {' and '.join(always)}: this menu holds it, "
        "and is not shown to beat every single offer."
    )
    return _smallest_of_the_best(verdict, case, why, seed)


def keep_limits(verdict: Verdict, case: Case, terms: Terms, seed: int) -> Verdict:
    """Put a menu that keeps all limits where the verdict's cannot.

    A single offer was valued without the minimums it cannot keep; "no offer" keeps none.

    Args:
        verdict: as the evidence alone would have it.
        case: what the verdict was argued from.
        terms: with or without limits.
        seed: of the bands.
    """
    if terms.limits is None or verdict.kind == "handful" or not case.frontier:
        return verdict
    minimums = [rule for rule in terms.limits.rules if np.isfinite(rule.low)]
    keeps = all(terms.limits.base in rule.offers for rule in minimums)
    if verdict.kind == "one_offer":
        keeps = any(point.menu == verdict.menu for point in case.frontier)
    if keeps:
        return verdict
    why = (
        "The brief's limits cannot be kept by one offer or none: this is the smallest menu within "
        "one standard error of the best that keeps them, and it is not shown to beat every single "
        "offer."
    )
    return _smallest_of_the_best(verdict, case, why, seed)


def _smallest_of_the_best(verdict: Verdict, case: Case, why: str, seed: int) -> Verdict:
    best = max(case.frontier, key=lambda p: p.net)
    point = next(p for p in case.frontier if p.net >= best.net - _paired(case, best, p))
    gain = split_gain(case.means, menu_name(point.offers), seed)
    kind: VerdictKind = "one_offer" if point.offers == 1 else "handful"
    reasons = verdict.reasons
    if kind == "handful" and verdict.kind == "one_offer":
        alone = f"By the evidence alone it would be one offer, {verdict.menu[0]}."
        reasons = (alone, *reasons[1:])
    return Verdict(kind, point.offers, point.menu, gain, (why, *reasons))


def _paired(case: Case, first: FrontierPoint, second: FrontierPoint) -> float:
    pair = [(menu_name(first.offers), menu_name(second.offers))]
    return float(make_family(case.means, difference_rows(case.means, pair), 0).se[0])


def _handful_reasons(point: FrontierPoint, held: list[Challenge], case: Case) -> tuple[str, ...]:
    found = next(c for c in held if c.offers == point.offers)
    # Two offers of 30 % each reach twice the customers of one, whether or not customers differ.
    reach = (
        "Under limits some of this may come from reaching more customers, not from telling them "
        "apart.",
    )
    return (
        f"A menu of {point.offers} beats every single offer on customers it was not chosen on: "
        f"t = {found.t:.2f} against the hardest, where {found.critical:.2f} was needed.",
        _why_this_size(point.offers, case),
        *(reach if case.limited else ()),
    )


def _why_this_size(offers: int, case: Case) -> str:
    if case.slack == 0:
        return f"{offers} has the best net value of the menus that do: the preset asks for it."
    errors = "one standard error" if case.slack == 1 else f"{case.slack:g} standard errors"
    said = f"{offers} is the smallest menu within {errors} of the best net value"
    if case.cost_weight == 1:
        return f"{said}."
    return f"{said}, costs counted {case.cost_weight:g} times over: the preset asks for it."


def _why_not(held: list[Challenge]) -> str:
    if not held:
        return "The log has no menu of two or more offers to try."
    best = max(held, key=lambda c: c.t)
    if np.isneginf(best.t):
        return "Every menu of two or more offers ends up giving everybody the same offer."
    if best.t <= best.critical:
        return (
            f"No menu of two or more offers beats every single offer beyond chance: the best "
            f"(of {best.offers}) has t = {best.t:.2f}, and {best.critical:.2f} is needed."
        )
    if not best.enough:
        return (
            f"The menu of {best.offers} differs from a single offer for fewer than "
            f"{LEAST_CLUSTERS} clusters per arm: too few to be evidence."
        )
    return (
        f"The lead of the menu of {best.offers} rests on a few very large rows: with the profit "
        "winsorised it is gone."
    )


def _one_offer_reasons(
    name: str, held: list[Challenge], *, limited: bool = False
) -> tuple[str, ...]:
    if limited:
        first = f"Give {name} as far as the limits let you: it is the best single offer under them."
        return (first, _why_not(held))
    return (f"Give everybody {name}: it is the best single offer.", _why_not(held))


def _no_offer_reasons(
    experiment: Experiment, name: str, lead: Estimate, held: list[Challenge]
) -> tuple[str, ...]:
    if lead.se == 0:
        return (f"{name} is the best there is: no offer tried beats it.", _why_not(held))
    return (
        f"Even the best single offer, {name}, is not shown to beat no offer: its lead is "
        f"{lead.value:.3f} {experiment.currency} per customer ({lead.lo:.3f} to {lead.hi:.3f}).",
        _why_not(held),
    )
