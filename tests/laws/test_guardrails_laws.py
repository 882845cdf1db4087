"""Laws of the guardrails: a score that rises in every part, counts that cannot be worked out."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.brief.origins import HOWS, Origin
from handful.guardrails.audience import merge_small, suppress
from handful.guardrails.creepiness import (
    HALF,
    WEIGHTS,
    creepiness,
    distance_part,
    frequency_part,
    leak_part,
    provenance_part,
)
from handful.policy.policy import assign_codes

PARTS = st.one_of(st.none(), st.floats(0.0, 1.0))
COMPONENTS = st.fixed_dictionaries(dict.fromkeys(WEIGHTS, PARTS))
ORIGINS = st.lists(st.builds(Origin, st.one_of(st.none(), st.sampled_from(HOWS))), max_size=5)


@given(COMPONENTS, st.sampled_from(sorted(WEIGHTS)), st.floats(0.0, 1.0))
def test_the_score_rises_in_every_component(
    parts: dict[str, float | None], name: str, more: float
) -> None:
    now = HALF if parts[name] is None else float(parts[name] or 0.0)
    higher = creepiness(parts | {name: max(now, more)})[0]
    assert 0.0 <= creepiness(parts)[0] <= higher <= 100.0


def test_the_weights_add_to_one() -> None:
    assert abs(sum(WEIGHTS.values()) - 1.0) < 1e-12
    assert creepiness(dict.fromkeys(WEIGHTS, 1.0))[0] == 100.0


@given(ORIGINS, st.sampled_from(HOWS))
def test_one_more_driving_feature_never_makes_provenance_kinder(
    origins: list[Origin], how: str
) -> None:
    before, after = provenance_part(origins), provenance_part([*origins, Origin(how)])
    assert (HALF if after is None else after) >= (HALF if before is None else before)


@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0))
def test_leak_and_frequency_rise(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert leak_part(low) <= leak_part(high) <= 1.0
    assert frequency_part(low) <= frequency_part(high) < 1.0


def test_a_feature_collected_for_this_is_nearer_than_one_collected_for_that() -> None:
    here, there = Origin("observed", purpose="Offers"), Origin("observed", purpose="billing")
    assert distance_part([here], "offers") == 0.0
    assert distance_part([here, there], "offers") == 0.5
    assert distance_part([Origin("third-party", purpose="offers")], "offers") == 1.0
    assert distance_part([Origin("observed")], "offers") is None


@given(st.lists(st.integers(0, 60), min_size=1, max_size=7), st.integers(2, 20))
def test_hidden_counts_cannot_be_worked_out(counts: list[int], least: int) -> None:
    shown = suppress(counts, least)
    hidden = [count for count, seen in zip(counts, shown, strict=True) if seen is None]
    assert all(seen is None or seen == 0 or seen >= least for seen in shown)
    assert all(seen in (None, count) for count, seen in zip(counts, shown, strict=True))
    if hidden and any(seen for seen in shown):
        assert len(hidden) >= 2
        assert sum(hidden) >= least
    if not any(0 < count < least for count in counts):
        assert None not in shown


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 30), st.booleans())
def test_the_merge_is_the_cheapest_that_meets_the_floor(
    seed: int, offers: int, least: int, stays: bool
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(0.0, 1.0, offers), 1.0, (60, offers))
    fallback, stay = np.zeros(60, int), {0} if stays else set()
    menu = tuple(range(offers))
    found = merge_small(values, menu, None, fallback, least=least, stay=stay)
    at = np.arange(60)

    def worth(part: tuple[int, ...]) -> float:
        given_to = assign_codes(values, part, None, fallback)
        counts = np.bincount(given_to, minlength=offers)
        enough = all(counts[g] >= least for g in part if g not in stay) and stay <= set(part)
        return float(values[at, given_to].sum()) if enough else -np.inf

    parts = [p for k in range(1, offers + 1) for p in itertools.combinations(menu, k)]
    best = max(worth(part) for part in parts)
    assert worth(found.menu) == best
    assert set(found.menu) | set(found.dropped) == set(menu)
