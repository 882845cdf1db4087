"""Sizing by hand: textbook rows, designs, break-even, and what a log tells."""

from __future__ import annotations

import math

import numpy as np
import pytest

from handful.brief.dials import DialSpec
from handful.brief.reader import parse_brief
from handful.brief.size import SizeSpec
from handful.experiment.simulate import Simulation, simulate
from handful.sizing.arms import dial_levels, dial_points, name_of
from handful.sizing.break_even import Business, break_even, gain_needed, months_to_pay
from handful.sizing.dry_run import rate, world_of
from handful.sizing.facts import make_facts
from handful.sizing.from_log import cluster_correlation, read_log
from handful.sizing.menus import critical_value, next_power
from handful.sizing.noise import design_effect, equal_shares, noise_of, root_shares
from handful.sizing.questions import answer
from handful.sizing.records import Facts, Known
from handful.sizing.run import size_experiment
from handful.sizing.world import draw_world

TABLES = {"experiment": {"source": "-", "offer": "arm"}, "profit": {"per_row": "0"}}


def sized(size: dict[str, object], **tables: object) -> object:
    return size_experiment(parse_brief({**TABLES, **tables, "size": size}))


def test_two_offers_take_the_rows_of_the_textbook() -> None:
    facts = make_facts(SizeSpec(sd=1.0, gain=0.1), ("none", "mail"), None, None)
    need = answer(facts, equal_shares(2), 0.8, None)[0]
    textbook = 4 * ((1.959964 + 0.841621) / 0.1) ** 2
    # A little more: handful chooses the offer out of fold and widens its interval for that.
    assert textbook <= need.rows <= 1.1 * textbook


def test_two_offers_take_the_rows_of_the_textbook_where_customers_buy_or_not() -> None:
    facts = make_facts(SizeSpec(rate=0.05, gain=0.01), ("none", "mail"), None, None)
    need = answer(facts, equal_shares(2), 0.8, None)[0]
    variance = 0.05 * 0.95 + 0.06 * 0.94
    textbook = 2 * variance * ((1.959964 + 0.841621) / 0.01) ** 2
    # A little more: handful chooses the offer out of fold and widens its interval for that.
    assert textbook <= need.rows <= 1.1 * textbook


def test_clusters_inflate_the_first_question_by_the_design_effect() -> None:
    alone = make_facts(SizeSpec(sd=1.0, gain=0.1), ("none", "mail"), None, None)
    spec = SizeSpec(sd=1.0, gain=0.1, icc=0.05, cluster_size=21)
    together = make_facts(spec, ("none", "mail"), None, None)
    assert design_effect(together) == 2.0
    rows = [answer(f, equal_shares(2), 0.8, None)[0].rows for f in (alone, together)]
    assert rows[1] == pytest.approx(2 * rows[0], rel=1e-3)


def test_noise_of_a_purchase_moves_with_its_rate() -> None:
    facts = Facts(("a", "b"), 3.0, 9.0, 0.3, 0.1, 0.1, margin=30.0)
    assert noise_of(facts, 0.0) == pytest.approx(900 * 0.1 * 0.9)
    assert noise_of(facts, 3.0) == pytest.approx(900 * 0.2 * 0.8)


def test_a_larger_control_is_taken_where_it_saves_rows() -> None:
    lead = sized({"offers": list("abcdef"), "sd": 1.0, "gain": 0.05, "heterogeneity": 0.5})
    assert lead.arms[0].share == pytest.approx(root_shares(6)[0])
    assert "larger control" in lead.design
    menu = sized({"offers": list("abcdef"), "sd": 1.0, "gain": 0.2, "heterogeneity": 0.1})
    assert menu.arms[0].share == pytest.approx(1 / 6)


def test_root_shares_are_the_best_for_comparisons_with_the_control() -> None:
    def variance(control: float, offers: int = 5) -> float:
        return (offers - 1) / (1 - control) + 1 / control

    best = min(np.linspace(0.05, 0.95, 9_001), key=variance)
    assert root_shares(5)[0] == pytest.approx(best, abs=1e-3)


def test_one_dial_is_tried_from_end_to_end_on_its_steps() -> None:
    assert dial_levels(DialSpec("rate", 3.25, 11.75, 0.25), 4) == (3.25, 6.0, 9.0, 11.75)
    assert dial_levels(DialSpec("n", 0.0, 1.0, 0.4), 3) == (0.0, 0.4, 0.8)


def test_three_dials_make_a_balanced_square() -> None:
    box = tuple(DialSpec(name, 0.0, 1.0) for name in "abc")
    points = dial_points(box, 3, (("a", 0.0), ("b", 0.0), ("c", 0.0)))
    values = np.array([[value for _, value in point] for point in points])
    assert len(points) == 9
    for j in range(3):
        assert np.unique(values[:, j], return_counts=True)[1].tolist() == [3, 3, 3]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert len(np.unique(values[:, [i, j]], axis=0)) == 9
        assert abs(np.corrcoef(values[:, i], values[:, j])[0, 1]) < 1e-12


