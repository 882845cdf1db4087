"""What coverage costs: held-out profit of a menu as the floor on coverage rises.

Every floor is a limit of the allocation, met by its price; customers are decided for by models that
never saw them, fold by fold. Cost: J allocations a floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.effects.crossfit import CrossFit
from handful.effects.scores import close_cells
from handful.errors import BriefError
from handful.evidence.contrasts import Group, group_means
from handful.evidence.coverage_records import CurvePoint
from handful.evidence.limit_records import LimitRule, LimitTerms
from handful.evidence.limits import codes_by_fold
from handful.evidence.records import Estimate
from handful.evidence.terms import Terms
from handful.evidence.variety import population
from handful.experiment.records import Experiment
from handful.notation import IntArray

FLOORS: Final = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
RULE: Final = "coverage_floor"


@dataclass(frozen=True, slots=True)
class CurveCase:
    """A menu whose coverage is turned up.

    Attributes:
        experiment, fit, terms: the log, the first split, limits and fallbacks.
        menu: codes of the offers that may be given besides the base.
        acceptable: codes that count.
        base: what whoever is left out gets.
        seed: of the bands.
    """

    experiment: Experiment
    fit: CrossFit
    terms: Terms
    menu: tuple[int, ...]
    acceptable: tuple[int, ...]
    base: int
    seed: int


def coverage_curve(case: CurveCase, floors: Sequence[float]) -> tuple[CurvePoint, ...]:
    """Return the curve by rising floor; floors that bind nowhere or cannot be met are left out.

    Args:
        case: the menu.
        floors: shares of the customers, besides those of FLOORS.

    Cost: J allocations a floor.
    """
    free = _codes(case, 0.0)
    if free is None:
        return ()
    has = float(np.isin(free, case.acceptable).mean())
    tried = [(floor, _codes(case, floor)) for floor in sorted({*FLOORS, *floors}) if floor > has]
    kept = [(0.0, free), *((floor, given) for floor, given in tried if given is not None)]
    at = np.arange(case.experiment.n_rows)
    cells, fallback = case.experiment.open_cells, case.terms.fallback
    scores = close_cells(case.fit.scores, cells, fallback)
    claims = close_cells(case.fit.predicted, cells, fallback)
    everybody = np.ones(len(at), dtype=np.bool_)
    values = [Group(everybody, scores[at, given]) for _, given in kept]
    costs = [Group(everybody, values[0].values - one.values) for one in values]
    cluster = case.experiment.cluster
    worth, lost = (group_means(groups, cluster, case.seed) for groups in (values, costs))
    return tuple(
        CurvePoint(
            floor=floor,
            coverage=float(np.isin(given, case.acceptable).mean()),
            value=_known(value),
            cost=_known(cost),
            claimed=float(claims[at, given].mean()),
        )
        for (floor, given), value, cost in zip(kept, worth, lost, strict=True)
    )


def _known(estimate: Estimate | None) -> Estimate:
    if estimate is None:
        raise ValueError("a mean over all rows is always known")
    return estimate


def _codes(case: CurveCase, floor: float) -> IntArray | None:
    """Return (n,) what the rows get at a floor; None where it cannot be met."""
    known = case.terms.limits
    rules = () if known is None else tuple(r for r in known.rules if not _is_floor(r))
    people = population(case.experiment) if known is None else known.population
    rule = LimitRule(RULE, low=floor, offers=case.acceptable, share=True)
    limits = LimitTerms((*rules, rule), people, case.base, inward=False)
    menu = tuple(g for g in case.menu if g != case.base)
    try:
        return codes_by_fold(case.experiment, case.fit, menu, limits, case.terms.fallback)
    except BriefError:
        return None


def _is_floor(rule: LimitRule) -> bool:
    return rule.name == RULE or rule.name.startswith(f"{RULE}.")
