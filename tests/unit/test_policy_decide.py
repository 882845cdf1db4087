"""One customer at a time: what is read from a row, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from made_policy import labelled, made_features, made_policy

from handful.errors import DataError
from handful.policy.decide import decide
from handful.policy.policy import assign
from handful.policy.records import REASONS

ROW: dict[str, object] = {"age": 0.3, "zip": "urban", "spend": 1.0}


def test_each_row_is_decided_as_among_many() -> None:
    policy, features = made_policy(), made_features(1_000)
    stratum = np.arange(1_000) % 4 - 1
    decided = assign(policy, features, stratum)
    for row, code in enumerate(stratum.tolist()):
        label = policy.strata[code] if code >= 0 else "q9"
        one = decide(policy, labelled(features, row), label)
        assert one.offer == policy.model.offers[decided.offer[row]]
        assert one.reason == REASONS[int(decided.reason[row])]
        assert one.expected_profit == decided.expected_profit[row]


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf, 10**400, Decimal("NaN")])
def test_what_is_no_finite_number_is_missing(missing: object) -> None:
    policy = made_policy()
    assert decide(policy, ROW | {"age": missing}, "q1") == decide(policy, ROW | {"age": None}, "q1")
    assert decide(policy, ROW | {"age": missing}, "q1") != decide(policy, ROW, "q1")


@pytest.mark.parametrize("label", ["moon", "", None, 3, 2.0])
def test_what_is_no_known_label_is_missing(label: object) -> None:
    policy = made_policy()
    assert decide(policy, ROW | {"zip": label}, "q1") == decide(policy, ROW | {"zip": None}, "q1")


def test_truths_are_the_labels_true_and_false() -> None:
    policy = made_policy()
    schema = replace(policy.model.schema, levels=((), ("false", "true", "urban"), ()))
    policy = replace(policy, model=replace(policy.model, schema=schema))
    for value, label in ((True, "true"), (False, "false")):
        with_value = decide(policy, ROW | {"zip": value}, "q1")
        assert with_value == decide(policy, ROW | {"zip": label}, "q1")


@pytest.mark.parametrize("three", [3, np.int64(3), np.float32(3), Decimal("3.0"), Fraction(3)])
def test_numbers_of_any_kind_are_numbers(three: object) -> None:
    policy = made_policy()
    assert decide(policy, ROW | {"age": three}, "q1") == decide(policy, ROW | {"age": 3.0}, "q1")


def test_further_entries_are_ignored() -> None:
    assert decide(made_policy(), ROW | {"shoe": 43}, "q1") == decide(made_policy(), ROW, "q1")


def test_absent_features_and_texts_for_numbers_are_refused_together() -> None:
    with pytest.raises(DataError) as caught:
        decide(made_policy(), {"age": "thirty", "zip": "urban"}, "q1")
    assert [finding.code for finding in caught.value.findings] == ["P711", "P711"]
    assert "thirty" not in str(caught.value)


def test_a_policy_within_strata_asks_for_the_stratum() -> None:
    with pytest.raises(DataError, match="quarter"):
        decide(made_policy(), ROW, None)
    assert decide(made_policy(), ROW, "q9").reason == "unknown_stratum"