def test_no_offer_joins_the_points_of_dials() -> None:
    points = dial_points((DialSpec("rate", 1.0, 3.0),), 3, None)
    assert [name_of(point) for point in points] == ["no offer", "rate 1", "rate 2", "rate 3"]


def test_break_even_by_hand() -> None:
    business = Business(10_000, 6_000, 500, 100, 2, 12)
    # 6000 / 12 + 500 + 2 * 100 a month, over 20,000 customers a month.
    assert gain_needed(business) == pytest.approx(0.06)
    assert months_to_pay(business, 0.06) == pytest.approx(12.0)
    assert months_to_pay(business, 0.11) == pytest.approx(4.0)
    assert months_to_pay(business, 0.03) is None


@pytest.mark.parametrize(
    ("lo", "value", "hi", "launch"),
    [
        (0.07, 0.10, 0.13, "pays"),
        (0.02, 0.10, 0.18, "not shown to pay"),
        (0.01, 0.03, 0.05, "never pays"),
        (None, 0.10, None, "pays"),
        (None, 0.05, None, "never pays"),
    ],
)
def test_the_lower_end_of_the_gain_decides(
    lo: float | None, value: float, hi: float | None, launch: str
) -> None:
    business = Business(10_000, 6_000, 500, 100, 2, 12)
    gain = Known("gain", value, "read from the log" if lo else "stated", lo, hi)
    found = break_even(business, gain, 2.0, 0.8, 12)
    assert found.launch == launch
    assert (found.rows_to_prove is None) == (value <= 0.06)


def test_a_gain_reckoned_from_the_costs_proves_nothing() -> None:
    found = sized(
        {"offers": ["none", "mail"], "sd": 1.0, "build_cost": 600.0},
        profit={"per_row": "0", "population": 1_000},
    )
    assert found.facts.gain == pytest.approx(0.05)
    assert found.break_even.launch == "not known yet"


def test_a_launch_that_cannot_pay_is_blocked() -> None:
    found = sized(
        {"offers": ["none", "mail"], "sd": 1.0, "gain": 0.01, "build_cost": 600.0},
        profit={"per_row": "0", "population": 1_000},
    )
    assert [one.code for one in found.findings if one.level == "block"] == ["E550"]


def test_cluster_correlation_of_a_planted_one() -> None:
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(4_000), 5)
    noise = math.sqrt(0.3) * rng.standard_normal(4_000)[cluster]
    noise = noise + math.sqrt(0.7) * rng.standard_normal(20_000)
    icc, size = cluster_correlation(noise, cluster)
    assert size == 5.0
    assert abs(icc - 0.3) < 0.04


def test_a_log_tells_what_it_was_made_of() -> None:
    settings = Simulation(surface="smooth", offers=3, arm_effects=0.2, noise=1.0)
    drawn = simulate(settings, n=6_000, random_state=1)
    found = read_log(drawn.experiment, 0)
    own = drawn.truth[:, 1:] - drawn.truth[:, [0]]
    assert found.spread is not None
    assert found.spread.hi is not None
    assert found.spread.lo is not None
    # Features tell at most the spread that is there.
    assert found.spread.lo < own.std(axis=0).max() * 1.05
    assert found.spread.value > 0.5 * own.std(axis=0).max()
    assert found.baseline.lo < drawn.truth[:, 0].mean() < found.baseline.hi
    assert found.lead is not None
    assert found.lead.lo <= own.mean(axis=0).max() <= found.lead.hi


def test_drawn_customers_are_as_described() -> None:
    spec = SizeSpec(rate=0.2, margin=10.0, gain=0.5, icc=0.2, cluster_size=4)
    facts = make_facts(spec, ("none", "a", "b"), None, None)
    drawn = draw_world(world_of(facts, equal_shares(3)), 60_000, 0)
    log = drawn.experiment
    assert set(np.unique(log.profit)) == {0.0, 10.0}
    control = log.profit[log.offer == 0]
    assert control.mean() == pytest.approx(2.0, abs=0.12)
    effect = drawn.truth[:, 1] - drawn.truth[:, 0]
    assert effect.mean() == pytest.approx(0.5, abs=0.01)
    assert effect.std() == pytest.approx(0.5, rel=0.03)
    residual = log.profit - drawn.truth[np.arange(60_000), log.offer]
    assert cluster_correlation(residual, log.cluster)[0] == pytest.approx(0.2, abs=0.03)


def test_nothing_to_gain_is_taken_by_a_standard_error_in_one_of_six() -> None:
    facts = make_facts(SizeSpec(sd=1.0, gain=0.1), ("none", "a", "b"), None, None)
    assert next_power(facts, equal_shares(3), 1_000, 0.0, 3) == pytest.approx(0.1587, abs=1e-3)


def test_critical_value_rises_with_menus() -> None:
    found = [critical_value(menus) for menus in (1, 2, 3, 5)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(1.96, abs=0.01)


def test_intervals_of_rates_are_exact() -> None:
    found = rate("seen", [False] * 10, None)
    assert found.lo == 0.0
    assert found.hi == pytest.approx(1 - 0.025**0.1)
