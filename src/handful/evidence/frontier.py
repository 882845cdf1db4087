"""From the ledger to the numbers on the page: references, frontier, ladder, tails.

Two families of simultaneous bands: values (references, every menu, every rival) and gains over the
best single offer (every menu of two or more, one-to-one, every rival). Cost O(draws q^2).
"""

from __future__ import annotations

from dataclasses import dataclass

from handful.evidence.bands import Family, difference_rows, make_family, unit_rows
from handful.evidence.ladder import (
    CLUSTERS,
    DIRECT_MAIL,
    ENGAGED,
    KMEANS_EFFECTS,
    KMEANS_FEATURES,
    POLICY_TREE,
)
from handful.evidence.ledger import Means
from handful.evidence.names import BEST_SINGLE, BEYOND, NO_OFFER, ONE_TO_ONE, menu_name
from handful.evidence.records import (
    Estimate,
    FrontierPoint,
    NamedEstimate,
    References,
    Rung,
    Tails,
)
from handful.experiment.tails import HEAVY, TailFacts

ZERO = Estimate(0.0, 0.0, 0.0, 0.0)
RATIO_SE = 2.0
"""A share of one-to-one's gain is shown only where that gain exceeds two standard errors."""

RIVALS = (ENGAGED, DIRECT_MAIL, KMEANS_FEATURES, KMEANS_EFFECTS, POLICY_TREE)
ABSENT = {
    ENGAGED: "the log has no recency or frequency column; name one in evidence.engaged",
    DIRECT_MAIL: "the log has no age, place or income column; name some in evidence.direct_mail",
}


@dataclass(frozen=True, slots=True)
class Values:
    """Every value and every gain over the best single offer, by column name."""

    value: dict[str, Estimate]
    gain: dict[str, Estimate]
    critical: float
    gain_critical: float


@dataclass(frozen=True, slots=True)
class MenuFacts:
    """What is known of the final menu of K besides its held-out value."""

    offers: int
    menu: tuple[str, ...]
    claimed: float
    certified_gap: float | None
    setup_cost: float
    content_cost: float = 0.0
    contents: float = 0.0
    holding_cost: float = 0.0
    running_cost: float = 0.0

    @property
    def cost(self) -> float:
        """What running the menu costs, money per customer."""
        return self.setup_cost + self.content_cost + self.holding_cost + self.running_cost


def shown_names(means: Means) -> list[str]:
    """Return the columns that carry a value on the page (not the single offers one by one)."""
    hidden = ("single:", "node:", BEYOND)
    return [n for n in means.names if not n.startswith(hidden) and n != "as_logged"]


def make_values(means: Means, seed: int) -> Values:
    """Put simultaneous bands on all values and on all gains over the best single offer.

    Cost: O(draws q^2).
    """
    names = shown_names(means)
    values = make_family(means, unit_rows(means, names), seed)
    same = {n for n in (BEST_SINGLE, menu_name(1)) if n in names and _is_best_single(means, n)}
    rivals = [n for n in names if n != NO_OFFER and n not in same]
    gains = make_family(means, difference_rows(means, [(n, BEST_SINGLE) for n in rivals]), seed)
    return Values(
        value=_by_name(names, values),
        gain=_by_name(rivals, gains),
        critical=values.critical,
        gain_critical=gains.critical,
    )


def _is_best_single(means: Means, name: str) -> bool:
    """The menu of one is the best single offer unless the brief names an offer that must stay."""
    return bool(means.value[means.at(name)] == means.value[means.at(BEST_SINGLE)])


def _by_name(names: list[str], family: Family) -> dict[str, Estimate]:
    return {name: family.estimate(at) for at, name in enumerate(names)}


def make_references(values: Values, single: str, control: str | None) -> References:
    """Return the reference lines; `single` names the offer that is best on all rows."""

    def named(name: str, offer: str | None) -> NamedEstimate:
        found = values.value[name]
        return NamedEstimate(found.value, found.se, found.lo, found.hi, offer)

    return References(
        no_offer=named(NO_OFFER, control) if NO_OFFER in values.value else None,
        best_single=named(BEST_SINGLE, single),
        one_to_one=named(ONE_TO_ONE, None),
    )


def make_frontier(values: Values, menus: list[MenuFacts]) -> tuple[FrontierPoint, ...]:
    """Return one point per number of offers."""
    whole = values.gain[ONE_TO_ONE]
    points = []
    for facts in menus:
        found = values.value[menu_name(facts.offers)]
        gain = values.gain.get(menu_name(facts.offers), ZERO)
        points.append(
            FrontierPoint(
                offers=facts.offers,
                menu=facts.menu,
                value=found.value,
                se=found.se,
                lo=found.lo,
                hi=found.hi,
                gain_over_single=gain,
                share_of_one_to_one=_share(gain, whole),
                claimed=facts.claimed,
                certified_gap=facts.certified_gap,
                setup_cost=facts.setup_cost,
                net=found.value - facts.cost,
                content_cost=facts.content_cost,
                contents=facts.contents,
                holding_cost=facts.holding_cost,
                running_cost=facts.running_cost,
            )
        )
    return tuple(points)


def _share(gain: Estimate, whole: Estimate) -> float | None:
    if whole.value <= RATIO_SE * whole.se or whole.value <= 0:
        return None
    return gain.value / whole.value


def make_ladder(values: Values, offers_used: dict[str, int]) -> tuple[Rung, ...]:
    """Return the rivals in order of sophistication, ending with one-to-one."""
    segments = {ENGAGED: 2, KMEANS_FEATURES: CLUSTERS, KMEANS_EFFECTS: CLUSTERS, POLICY_TREE: 4}
    rungs = []
    for name in (*RIVALS, ONE_TO_ONE):
        if name not in values.value:
            rungs.append(Rung(name, None, None, None, None, None, None, None, ABSENT.get(name)))
            continue
        found = values.value[name]
        rungs.append(
            Rung(
                name=name.replace("_", "-"),
                segments=segments.get(name),
                offers=offers_used.get(name),
                value=found.value,
                se=found.se,
                lo=found.lo,
                hi=found.hi,
                gain=values.gain[name],
            )
        )
    return tuple(rungs)


def make_tails(facts: TailFacts, clipped: Means | None, seed: int) -> Tails:
    """Report the tail; where it is heavy, references and menus with the profit winsorised too."""
    if clipped is None:
        return Tails(facts.top_share, HEAVY, heavy=False)
    names = [n for n in shown_names(clipped) if n not in RIVALS]
    family = make_family(clipped, unit_rows(clipped, names), seed)
    estimates = tuple((name, family.estimate(at)) for at, name in enumerate(names))
    return Tails(facts.top_share, HEAVY, True, estimates, facts.limits)
