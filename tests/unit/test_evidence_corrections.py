"""The noise of a choice that nearly ties, and the winner's curse of an announced plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from handful.evidence.announcing import make_rule, with_correction
from handful.evidence.curse import Rule, announced, curse
from handful.evidence.instability import choice_noise, with_choice_noise
from handful.evidence.ledger import Means
from handful.evidence.records import Estimate, FrontierPoint
from handful.evidence.terms import make_terms
from handful.evidence.verdict import Case, challenges, decide
from made_experiment import made_experiment

LOG = made_experiment(1200, offers=3, control=0)
STILL = Estimate(0.0, 0.0, 0.0, 0.0)
COLUMNS = (
    "no_offer", "best_single", "menu:2", "menu:3", "single:0", "single:1", "single:2",
)  # fmt: skip


def _point(offers: int, value: float, cost: float) -> FrontierPoint:
    menu = ("A", "B", "C")[:offers]
    net = value - cost
    return FrontierPoint(offers, menu, value, 0.1, value, value, STILL, None, value, 0.0, cost, net)


def _case(values, se: float = 0.1, cost: float = 0.0) -> Case:
    means = Means(COLUMNS, np.array(values), np.eye(len(COLUMNS)) * se**2, 1000)
    half = np.where(np.arange(LOG.n_rows) % 2 == 0, 1, 2)
    frontier = tuple(_point(k, values[k], cost * k) for k in (2, 3))
    return Case(
        means=means,
        clipped=None,
        codes={"menu:2": half, "menu:3": half},
        frontier=frontier,
        setup=(0.0, cost, cost),
        allowed=(0, 1, 2),
        single=int(np.argmax(np.array(values[4:]) - (0.0, cost, cost))),
        fallback=np.zeros(LOG.n_rows, np.int64),
    )


def test_the_rule_as_arithmetic_is_the_verdict() -> None:
    """120 made ledgers: what the arithmetic announces is what the verdict says."""
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(120):
        singles = rng.normal(0.3, 0.3, size=3)
        menus = singles.max() + rng.uniform(-0.2, 0.8, size=2)
        values = [singles[0], singles.max(), *menus, *singles]
        case = _case(values, cost=float(rng.choice([0.0, 0.1])))
        held = challenges(LOG, case, 0)
        verdict = decide(LOG, case, held, 0)
        rule = make_rule(case, held)
        found = int(announced(rule, rule.value[None, :])[0])
        if case.single == 0:  # the control is the best single offer
            assert verdict.kind in {"no_offer", "handful"}
        expected = {"handful": verdict.offers - 2, "one_offer": -1, "no_offer": -2}[verdict.kind]
        assert found == expected
        seen.add(expected)
    assert seen == {0, 1, -1, -2}


def _rule(lead: float) -> Rule:
    case = _case([0.0, 1.0, 1.0 + lead, 0.5, 0.0, 1.0, 0.0])
    return make_rule(case, challenges(LOG, case, 0))


def test_a_clear_winner_is_not_cursed_and_a_narrow_one_is() -> None:
    clear, narrow = curse(_rule(3.0), 0), curse(_rule(0.36), 0)
    assert clear == pytest.approx(0.0, abs=0.02)
    assert narrow is not None
    assert 0.03 < narrow < 0.36


def test_the_curse_is_the_mean_of_a_cut_off_normal() -> None:
    """One single offer against no offer: announced when the lead L exceeds a = 1.96 s.

    E[L - m | L > a] = s phi(z) / (1 - Phi(z)), z = (a - m) / s, and m is the lead less the curse.
    """
    case = _case([0.0, 0.6, 0.0, 0.0, 0.0, 0.6, 0.0], se=0.2)
    rule = make_rule(case, challenges(LOG, case, 0))
    spread = float(np.sqrt(2) * 0.2)
    expected = 0.0
    for _ in range(3):
        z = (rule.lead_critical * spread - (0.6 - expected)) / spread
        expected = spread * norm.pdf(z) / norm.sf(z)
    assert announced(rule, rule.value[None, :])[0] == -1
    assert curse(rule, 0) == pytest.approx(expected, abs=0.03)


def test_nothing_announced_is_nothing_to_correct() -> None:
    case = _case([0.0, 0.1, 0.1, 0.1, 0.0, 0.1, 0.0])
    held = challenges(LOG, case, 0)
    verdict = decide(LOG, case, held, 0)
    assert verdict.kind == "no_offer"
    assert with_correction(verdict, case, held, 0) == verdict
    assert curse(make_rule(case, held), 0) == 0.0


def test_the_correction_stands_beside_the_plain_gain() -> None:
    case = _case([0.0, 1.0, 1.4, 0.5, 0.0, 1.0, 0.0])
    held = challenges(LOG, case, 0)
    plain = decide(LOG, case, held, 0)
    found = with_correction(plain, case, held, 0)
    assert found.gain is not None
    assert plain.gain is not None
    assert replace(found.gain, corrected=None) == replace(plain.gain, corrected=None)
    assert found.gain.corrected is not None
    assert 0 < found.gain.corrected < found.gain.total.value


@pytest.mark.parametrize("value", [[0.0, 0.0], [0.0, 0.5], [0.0, 0.0, 0.0, 0.3]])
def test_the_noise_of_choosing_is_what_whole_experiments_show(value) -> None:
    """Variance of the cross-fitted best choice over 20,000 made experiments, less the naive one."""
    folds, value = 5, np.array(value)
    offers = len(value)
    rng = np.random.default_rng(1)
    fold_means = value + np.sqrt(folds) * rng.standard_normal((20_000, folds, offers))
    total = fold_means.sum(axis=1, keepdims=True)
    chosen = ((total - fold_means) / (folds - 1)).argmax(axis=2)
    picked = np.take_along_axis(fold_means, chosen[:, :, None], 2)[:, :, 0].mean(axis=1)
    truth = value[chosen].mean(axis=1)
    expected = np.mean((picked - truth) ** 2) - 1.0
    found = choice_noise(value, np.eye(offers), folds, 0)
    assert found == pytest.approx(max(expected, 0.0), abs=0.12)
    assert found > 0.1


def test_policies_carry_that_noise_as_far_as_they_follow_the_best_single_offer() -> None:
    names = ("no_offer", "best_single", "menu:2", "single:0", "single:1", "single:2")
    plain = Means(names, np.zeros(6), np.eye(6), 100)
    n = LOG.n_rows
    best = np.ones(n, dtype=np.int64)
    half = np.where(np.arange(n) % 2 == 0, 1, 2)
    codes = {"no_offer": best, "best_single": best, "menu:2": half}
    found = with_choice_noise(plain, make_terms(LOG, max_offers=2), 5, codes, 0)
    extra = choice_noise(np.zeros(3), np.eye(3), 5, 0)
    added = found.covariance - plain.covariance
    assert added[1, 1] == pytest.approx(extra)
    assert added[2, 2] == pytest.approx(extra / 4)
    assert added[1, 2] == pytest.approx(extra / 2)
    assert not added[[0, 3, 4, 5]].any()
    assert np.array_equal(found.value, plain.value)
