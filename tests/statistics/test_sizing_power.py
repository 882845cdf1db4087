"""Experiments of the promised size see what was promised, and nothing where nothing is.

The full study is studies/sizing.py; here few draws, with tolerances of four standard errors.
"""

from __future__ import annotations

import numpy as np

from handful.brief.size import SizeSpec
from handful.effects.crossfit import open_workshop
from handful.effects.folds import make_folds
from handful.effects.heterogeneity import measure_heterogeneity
from handful.sizing.facts import make_facts
from handful.sizing.noise import equal_shares
from handful.sizing.questions import answer
from handful.sizing.records import Facts
from handful.sizing.world import World, draw_world

RUNS = 60
SPEC = SizeSpec(sd=1.0, gain=0.4, features=4)


def found_to_differ(facts: Facts, rows: int, spread: float) -> float:
    """Share of experiments in which the heterogeneity test falls below 0.05."""
    shares = (1 / 3, 1 / 3, 1 / 3)
    world = World(facts.offers, shares, (0.0, 0.4, 0.0), (0.0, spread, 0.0), 0.0, 1.0, features=4)
    hits = 0
    for seed in range(RUNS):
        log = draw_world(world, rows, seed).experiment
        fold = make_folds(log.cluster, 5, np.random.default_rng(seed))
        shop = open_workshop(log, fold, learn_rows=100_000, random_state=seed)
        test = measure_heterogeneity(shop)
        hits += test.p_value is not None and test.p_value < 0.05
    return hits / RUNS


def test_heterogeneity_is_seen_as_often_as_promised() -> None:
    facts = make_facts(SPEC, ("none", "a", "b"), None, None)
    need = answer(facts, equal_shares(3), 0.8, None)[1]
    assert need.rows is not None
    seen = found_to_differ(facts, need.rows, facts.spread)
    # 75 to 85 % were promised; four standard errors of 60 draws are 21 points.
    assert abs(seen - 0.8) < 0.05 + 4 * np.sqrt(0.8 * 0.2 / RUNS)


def test_heterogeneity_is_not_seen_where_there_is_none() -> None:
    facts = make_facts(SPEC, ("none", "a", "b"), None, None)
    seen = found_to_differ(facts, 800, 0.0)
    assert seen < 0.05 + 4 * np.sqrt(0.05 * 0.95 / RUNS)


def test_the_lead_is_seen_as_often_as_promised() -> None:
    """A plain two-sample comparison, by arm means, sees at least what the verdict's rule does."""
    facts = make_facts(SPEC, ("none", "mail"), None, None)
    need = answer(facts, equal_shares(2), 0.8, None)[0]
    assert need.rows is not None
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(2_000):
        offer = rng.random(need.rows) < 0.5
        profit = 0.4 * offer + rng.standard_normal(need.rows)
        lead = profit[offer].mean() - profit[~offer].mean()
        told += lead > 1.96 * np.sqrt(1 / offer.sum() + 1 / (~offer).sum())
    assert 0.78 < told / 2_000 < 0.87
