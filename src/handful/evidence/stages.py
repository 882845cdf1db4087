"""The stages of personalising: what each computes to, what it costs, and its two names.

e = exp(-sum_g q_g log q_g), the effective number of groups treated alike: q_g is the share of
customers who get offer g, out of fold; the geometric mean over folds. One-to-one treats nobody
alike: e is the number of customers. `stage` is named by e, `depth` by the share of one-to-one's
gain that is kept. Two efficiencies, since they disagree: decisions per unit of money (operating),
and what personalising gains over one offer, net, per unit of money (value). Cost O(K n + M^2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.brief.stages import StagesSpec
from handful.evidence.bands import Family, difference_rows, make_family
from handful.evidence.evidence import Evidence
from handful.evidence.ledger import Means
from handful.evidence.names import BEST_SINGLE, NO_OFFER, ONE_TO_ONE, menu_name
from handful.evidence.ratios import gain_ratio, together
from handful.evidence.records import Estimate, FrontierPoint
from handful.evidence.stage_records import Depth, Marginal, Stage, StageName
from handful.evidence.terms import Terms
from handful.evidence.variety import holding_cost, single_costs
from handful.evidence.verdict import AS_LOGGED
from handful.notation import FloatArray, IntArray

NOTHING: Final = Estimate(0.0, 0.0, 0.0, 0.0)
WHOLE: Final = Estimate(1.0, 0.0, 1.0, 1.0)


def effective_number(shares: FloatArray | Sequence[float]) -> float:
    """Return exp(entropy) of some shares: how many groups of equal size would be as mixed.

    Example:
        >>> round(effective_number([0.5, 0.5]), 6), effective_number([1.0, 0.0])
        (2.0, 1.0)
    """
    found = np.asarray(shares, dtype=np.float64)
    used = found[found > 0] / found.sum()
    return float(np.exp(-np.sum(used * np.log(used))))


def name_stage(effective: float, spec: StagesSpec) -> StageName:
    """Name a stage by the effective number of groups treated alike.

    Example:
        >>> name_stage(1.0, StagesSpec()), name_stage(5.0, StagesSpec())
        ('one-to-all', 'one-to-few')
    """
    if effective < spec.one_to_many:
        return "one-to-all"
    if effective < spec.one_to_few:
        return "one-to-many"
    return "one-to-few" if effective < spec.one_to_one else "one-to-one"


def name_depth(effective: float, retained: float | None, spec: StagesSpec) -> Depth:
    """Name a stage by the share of one-to-one's gain it keeps; by its stage where that is unknown.

    Example:
        >>> name_depth(5.0, 0.97, StagesSpec()), name_depth(5.0, None, StagesSpec())
        ('highly personalised', 'customised')
    """
    stage = name_stage(effective, spec)
    if stage == "one-to-all":
        return "standardised"
    if retained is None:
        by_stage: dict[StageName, Depth] = {
            "one-to-many": "generic",
            "one-to-few": "customised",
            "one-to-one": "highly personalised",
        }
        return by_stage[stage]
    if retained < spec.customised:
        return "generic"
    return "customised" if retained < spec.highly_personalised else "highly personalised"


@dataclass(frozen=True, slots=True)
class StageCase:
    """What the stages are made from.

    Attributes:
        evidence: with the ledger's means and the decisions out of fold.
        terms: with the costs.
        spec: the [stages] table.
        own_offer: money for making one customer an offer of their own.
        customers: of one campaign.
    """

    evidence: Evidence
    terms: Terms
    spec: StagesSpec
    own_offer: float
    customers: float


def make_stages(means: Means, case: StageCase, seed: int) -> tuple[Stage, ...]:
    """Place no offer, every menu and one-to-one.

    Args:
        means: the ledger's.
        case: evidence, costs and thresholds.
        seed: of the bands.

    Returns:
        The stages, from no offer to one-to-one; gains have simultaneous bands.

    Cost: O(K n + draws K^2).
    """
    points = case.evidence.frontier
    names = [*(menu_name(point.offers) for point in points), ONE_TO_ONE]
    over_base = make_family(
        means, difference_rows(means, [(n, base_of(means)) for n in names]), seed
    )
    over_single = make_family(
        means, difference_rows(means, [(n, BEST_SINGLE) for n in names]), seed
    )
    critical = together(sum(point.offers >= 2 for point in points))
    stages = [_nothing(case)] if base_of(means) == NO_OFFER else []
    for at, point in enumerate(points):
        gains = (over_base.estimate(at), over_single.estimate(at))
        kept = _kept(means, menu_name(point.offers), critical)
        stages.append(_menu_stage(case, point, gains, kept))
    gains = (over_base.estimate(len(points)), over_single.estimate(len(points)))
    return (*stages, _one_to_one(case, gains, _kept(means, ONE_TO_ONE, critical)))


def _leads(means: Means, names: Sequence[str], over: str, seed: int) -> Family:
    return make_family(means, difference_rows(means, [(name, over) for name in names]), seed)


def base_of(means: Means) -> str:
    """Return the column that gains are counted from."""
    return NO_OFFER if NO_OFFER in means.names else AS_LOGGED


def _kept(means: Means, name: str, critical: float) -> Estimate | None:
    """Return the share of one-to-one's gain over the best single offer that a policy keeps."""
    whole = (ONE_TO_ONE, BEST_SINGLE)
    found = gain_ratio(means, (name, BEST_SINGLE), whole, critical)
    return found if found is None or name != ONE_TO_ONE else WHOLE


