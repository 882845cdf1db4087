"""Laws of chance in a policy: one and many draw alike, files carry it, shares come out right."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from made_policy import labelled, made_features, made_policy

from handful.errors import DataError
from handful.policy.artefact import read_policy, write_policy
from handful.policy.chance import propensities, uniform
from handful.policy.decide import decide
from handful.policy.policy import assign
from handful.policy.records import REASON_DRAWN, REASONS, Chance


def open_policy(chance):
    policy = made_policy(0)
    return replace(policy, support=np.ones_like(policy.support), chance=chance)


shares = st.lists(st.floats(0.01, 0.33), min_size=1, max_size=3)


@settings(max_examples=20, deadline=None)
@given(shares, st.text(min_size=1, max_size=8), st.integers(0, 2**40))
def test_one_and_many_draw_alike(probability, salt, first):
    offers = tuple(range(1, 1 + len(probability)))
    policy = open_policy(Chance(offers, tuple(probability), salt))
    features = made_features(40)
    strata = np.arange(40) % 4 - 1
    ids = [first + i for i in range(40)]
    many = assign(policy, features, strata, ids)
    for row in range(40):
        stratum = "elsewhere" if strata[row] < 0 else policy.strata[strata[row]]
        one = decide(policy, labelled(features, row), stratum, str(ids[row]))
        assert one.offer == policy.model.offers[many.offer[row]]
        assert one.reason == REASONS[many.reason[row]]
        assert one.expected_profit == many.expected_profit[row]


def test_chance_never_touches_an_unknown_stratum():
    policy = open_policy(Chance((1,), (1.0,), "s"))
    decided = assign(policy, made_features(60), np.full(60, -1), range(60))
    assert not (decided.reason == REASON_DRAWN).any()


def test_draws_come_with_their_probabilities_and_independently_of_features():
    policy = open_policy(Chance((1, 2), (0.3, 0.1), "a secret"))
    features = made_features(20_000)
    strata = np.zeros(20_000, dtype=np.int64)
    drawn = assign(policy, features, strata, range(20_000))
    own = assign(replace(policy, chance=None), features, strata)
    hit = drawn.reason == REASON_DRAWN
    assert abs(hit.mean() - 0.4) < 4 * np.sqrt(0.24 / 20_000)
    assert abs((drawn.offer[hit] == 1).mean() - 0.75) < 4 * np.sqrt(0.1875 / 8_000)
    assert np.array_equal(drawn.offer[~hit], own.offer[~hit])
    first = own.offer == 1
    assert abs(hit[first].mean() - hit[~first].mean()) < 0.03
    given_with = propensities(policy.chance, own.offer, drawn.offer)
    assert np.array_equal(drawn.propensity, given_with)
    assert own.propensity is None
    possible = 2 + (own.offer == 3).mean()  # offers that a customer can be given, on average
    assert abs(np.mean(1 / given_with) - possible) < 0.1


def test_a_policy_with_chance_survives_its_folder(tmp_path):
    policy = open_policy(Chance((1, 3), (0.125, 1 / 3), "pepper"))
    write_policy(policy, tmp_path / "policy", made_features(), np.zeros(400, dtype=np.int64))
    again = read_policy(tmp_path / "policy")
    assert again.chance == policy.chance
    before = assign(policy, made_features(), np.zeros(400, np.int64), range(400))
    after = assign(again, made_features(), np.zeros(400, np.int64), range(400))
    assert np.array_equal(before.offer, after.offer)


@pytest.mark.parametrize(
    "chance",
    [
        Chance((1, 1), (0.1, 0.1), "s"),
        Chance((1,), (0.1, 0.2), "s"),
        Chance((1,), (1.5,), "s"),
        Chance((1, 2), (0.6, 0.6), "s"),
        Chance((99,), (0.1,), "s"),
        Chance((1,), (float("nan"),), "s"),
    ],
)
def test_an_unsound_chance_is_refused(chance, tmp_path):
    with pytest.raises(DataError, match="P706"):
        write_policy(open_policy(chance), tmp_path, made_features(), None)


def test_an_offer_closed_somewhere_is_never_drawn(tmp_path):
    policy = replace(made_policy(0), chance=Chance((3,), (0.1,), "s"))
    with pytest.raises(DataError, match="closed in some stratum"):
        write_policy(policy, tmp_path, made_features(), None)


def test_ids_are_needed_to_draw():
    policy = open_policy(Chance((1,), (0.1,), "s"))
    with pytest.raises(DataError, match="P712"):
        assign(policy, made_features(5), np.zeros(5, np.int64))
    with pytest.raises(DataError, match="P712"):
        decide(policy, labelled(made_features(5), 0), "q1")


def test_the_hash_is_the_documented_one():
    import hashlib

    digest = hashlib.sha256(b"salt:42").hexdigest()
    assert uniform("salt", 42) == (int(digest[:16], 16) >> 11) / 2**53
