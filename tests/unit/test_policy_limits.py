"""A policy under limits ranks offers by profit less prices, the same way everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_policy import SCHEMA, made_features, made_model, made_policy

from handful.effects.combining import less_amounts
from handful.effects.predict import predict_profit
from handful.effects.records import Term
from handful.policy.artefact import read_policy, write_policy
from handful.policy.decide import decide
from handful.policy.policy import assign
from handful.policy.records import Policy

PRICES = np.array([0.0, 0.7, -0.4, 0.2])


def ranked(seed: int = 0) -> Policy:
    policy = made_policy(seed)
    group = Term(1, np.zeros(0), np.outer([0, 1, 0, 0], [0, 0.5, 0.5, 0]), np.zeros(4), 0, 0, 0)
    ranking = less_amounts(policy.model, [(0.3, made_model(seed + 1))], PRICES, [group])
    return replace(policy, ranking=ranking)


def test_one_model_of_several_predicts_their_sum() -> None:
    policy, features = ranked(), made_features(300, 5)
    profit = predict_profit(policy.model, features)
    amount = predict_profit(made_model(1), features)
    bonus = np.where(features.values[:, [1]] == 0, [0, 0.5, 0.5, 0], 0.0)
    assert policy.ranking is not None
    found = predict_profit(policy.ranking, features)
    assert found == pytest.approx(profit - 0.3 * amount - PRICES + bonus, abs=1e-12)


def test_models_of_other_features_are_refused() -> None:
    other = replace(made_model(1), schema=replace(SCHEMA, names=("a", "b", "c")))
    with pytest.raises(ValueError, match="other features"):
        less_amounts(made_model(), [(1.0, other)], PRICES)


def test_one_by_one_and_all_together_decide_alike() -> None:
    policy, features = ranked(), made_features(200, 7)
    stratum = np.random.default_rng(3).integers(0, len(policy.strata), 200)
    many = assign(policy, features, stratum)
    plain = assign(replace(policy, ranking=None), features, stratum)
    assert (many.offer != plain.offer).any()
    for i in range(200):
        row = {}
        for at, name in enumerate(SCHEMA.names):
            value = features.values[i, at]
            missing = np.isnan(value)
            label = SCHEMA.kinds[at] == "category" and not missing
            row[name] = None if missing else SCHEMA.levels[at][int(value)] if label else value
        one = decide(policy, row, policy.strata[stratum[i]])
        assert one.offer == policy.model.offers[many.offer[i]]
        assert one.expected_profit == many.expected_profit[i]


def test_the_expected_profit_is_profit_and_not_what_ranks() -> None:
    policy, features = ranked(), made_features(50, 2)
    stratum = np.zeros(50, np.int64)
    made = assign(policy, features, stratum)
    profit = predict_profit(policy.model, features)
    assert made.expected_profit == pytest.approx(profit[np.arange(50), made.offer])


def test_the_artefact_carries_the_prices(tmp_path: Path) -> None:
    policy, features = ranked(), made_features(400, 11)
    stratum = np.random.default_rng(1).integers(0, len(policy.strata), 400)
    write_policy(policy, tmp_path / "policy", features, stratum)
    again = read_policy(tmp_path / "policy")
    first, second = assign(policy, features, stratum), assign(again, features, stratum)
    assert first.offer.tolist() == second.offer.tolist()
    assert again.ranking is not None


def test_a_policy_without_limits_is_written_as_before(tmp_path: Path) -> None:
    policy, features = made_policy(0), made_features(100, 11)
    write_policy(policy, tmp_path / "policy", features, np.zeros(100, np.int64))
    assert "ranking" not in (tmp_path / "policy" / "manifest.json").read_text()
    assert read_policy(tmp_path / "policy").ranking is None


def test_a_ranking_that_is_not_sound_is_not_written(tmp_path: Path) -> None:
    policy = ranked()
    assert policy.ranking is not None
    broken = replace(policy.ranking, constant=np.full(4, np.nan))
    with pytest.raises(Exception, match="P706"):
        write_policy(
            replace(policy, ranking=broken), tmp_path / "p", made_features(50, 0), np.zeros(50, int)
        )
