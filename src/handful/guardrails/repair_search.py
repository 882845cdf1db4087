"""Find the cheapest repair of a finished policy, and what every tighter or looser bound would cost.

Tested are the offers the final model gives the log's customers; valued are the offers that models
without a customer's fold would give, by scores held out. Cost: see `repair`; a pass of the log and
two predictions of it for each menu.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.stats import norm

from handful.effects.predict import predict_profit
from handful.effects.scores import close_cells
from handful.evidence.records import Estimate
from handful.evidence.ruling import rule_out_of_fold
from handful.experiment.records import Experiment
from handful.guardrails.disclosure_limits import shown_within
from handful.guardrails.disclosure_panels import panels_for
from handful.guardrails.repair import FACTORS, Candidate, Option, cheapest, menus_within
from handful.guardrails.repair_chance import tightened
from handful.guardrails.repair_records import CurvePoint, Repair, RepairCase
from handful.notation import FloatArray, IntArray
from handful.policy.policy import assign_codes
from handful.policy.records import Chance

Z95 = float(norm.ppf(0.975))


def find_repair(case: RepairCase) -> Repair | None:
    """Return the cheapest repair of a plan that is not shown to tell little enough.

    Args:
        case: the plan.

    Returns:
        The repair; None where every limit is within its bound already.

    Cost: see the module.
    """
    own = case.decide(case.policy)
    panels = panels_for(case.experiment, own, case.asked)
    if all(shown_within(p.ratio(None), p.bound)[p.sight.tested].all() for p in panels):
        return None
    values = _give_all(case)
    candidates = _candidates(case, own)
    before = _column(case, case.policy.menu, None)
    options = {factor: cheapest(candidates, values, factor) for factor in FACTORS}
    curve = {
        factor: _point(case, option, factor, before)
        for factor, option in options.items()
        if option is not None
    }
    chosen = options[1.0]
    return Repair(
        menu=case.policy.menu if chosen is None else chosen.menu,
        chance=None if chosen is None else chance_of(chosen, salt_of(case.experiment, case.seed)),
        point=curve.get(1.0),
        curve=tuple(curve.values()),
        before=_estimate(before, case.experiment.cluster),
    )


def chance_of(option: Option, salt: str) -> Chance | None:
    """Return what an option leaves to chance; None where it leaves nothing."""
    offers = np.flatnonzero(option.drawn)
    if not offers.size:
        return None
    return Chance(tuple(offers.tolist()), tuple(option.drawn[offers].tolist()), salt)


def salt_of(experiment: Experiment, seed: int) -> str:
    """Return a salt that only the holder of the log can make: the same log and seed, the same."""
    digest = hashlib.sha256(f"handful draw {seed}:".encode())
    digest.update(np.ascontiguousarray(experiment.profit).tobytes())
    digest.update(np.ascontiguousarray(experiment.offer).tobytes())
    return digest.hexdigest()[:32]


def _candidates(case: RepairCase, first: IntArray) -> tuple[Candidate, ...]:
    """Lay out every menu that could be run instead; a rule is kept whole or given up."""
    menus = menus_within(case.policy.menu, case.terms.always)
    if case.policy.rule is not None:
        menus = tuple(menu for menu in menus if menu == case.policy.menu or len(menu) == 1)
    experiment, terms = case.experiment, case.terms
    rows = np.arange(experiment.n_rows)
    kept = close_cells(case.fit.predicted, experiment.open_cells, terms.fallback)
    everywhere = experiment.design.support.all(axis=0)
    tried = sum(len(menu) > 1 for menu in menus)
    given_by = _offers_by(case)
    found = []
    for menu in menus:
        own = first if menu == case.policy.menu else given_by(menu)
        given = np.bincount(own, minlength=experiment.n_offers) > 0
        found.append(
            Candidate(
                menu=menu,
                panels=panels_for(experiment, own, case.asked, max(tried, 1)),
                value=float(kept[rows, held_codes(case, menu)].mean()),
                setup=float(terms.setup[list(menu)].sum()),
                drawable=given & everywhere & case.free,
            )
        )
    return tuple(found)


def _offers_by(case: RepairCase) -> Callable[[tuple[int, ...]], IntArray]:
    """Return what gives the log's customers their offers under another menu."""
    experiment, policy = case.experiment, case.policy
    if not case.free:
        return lambda menu: case.decide(replace(policy, menu=menu, rule=None))
    final = predict_profit(policy.model, experiment.features)
    fallback = policy.fallback[experiment.stratum]
    return lambda menu: assign_codes(final, menu, experiment.open_cells, fallback)


def _give_all(case: RepairCase) -> FloatArray:
    """Return (G,) predicted profit of giving an offer to everybody it is open to."""
    cells = case.experiment.open_cells
    closed = close_cells(case.fit.predicted, cells, case.terms.fallback)
    found: FloatArray = closed.mean(axis=0)
    return found


def held_codes(case: RepairCase, menu: tuple[int, ...]) -> IntArray:
    """Return (n,) what models that never saw a row's fold give it from a menu."""
    experiment, terms = case.experiment, case.terms
    if case.policy.rule is not None and len(menu) > 1:
        return rule_out_of_fold(experiment, case.fit, terms, menu, case.seed)
    return assign_codes(case.fit.predicted, menu, experiment.open_cells, terms.fallback)


def _column(case: RepairCase, menu: tuple[int, ...], option: Option | None) -> FloatArray:
    """Return (n,) held-out scores of the plan on a menu, chance mixed in, net of set-up."""
    experiment, terms = case.experiment, case.terms
    scores = close_cells(case.fit.scores, experiment.open_cells, terms.fallback)
    chosen: FloatArray = scores[np.arange(experiment.n_rows), held_codes(case, menu)]
    if option is not None:
        chosen = option.keep * chosen + scores @ option.drawn
    return chosen - float(terms.setup[list(menu)].sum())


def _point(case: RepairCase, option: Option, factor: float, before: FloatArray) -> CurvePoint:
    names, cluster = case.experiment.offers, case.experiment.cluster
    shares = option.drawn
    column = _column(case, option.menu, option)
    return CurvePoint(
        factor=factor,
        shared=tightened(case.asked.disclosure_shared, factor),
        private=tightened(case.asked.disclosure_private, factor),
        menu=tuple(names[g] for g in option.menu),
        keep=option.keep,
        drawn=tuple((names[g], float(shares[g])) for g in np.flatnonzero(shares)),
        changed=float(shares.sum() - shares[held_codes(case, option.menu)].mean()),
        value=_estimate(column, cluster),
        cost=_estimate(before - column, cluster),
    )


def _estimate(column: FloatArray, cluster: IntArray) -> Estimate:
    """Return a mean with its 95 % interval, robust to clusters."""
    mean = float(column.mean())
    sums = np.bincount(cluster, column - mean)
    se = float(np.sqrt(np.sum(sums**2) * sums.size / max(sums.size - 1, 1))) / column.size
    return Estimate(mean, se, mean - Z95 * se, mean + Z95 * se)
