"""False alarms of "nobody worse off" stay below what is promised; planted harm is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.effects.scores import doubly_robust
from handful.evidence.worse_off import Comparison, fallen
from made_experiment import made_experiment

REPLICATES, N, OFFERS = 300, 1_200, 4


def _fallen(harm: float, seed: int) -> tuple[int, ...]:
    rng = np.random.default_rng([seed, 1])
    log = made_experiment(N, OFFERS, seed=seed)
    cluster = np.arange(N) // 2
    offer = log.offer[cluster * 2]
    given = rng.integers(1, OFFERS, N)
    shared = rng.normal(size=N // 2)[cluster]
    seen = shared + rng.standard_t(4, N) - np.where((offer == given) & (given == 1), harm, 0.0)
    log = replace(log, cluster=cluster, offer=offer, profit=seen)
    mean = np.array([seen[offer == g].mean() for g in range(OFFERS)])
    scores = doubly_robust(np.tile(mean, (N, 1)), seen, offer, np.full(N, 1 / OFFERS))
    case = Comparison(log, scores, given, np.zeros(N, dtype=np.int64), None, 0)
    return fallen(case, (1, 2, 3), np.ones(N, dtype=bool))


def test_no_segment_of_a_harmless_plan_falls_back_too_often() -> None:
    alarms = sum(bool(_fallen(0.0, seed)) for seed in range(REPLICATES))
    allowed = 0.025 + 4 * np.sqrt(0.025 * 0.975 / REPLICATES)
    assert alarms / REPLICATES <= allowed


def test_a_planted_harm_is_found_and_the_others_stay() -> None:
    found = [_fallen(1.2, seed) for seed in range(100)]
    assert sum(1 in gone for gone in found) >= 80
    others = sum(bool(set(gone) - {1}) for gone in found)
    assert others / 100 <= 0.025 + 4 * np.sqrt(0.025 * 0.975 / 100)
