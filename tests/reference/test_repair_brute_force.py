"""The repair against fine grids of chance over every smaller menu: it never costs more."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from handful.brief.guardrails import GuardrailsSpec
from handful.guardrails.disclosure_cells import Draw, panels_of
from handful.guardrails.disclosure_limits import shown_within
from handful.guardrails.disclosure_sights import sights_of
from handful.guardrails.disclosure_traits import Trait
from handful.guardrails.repair import Candidate, cheapest, menus_within

OFFERS = ("a", "b", "c")
N = 4_000
STEP = 0.02


def instance(seed, channels):
    """Customers of five kinds with their own profits; the trait follows the kind."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 5, N)
    profit = rng.normal(1.0, 0.4, (5, 3))[kind]
    holds = rng.random(N) < rng.uniform(0.1, 0.5, 5)[kind]
    second = rng.random(N) < rng.uniform(0.2, 0.4, 5)[kind]
    known = np.ones(N, dtype=bool)
    traits = (Trait("s", "s", holds, known), Trait("t", "t", second, known))
    asked = GuardrailsSpec(channels=channels)
    menus = menus_within((0, 1, 2), ())
    candidates = []
    for menu in menus:
        own = np.array(menu)[profit[:, menu].argmax(axis=1)]
        counts = np.bincount(own, minlength=3)
        sights = sights_of(OFFERS, None, counts, asked)
        bounds = {(t.attribute, s): b for t in traits for s, b in ((True, 1.25), (False, 2.0))}
        panels = panels_of(traits, sights, own, np.arange(N), bounds, plans=4)
        value = profit[np.arange(N), own].mean()
        candidates.append(Candidate(menu, panels, float(value), 0.01 * len(menu), counts > 0))
    return candidates, profit.mean(axis=0)


def passes(candidate, odds, factor):
    keep = 1 / (1 + odds.sum())
    draw = Draw(keep, odds * keep)
    return all(
        shown_within(panel.ratio(draw), panel.bound**factor)[panel.sight.tested].all()
        for panel in candidate.panels
    )


def brute(candidates, values, factor):
    best = -np.inf
    grid = np.arange(0.0, 1.0, STEP)
    for candidate in candidates:
        for drawn in product(*(grid if d else (0.0,) for d in candidate.drawable)):
            total = sum(drawn)
            if total >= 1:
                continue
            value = (1 - total) * candidate.value + np.array(drawn) @ values - candidate.setup
            odds = np.array(drawn) / (1 - total)
            if value > best and passes(candidate, odds, factor):
                best = value
    return best


CHANNELS = (
    {},
    {"a": "post", "b": "app", "c": "app"},
    {"a": "app", "b": "app", "c": "app"},
)


@pytest.mark.parametrize("seed", range(6))
def test_no_grid_of_chance_and_menus_costs_less(seed):
    candidates, values = instance(seed, CHANNELS[seed % 3])
    factor = (1.0, 2.0)[seed % 2]
    found = cheapest(candidates, values, factor)
    whole = next(c for c in candidates if c.menu == found.menu)
    assert passes(whole, found.odds, factor + 1e-6)
    plain = candidates[0].value - candidates[0].setup
    assert plain - found.value <= 1.01 * (plain - brute(candidates, values, factor)) + 1e-9


def test_looser_bounds_never_earn_less():
    for seed in range(6):
        candidates, values = instance(seed, CHANNELS[seed % 3])
        earned = [cheapest(candidates, values, f).value for f in (0.25, 0.5, 1.0, 2.0, 4.0)]
        assert all(b >= a - 1e-12 for a, b in pairwise(earned))


def test_the_mended_plan_keeps_its_word_in_truth():
    """Limits come from one sample, the choice among menus too; the truth is counted on another."""
    broken = 0
    for seed in range(200):
        found = cheapest(*instance(seed, {}))
        broken += true_ratio(seed, found) > 1.25
    assert broken / 200 <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)


def true_ratio(seed, option):
    """Largest likelihood ratio of the mended plan in the population that the sample is from."""
    rng = np.random.default_rng(seed)
    rng.integers(0, 5, N)
    profit = rng.normal(1.0, 0.4, (5, 3))
    rng.random(N)
    first = rng.uniform(0.1, 0.5, 5)
    rng.random(N)
    second = rng.uniform(0.2, 0.4, 5)
    given = np.array(option.menu)[profit[:, option.menu].argmax(axis=1)]
    shares = option.keep * np.eye(3)[given] + option.drawn
    ratios = []
    for rate in (first, second):
        with_trait = (rate @ shares) / rate.sum()
        without = ((1 - rate) @ shares) / (1 - rate).sum()
        seen = with_trait + without > 0
        ratios.append(np.exp(np.abs(np.log(with_trait[seen] / without[seen])).max()))
    return max(ratios)


def test_nothing_is_changed_where_nothing_leaks():
    candidates, values = instance(0, {})
    clean = [Candidate(c.menu, (), c.value, c.setup, c.drawable) for c in candidates]
    found = cheapest(clean, values)
    assert found.keep == 1.0
    assert found.value == max(c.value - c.setup for c in clean)


def test_offers_that_must_stay_stay():
    assert menus_within((2, 5, 7), (5, 7)) == ((2, 5, 7), (5, 7))


def test_many_offers_are_tried_from_both_ends():
    menus = menus_within(range(12), ())
    assert {len(menu) for menu in menus} == {12, 11, 10, 2, 1}
