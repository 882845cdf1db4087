from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.delivery.report.drawing import NARROW, WIDE, svg
from handful.delivery.report.plane import letters, line_spec, outline, plane_spec
from handful.effects.records import EffectsModel, Term
from handful.experiment.simulate import simulate
from handful.planning.facts import offer_points
from handful.planning.plane import offer_plane
from handful.planning.records import OfferPlane, PlaneMark, PlaneSegment
from handful.policy.records import Policy


def steep(log, best):
    """A model under which customers with a high first feature are best served by `best`."""
    g = log.n_offers
    table = np.zeros((3, g))
    table[2, best] = 500.0
    zero = np.zeros(g)
    constant = -np.abs(np.arange(g) - 1.0)
    median = np.median(log.features.values[:, 0])
    term = Term(0, np.array([median]), table, zero, -9.0, 9.0, 0.0)
    model = EffectsModel(log.features.schema, log.offers, constant, (term,), None)
    return Policy(
        model, (1, best), (), log.strata, log.design.support, np.zeros(2, np.int64), "USD",
        points=offer_points(log),
    )  # fmt: skip


def drawn(name, best=6, n=3_000):
    log = simulate(name, n=n).experiment
    policy = steep(log, best)
    x = log.features.values[:, 0]
    high = x > np.median(x)
    assigned = np.where(high, best, 1)
    return offer_plane(log, policy, {1: (1,), 2: (1, best)}, assigned), high


def test_the_plane_tells_shares_and_own_best_offers():
    plane, high = drawn("quadratic_dial")
    assert plane.dials == ("t",)
    assert len(plane.tried) == 101
    assert sum(mark.share for mark in plane.tried) == pytest.approx(1.0)
    (one, first), (two, second) = plane.menus
    assert (one, two) == (1, 2)
    assert first == (PlaneMark((0.01,), 1.0),)
    assert [mark.share for mark in second] == pytest.approx([1 - high.mean(), high.mean()])
    shares = {segment.values: segment.share for segment in plane.segments}
    assert shares[(0.06,)] == pytest.approx(high.mean())
    for segment in plane.segments:
        assert segment.optima == (PlaneMark(segment.values, 1.0),)


def test_a_closed_candidate_is_nobodys_own_best_offer():
    log = simulate("quadratic_dial", n=3_000).experiment
    policy = steep(log, 6)
    shut = policy.support.copy()
    shut[:, 6] = False
    plane = offer_plane(log, replace(policy, support=shut), {1: (1,)}, np.full(3_000, 1))
    assert plane.segments[0].optima == (PlaneMark((0.01,), 1.0),)


def test_offers_by_name_have_no_plane():
    log = simulate("types", n=500).experiment
    policy = replace(steep(log, 2), points=None)
    assert offer_plane(log, policy, {1: (1,)}, log.offer) is None


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_line_shows_each_menu_and_escapes_names(width):
    plane, _ = drawn("quadratic_dial")
    odd = replace(plane, dials=("<script>t",))
    text = svg(line_spec(odd, width), "x", "t", "d")
    assert "1 offer" in text
    assert "2 offers" in text
    assert "best for: t 0.06" in text
    assert "<script" not in text
    assert "0.06" in text


def test_labels_that_would_overlap_are_shortened():
    marks = tuple(PlaneMark((0.5 + 0.004 * k,), 0.2) for k in range(5))
    tried = (PlaneMark((0.0,), 0.5), PlaneMark((1.0,), 0.5))
    crowded = OfferPlane(("t",), tried, ((5, marks),), ())
    apart = OfferPlane(("t",), tried, ((2, (tried[0], tried[1])),), ())
    assert "0.508" not in svg(line_spec(crowded, WIDE), "x", "t", "d")
    assert "1 · 50%" in svg(line_spec(apart, WIDE), "x", "t", "d")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_plane_letters_the_offers_in_use(width):
    plane, _ = drawn("promotions_dials", n=4_000)
    text = svg(plane_spec(plane, width), "x", "t", "d")
    assert letters(plane) == ("A", "B")
    assert ">A</text>" in text
    assert "minimum_basket" in text
    assert len(plane.menus) == 2


def test_no_offer_has_no_place_and_no_letter():
    marks = (PlaneMark((1.0, 2.0), 0.6), PlaneMark(None, 0.4))
    plane = OfferPlane(
        ("a", "b"),
        (PlaneMark((1.0, 2.0), 0.5), PlaneMark((2.0, 1.0), 0.5)),
        ((2, marks),),
        (PlaneSegment("no offer", None, 0.4, marks), PlaneSegment("x", (1.0, 2.0), 0.6, marks)),
    )
    assert letters(plane) == ("", "A")
    assert ">A</text>" in svg(plane_spec(plane, WIDE), "x", "t", "d")
    line = replace(plane, dials=("a",), menus=((2, (PlaneMark((1.0,), 0.6), marks[1])),))
    assert "2 offers (none for 40%)" in svg(line_spec(line, WIDE), "x", "t", "d")


def test_a_categorical_dial_is_drawn_by_its_levels():
    tried = (PlaneMark((1.0, "slow"), 0.5), PlaneMark((2.0, "express"), 0.5))
    part = PlaneSegment("x", (2.0, "express"), 1.0, tried)
    text = svg(plane_spec(OfferPlane(("a", "b"), tried, (), (part,)), WIDE), "x", "t", "d")
    assert "express" in text
    assert "slow" in text
    one = tuple(PlaneMark(mark.values[1:], mark.share) for mark in tried)
    said = svg(line_spec(OfferPlane(("b",), one, ((2, one),), ()), WIDE), "x", "t", "d")
    assert "express" in said


def test_an_outline_encloses_its_points():
    rng = np.random.default_rng(0)
    spots = [tuple(spot) for spot in rng.normal(size=(40, 2)).tolist()]
    corners = outline(spots)
    assert set(corners) <= set(spots)
    around = np.array([*corners, corners[0]])
    for x, y in spots:
        edge = np.diff(around, axis=0)
        to = np.array([x, y]) - around[:-1]
        assert np.all(edge[:, 0] * to[:, 1] - edge[:, 1] * to[:, 0] >= -1e-12)
    assert outline([(0.0, 0.0), (0.0, 0.0)]) == [(0.0, 0.0)]
