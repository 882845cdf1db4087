from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.experiment.checks import check_experiment
from handful.experiment.checks.wording import listed
from handful.experiment.tails import tail_facts
from made_experiment import found, made_experiment, spec


def offers(*counts):
    return np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))


def test_offers_with_few_rows_warn_and_two_must_have_enough():
    made = made_experiment(1049, offer=offers(500, 500, 49))
    finding = found(check_experiment(made).findings, "C461")
    assert finding.level == "warn"
    assert "'C (49 rows)'" in finding.message
    short = made_experiment(98, offer=offers(60, 38))
    blocked = found(check_experiment(short).findings, "C460")
    assert blocked.level == "block"
    assert "found 1 among 2 offers and 98 rows" in blocked.message


def test_few_clusters_per_offer_warn_and_very_few_block():
    n, per = 4000, 100
    cluster = np.repeat(np.arange(n // per), per)
    drawn = np.random.default_rng(1).permutation(np.repeat([0, 1], [28, 12]))
    made = made_experiment(n, offer=drawn[cluster])
    finding = found(check_experiment(replace(made, cluster=cluster)).findings, "C463")
    assert "'B (12 clusters)'" in finding.message
    four = np.repeat(np.arange(4), 1000)
    made = made_experiment(n, offer=np.array([0, 1, 0, 1])[four])
    blocked = found(check_experiment(replace(made, cluster=four)).findings, "C462")
    assert blocked.level == "block"


def test_effective_rows_fall_when_weights_differ():
    rng = np.random.default_rng(2)
    p = np.where(rng.random(20_000) < 0.02, 0.005, 0.9)
    offer = (rng.random(20_000) < p).astype(np.int64)
    received = np.where(offer == 1, p, 1.0 - p)
    received[np.flatnonzero(offer == 1)[:30]] = 0.0005
    made = made_experiment(20_000, offer=offer, said=spec(propensity="column:p"), received=received)
    result = check_experiment(made)
    finding = found(result.findings, "C453")
    assert "'B (" in finding.message
    tiny = found(result.findings, "C452")
    assert tiny.count == int((received < 0.01).sum())
    assert "smallest 0.0005" in tiny.message


def test_the_top_rows_share_is_measured_from_the_median():
    profit = np.full(2000, -0.05)
    profit[:10] = 9.95
    made = made_experiment(2000, profit=profit)
    facts = tail_facts(made.profit)
    assert (facts.top_rows, facts.top_share) == (2, pytest.approx(0.2))
    warned = found(check_experiment(made).findings, "C404")
    assert "2 rows (0.1%) carry 20% of all profit" in warned.message


def test_normal_profit_is_not_heavy_tailed():
    codes = [f.code for f in check_experiment(made_experiment(20_000)).findings]
    assert "C404" not in codes


def test_mixed_clusters_are_noted():
    made = made_experiment(2000)
    finding = found(check_experiment(replace(made, cluster=np.arange(2000) // 4)).findings, "C483")
    assert finding.level == "note"


def test_lists_are_short():
    assert listed([f"x{j}" for j in range(9)]).endswith("'x5' and 3 more")