def _nothing(case: StageCase) -> Stage:
    known = case.evidence.references.no_offer
    return Stage(
        name="no offer",
        offers=0,
        menu=() if known is None or known.offer is None else (known.offer,),
        effective=0.0,
        retained=None,
        gain=NOTHING,
        cost=0.0,
        net_gain=NOTHING,
        operating_efficiency=None,
        value_efficiency=None,
        stage="one-to-all",
        depth="standardised",
    )


def _menu_stage(
    case: StageCase,
    point: FrontierPoint,
    gains: tuple[Estimate, Estimate],
    kept: Estimate | None,
) -> Stage:
    given = case.evidence.codes[menu_name(point.offers)]
    effective = min(by_fold(given, case.evidence.first.fold), float(point.offers))
    name = f"{point.offers} offer{'' if point.offers == 1 else 's'}"
    return priced_stage(
        case, (name, point.offers, point.menu), effective, gains, (point.cost, kept)
    )


def _one_to_one(case: StageCase, gains: tuple[Estimate, Estimate], kept: Estimate | None) -> Stage:
    """Price one-to-one: every offer in use, stock, deciding, and making each where that is told."""
    given, terms = case.evidence.codes[ONE_TO_ONE], case.terms
    used = np.unique(given)
    # Points that a fold alone polished are not among the plan's offers; all points cost the same.
    priced = np.minimum(given, len(terms.setup) - 1)
    stock = holding_cost(priced, np.unique(priced).tolist(), terms)
    setup = float(terms.setup[np.minimum(used, len(terms.setup) - 1)].sum())
    cost = setup + stock + terms.running + case.own_offer
    known = ("one-to-one", len(used), ())
    return priced_stage(case, known, case.customers, gains, (cost, kept))


def priced_stage(
    case: StageCase,
    known: tuple[str, int, tuple[str, ...]],
    effective: float,
    gains: tuple[Estimate, Estimate],
    cost_and_kept: tuple[float, Estimate | None],
) -> Stage:
    """Return a stage named by what it computes to.

    Args:
        case: costs and thresholds.
        known: its name, how many offers are in use, and their names.
        effective: number of groups treated alike.
        gains: over the base, and over the best single offer.
        cost_and_kept: of running it, and the share of one-to-one's gain that it keeps.

    Cost: O(1).
    """
    over_base, over_single = gains
    cost, kept = cost_and_kept
    alone = float(single_costs(case.terms)[case.evidence.single])
    net = shifted(over_single, cost - alone)
    return Stage(
        name=known[0],
        offers=known[1],
        menu=known[2],
        effective=effective,
        retained=kept,
        gain=over_base,
        cost=cost,
        net_gain=shifted(over_base, cost),
        operating_efficiency=1.0 / cost if cost > 0 else None,
        value_efficiency=_scaled(net, 1.0 / cost) if cost > 0 else None,
        stage=name_stage(effective, case.spec),
        depth=name_depth(effective, None if kept is None else kept.value, case.spec),
    )


def shifted(found: Estimate, cost: float) -> Estimate:
    """Return an estimate less a known sum."""
    return Estimate(found.value - cost, found.se, found.lo - cost, found.hi - cost)


def _scaled(found: Estimate, by: float) -> Estimate:
    return Estimate(found.value * by, found.se * by, found.lo * by, found.hi * by)


def by_fold(given: IntArray, fold: IntArray) -> float:
    """Return the effective number of offers within folds, each of which has a menu of its own.

    Cost: O(n).
    """
    parts = [given[fold == j] for j in range(int(fold.max()) + 1)]
    counts = [np.bincount(part).astype(np.float64) for part in parts if len(part)]
    logs = [np.log(effective_number(count)) for count in counts]
    return float(np.exp(np.average(logs, weights=[count.sum() for count in counts])))


def marginals(means: Means, points: Sequence[FrontierPoint], seed: int) -> tuple[Marginal, ...]:
    """Return what each further offer is worth over the menu before it, all bands together.

    The first is counted over no offer, or over the offers as they were given.

    Cost: O(K M^2 + draws K^2).
    """
    names = [base_of(means), *(menu_name(point.offers) for point in points)]
    pairs = list(zip(names[1:], names[:-1], strict=True))
    family: Family = make_family(means, difference_rows(means, pairs), seed)
    costs = [0.0, *(point.cost for point in points)]
    found = []
    for at, point in enumerate(points):
        more = costs[at + 1] - costs[at]
        worth = family.estimate(at)
        found.append(Marginal(point.offers, worth, more, shifted(worth, more)))
    return tuple(found)


def first_unpaid(steps: Sequence[Marginal]) -> int | None:
    """Return the first number of offers whose last one does not pay for itself."""
    return next((step.offers for step in steps if step.net.value <= 0), None)
