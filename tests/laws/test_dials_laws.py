"""Laws of offers with dials: the lattice, and where a point is open."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.brief.dials import DialSpec
from handful.experiment.dial_candidates import box_of, settle_dials
from handful.experiment.dial_support import support_of
from handful.experiment.dials import axes, nearest_candidate, point_names, product

SMALL = settings(max_examples=40, deadline=None)
seeds = st.integers(0, 10_000)
shapes = st.sampled_from([1, 2, 3])
steps = st.sampled_from([None, 0.05, 0.1, 0.25])


def drawn(seed, d, step, n=600, low=0.0):
    rng = np.random.default_rng(seed)
    received = low + np.round(rng.uniform(0, 1, (n, d)), 2)
    stratum = rng.integers(0, 2, n)
    received[stratum == 1] = low + (received[stratum == 1] - low) * 0.6
    return box_of(received, [DialSpec(f"d{j}", increment=step) for j in range(d)]), stratum


@SMALL
@given(seeds, shapes, steps)
def test_candidates_are_sayable_and_open_somewhere(seed, d, step):
    box, stratum = drawn(seed, d, step)
    settled = settle_dials(box, stratum, 2, None)
    points = settled.dials.candidates
    for j, values in enumerate(axes(box)):
        assert np.isin(points[:, j], values).all()
    assert settled.support.any(axis=0).all()
    assert len(set(settled.offers)) == len(settled.offers) <= 120
    assert np.array_equal(nearest_candidate(settled.dials, points), np.arange(len(points)))


@SMALL
@given(seeds, shapes)
def test_a_stratum_opens_nothing_beyond_what_it_received(seed, d):
    box, stratum = drawn(seed, d, 0.1)
    rng = np.random.default_rng(seed + 1)
    points = rng.uniform(-0.2, 1.2, (60, d))
    found = support_of(box, stratum, 2, points)
    for s in range(2):
        mine = box.received[stratum == s]
        beyond = (points > mine.max(axis=0)).any(axis=1) | (points < mine.min(axis=0)).any(axis=1)
        assert not found[s, beyond].any()


@SMALL
@given(seeds, shapes, st.sampled_from([1e-3, 7.0, 1e4]), st.sampled_from([-50.0, 0.0, 3.0]))
def test_the_unit_of_a_dial_changes_nothing(seed, d, scale, shift):
    box, stratum = drawn(seed, d, None)
    other = box_of(box.received * scale + shift, [DialSpec(name) for name in box.names])
    points = np.random.default_rng(seed).uniform(0, 1, (40, d))
    plain = support_of(box, stratum, 2, points)
    assert np.array_equal(support_of(other, stratum, 2, points * scale + shift), plain)


@SMALL
@given(seeds, shapes)
def test_the_order_of_rows_changes_nothing_and_more_rows_close_nothing(seed, d):
    box, stratum = drawn(seed, d, 0.1, n=2_400)
    points = np.random.default_rng(seed).uniform(0, 1, (40, d))
    plain = support_of(box, stratum, 2, points)
    order = np.random.default_rng(seed).permutation(len(stratum))
    specs = [DialSpec(name) for name in box.names]
    mixed = box_of(box.received[order], specs)
    assert np.array_equal(support_of(mixed, stratum[order], 2, points), plain)
    twice = box_of(np.vstack([box.received, box.received]), specs)
    more = support_of(twice, np.concatenate([stratum, stratum]), 2, points)
    assert not (plain & ~more).any()


@SMALL
@given(seeds)
def test_names_tell_points_apart(seed):
    box, _ = drawn(seed, 2, 0.05, n=200)
    points = product(axes(box))
    names = point_names(box, points)
    assert len(set(names)) == len(points)
    assert names[0] == f"d0 {box.low[0]:g}, d1 {box.low[1]:g}"
