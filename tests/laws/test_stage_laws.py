"""Laws of the stages: effective numbers, names, ratios and shares, whatever the numbers are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.brief.presets import PRESETS
from handful.brief.stages import StagesSpec
from handful.evidence.ratios import fieller, wilson
from handful.evidence.stages import effective_number, name_depth, name_stage

SPEC = StagesSpec()
STAGES = ("one-to-all", "one-to-many", "one-to-few", "one-to-one")
DEPTHS = ("standardised", "generic", "customised", "highly personalised")
counts = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=12)
numbers = st.floats(1.0, 1e7)
kept = st.floats(-1.0, 2.0)


@given(counts)
def test_the_effective_number_lies_between_one_and_k(shares) -> None:
    found = effective_number(shares)
    assert 1.0 - 1e-9 <= found <= len(shares) * (1 + 1e-9)


@given(st.integers(1, 30), st.floats(0.1, 1e4))
def test_equal_shares_count_in_full(k, share) -> None:
    assert effective_number([share] * k) == pytest.approx(k)


@given(counts, st.floats(0.01, 0.99))
def test_splitting_an_offer_in_two_never_lowers_it(shares, part) -> None:
    parted = [shares[0] * part, shares[0] * (1 - part), *shares[1:]]
    assert effective_number(parted) >= effective_number(shares) - 1e-9


@given(counts, st.floats(0.01, 100.0), st.randoms())
def test_neither_scale_nor_order_of_the_shares_matters(shares, scale, rng) -> None:
    other = [share * scale for share in shares]
    rng.shuffle(other)
    assert effective_number(other) == pytest.approx(effective_number(shares))


@given(st.lists(numbers, min_size=2, max_size=8))
def test_more_groups_are_never_a_lower_stage(effective) -> None:
    found = [STAGES.index(name_stage(number, SPEC)) for number in sorted(effective)]
    assert found == sorted(found)


@given(numbers, st.lists(kept, min_size=2, max_size=8))
def test_more_kept_is_never_less_personal(effective, shares) -> None:
    found = [DEPTHS.index(name_depth(effective, share, SPEC)) for share in sorted(shares)]
    assert found == sorted(found)


@given(st.floats(-5, 5), st.floats(0.1, 5), st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 100))
def test_a_ratio_lies_in_its_interval_and_knows_no_currency(top, below, a, b, unit) -> None:
    covariance = np.diag([a, b])
    found = fieller(np.array([top, below]), covariance, 1.96)
    other = fieller(np.array([top, below]) * unit, covariance * unit**2, 1.96)
    if found is None or other is None:
        assert below**2 <= 1.96**2 * b * (1 + 1e-6)
        return
    assert found.lo - 1e-9 <= found.value <= found.hi + 1e-9
    assert (other.lo, other.hi) == pytest.approx((found.lo, found.hi), rel=1e-4, abs=1e-6)


@given(st.integers(1, 5_000), st.floats(0, 1))
def test_a_share_lies_in_its_interval_and_narrows_with_rows(count, share) -> None:
    few, many = wilson(share, count), wilson(share, 4 * count)
    assert 0.0 <= few.lo <= share + 1e-12
    assert share - 1e-12 <= few.hi <= 1.0
    assert many.hi - many.lo <= few.hi - few.lo + 1e-12


def test_presets_are_ordered_from_personal_to_cheap() -> None:
    order = [PRESETS[name] for name in ("loyalty", None, "scale")]
    for first, second in pairwise(order):
        assert first.cost_weight <= second.cost_weight
        assert first.slack < second.slack
        assert first.long_run >= second.long_run
