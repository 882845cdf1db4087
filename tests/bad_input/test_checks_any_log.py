"""Whatever a log looks like, the checks answer: no exception, no warning, no long message."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.errors import DataError
from handful.experiment.checks import check_experiment
from handful.experiment.records import Features, FeatureSchema
from made_experiment import made_experiment, spec

START = np.datetime64("2025-06-01T00:00:00")


def odd_columns(rng, n, offer):
    odd = [
        rng.normal(size=n),
        np.full(n, np.nan),
        np.ones(n),
        rng.permutation(n).astype(float),
        np.where(rng.random(n) < 0.5, np.nan, 1.0),
        np.where(rng.random(n) < 0.1, np.inf, rng.normal(size=n)),
        offer.astype(float),
        rng.normal(size=n) * 1e150,
        rng.normal(size=n) * 1e-200,
        (rng.random(n) < 0.01).astype(float),
    ]
    chosen = rng.permutation(len(odd))[: rng.integers(0, 6)]
    return {f"f{j}": odd[j] for j in chosen}


def odd_profit(rng, n):
    odd = [
        rng.normal(size=n),
        np.zeros(n),
        (rng.random(n) < 0.02).astype(float),
        np.where(rng.random(n) < 0.1, np.nan, 1.0),
        np.where(rng.random(n) < 0.1, np.inf, 0.0),
        rng.normal(size=n) * 1e300,
    ]
    return odd[rng.choice(6, p=[0.5, 0.1, 0.1, 0.1, 0.1, 0.1])]


def odd_design(rng, n, offer):
    names = "ABCDEFGH"[: int(offer.max()) + 1]
    return [
        (None, None),
        (spec(propensity="column:p"), rng.uniform(1e-6, 1.0, n)),
        (spec(propensity="estimate", accept_observational=True), None),
        (spec(propensity=dict.fromkeys(names, 1.0 / len(names))), None),
    ][rng.integers(0, 4)]


def odd_rest(rng, n):
    hours = START + rng.integers(0, 1000, n).astype("timedelta64[h]")
    rest = {
        "time": [None, hours, np.full(n, np.datetime64("NaT", "s"))][rng.integers(0, 3)],
        "outcome_time": np.where(rng.random(n) < 0.5, hours, np.datetime64("NaT")),
    }
    if rng.random() < 0.4:
        rest["cluster"] = np.unique(rng.integers(0, max(1, n // 3), n), return_inverse=True)[1]
    if rng.random() < 0.4:
        rest["customers"] = rng.integers(0, max(1, n // 2), n)
    return rest


def odd_experiment(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 2, 5, 20, 60, 300, 1000]))
    offer = rng.integers(0, rng.integers(2, 8), n)
    columns = odd_columns(rng, n, offer)
    said, received = odd_design(rng, n, offer)
    made = made_experiment(
        n,
        offer=offer,
        stratum=rng.integers(0, rng.choice([1, 2, 40]), n),
        columns=columns or {"none": np.ones(n)},
        said=said,
        received=received,
        profit=odd_profit(rng, n),
        **odd_rest(rng, n),
    )
    if columns:
        return made
    return replace(made, features=Features(FeatureSchema((), (), ()), np.empty((n, 0), order="F")))


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_any_log_is_answered(start):
    answered = 0
    for seed in range(start, start + 20):
        try:
            made = odd_experiment(seed)
        except DataError:
            continue
        result = check_experiment(made)
        assert result.experiment.n_rows == made.n_rows
        assert all(len(f.message.splitlines()) < 20 for f in result.findings)
        assert all(f.message and f.remedy for f in result.findings)
        answered += 1
    assert answered >= 10


def test_a_tiny_observational_log_does_not_stop_the_estimate():
    said = spec(propensity="estimate", accept_observational=True)
    offer = np.array([0, 1, 2, 3, 4])
    made = made_experiment(5, offer=offer, said=said, cluster=np.zeros(5, dtype=np.int64))
    assert check_experiment(made).blocked
