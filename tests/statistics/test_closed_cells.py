"""Closed cells: strata that try different offers must not look like customers who differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.effects.crossfit import open_workshop
from handful.effects.folds import make_folds
from handful.effects.heterogeneity import measure_heterogeneity
from handful.effects.learn import learn_effects
from handful.effects.predict import predict_profit
from handful.evidence.curse import Rule, announced, curse
from handful.experiment.records import Experiment
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from handful.policy.fallback import fallback_offers
from made_experiment import made_experiment


def closed_log(n: int, seed: int) -> Experiment:
    """Offers 0 and 1 in one stratum, 0 and 2 in the other; profit 3 x z, no offer does anything."""
    rng = np.random.default_rng(seed)
    values = np.asfortranarray(rng.normal(size=(n, 2)))
    stratum = rng.integers(0, 2, n)
    offer = np.where(rng.random(n) < 0.5, 0, 1 + stratum)
    profit = 3 * values[:, 0] * values[:, 1] + rng.normal(size=n)
    log = made_experiment(n, offers=3, offer=offer, profit=profit, stratum=stratum)
    schema = replace(
        log.features.schema, names=("x", "z"), kinds=("number", "number"), levels=((), ())
    )
    shares = np.array([[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]])
    design = replace(log.design, by_stratum=shares, support=shares > 0, received=np.full(n, 0.5))
    return replace(log, features=replace(log.features, schema=schema, values=values), design=design)


def test_strata_with_other_offers_are_not_heterogeneity():
    found = []
    for seed in range(12):
        log = closed_log(2000, seed)
        fold = make_folds(log.cluster, 5, np.random.default_rng(seed))
        shop = open_workshop(log, fold, learn_rows=10_000, random_state=seed)
        found.append(measure_heterogeneity(shop).statistic)
    # the mean of 12 standard normals stays within 4 / sqrt(12)
    assert abs(np.mean(found)) < 4 / np.sqrt(12)


def test_nothing_is_learned_of_an_offer_from_where_it_is_closed():
    log = closed_log(6000, 1)
    predicted = predict_profit(learn_effects(log), log.features)
    assert np.std(predicted[:, 1] - predicted[:, 0]) < 0.2


def test_a_stratum_too_thin_for_any_offer_is_learned_around():
    log = closed_log(1500, 4)
    support = log.design.support.copy()
    support[1] = False
    thin = replace(log, design=replace(log.design, support=support))
    assert np.isfinite(predict_profit(learn_effects(thin), thin.features)).all()


def test_a_log_with_one_offer_to_choose_gets_a_plan():
    log = closed_log(1500, 2)
    asked = PlanSettings(max_offers=1, repetitions=1, ladder=False)
    assert make_plan(log, settings=asked).verdict.offers <= 1


def test_an_offer_never_to_be_used_is_no_fallback_where_another_is_open():
    log = replace(closed_log(1500, 3), control=None)
    assert fallback_offers(log, never=(0,)).tolist()[:2] == [1, 2]
    assert 0 not in fallback_offers(log, never=(0,))


def rule(lead: float) -> Rule:
    """A menu (column 0) against the best single offer (1) and no offer (2)."""
    return Rule(
        value=np.array([lead, 0.0, -5.0, 0.0]),
        covariance=np.diag([1.0, 1e-12, 1e-12, 1e-12]),
        menus=np.array([0]),
        cost=np.zeros(1),
        singles=np.array([3]),
        single_cost=np.zeros(1),
        enough=np.array([True]),
        errors=np.ones((1, 1)),
        paired=np.zeros((1, 1)),
        critical=1.96,
        best=1,
        base=2,
        lead_error=1e-6,
        lead_critical=1.96,
        lead_cost=0.0,
    )


def test_taking_the_curse_off_brings_announced_leads_closer_to_the_truth():
    true, errors = 1.5, []
    for drawn in true + np.random.default_rng(0).normal(size=400):
        found = rule(float(drawn))
        if announced(found, found.value[None, :])[0] == 0:
            off = curse(found, 0)
            errors.append((drawn - true, drawn - (off or 0.0) - true))
    raw, corrected = np.mean(errors, axis=0)
    assert raw > 0.5
    assert abs(corrected) < 0.6 * raw
