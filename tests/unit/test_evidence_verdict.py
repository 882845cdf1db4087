"""The verdict by hand: who differs, which size, how the gain splits, whose hours suffice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.evidence.frontier import MenuFacts, make_frontier, make_ladder, make_values
from handful.evidence.ledger import Means
from handful.evidence.records import Estimate, FrontierPoint
from handful.evidence.verdict import (
    LEAST_CLUSTERS,
    Case,
    Challenge,
    challenges,
    choose_size,
    decide,
    differing_clusters,
    everywhere,
    fits_by_hand,
    split_gain,
)
from made_experiment import made_experiment

STILL = Estimate(0.0, 0.0, 0.0, 0.0)
LOG = made_experiment(1200, offers=3, control=0)


def _point(offers: int, value: float, setup: float = 0.0) -> FrontierPoint:
    return FrontierPoint(
        offers, ("A", "B", "C")[:offers], value, 0.1, value, value, STILL, None, value, 0.0, setup,
        value - setup,
    )  # fmt: skip


def _means(values: dict[str, float], se: float = 0.1) -> Means:
    """Independent columns with the same standard error."""
    names = tuple(values)
    return Means(names, np.array(list(values.values())), np.eye(len(names)) * se**2, 1000)


def _case(values: dict[str, float], costs: dict[int, float] | None = None, **changes) -> Case:
    means = _means(values, changes.pop("se", 0.1))
    sizes = [int(n[5:]) for n in values if n.startswith("menu:")]
    costs = costs or {}
    half = np.where(np.arange(LOG.n_rows) % 2 == 0, 1, 2)
    case = Case(
        means=means,
        clipped=None,
        codes={f"menu:{k}": half for k in sizes},
        frontier=tuple(_point(k, values[f"menu:{k}"], costs.get(k, 0.0)) for k in sizes),
        setup=(0.0, 0.0, 0.0),
        allowed=(0, 1, 2),
        single=1,
        fallback=np.zeros(LOG.n_rows, np.int64),
    )
    return replace(case, **changes)


VALUES = {
    "no_offer": 0.0,
    "best_single": 1.0,
    "menu:2": 2.0,
    "menu:3": 2.05,
    "single:0": 0.0,
    "single:1": 1.0,
    "single:2": 0.8,
}


def _held(*offers: int) -> list[Challenge]:
    return [Challenge(k, 9.0, 2.0, 1, True, True) for k in offers]


def test_differing_clusters_by_hand() -> None:
    offer = np.array([0, 0, 1, 1, 1, 2, 2])
    cluster = np.array([0, 0, 1, 2, 2, 3, 4])
    log = made_experiment(7, offers=3, offer=offer, cluster=cluster)
    given = np.array([1, 1, 1, 0, 1, 1, 0])
    # against "everybody 0": rows 0, 1, 2, 4, 5 differ; the log gave 1 on rows 2, 4 (clusters 1, 2)
    # and 0 on rows 0, 1 (cluster 0)
    assert differing_clusters(log, given, np.zeros(7, int)) == 1
    # against "everybody 1": rows 3 and 6 differ; the log gave 0 on neither
    assert differing_clusters(log, given, np.ones(7, int)) == 0


def test_the_same_policy_differs_nowhere() -> None:
    same = np.full(LOG.n_rows, 2)
    assert differing_clusters(LOG, same, same) == 0


def test_a_closed_single_offer_stands_for_its_fallback() -> None:
    support = np.array([[True, True, False]])
    closed = replace(LOG, design=replace(LOG.design, support=support))
    case = _case(VALUES, fallback=np.zeros(LOG.n_rows, np.int64))
    assert np.array_equal(everywhere(closed, case, 2), np.zeros(LOG.n_rows))
    assert np.array_equal(everywhere(closed, case, 1), np.ones(LOG.n_rows))


def test_the_least_t_over_single_offers_counts() -> None:
    found = challenges(LOG, _case(VALUES), 0)
    assert [c.offers for c in found] == [2, 3]
    assert found[0].hardest == 1
    # independent columns: the difference has standard error sqrt(0.02)
    assert found[0].t == pytest.approx(1.0 / np.sqrt(0.02))
    assert found[0].critical > 1.96
    assert all(c.holds for c in found)


def test_extra_setup_cost_counts_against_the_menu() -> None:
    found = challenges(LOG, _case(VALUES, {2: 0.4}, setup=(0.0, 0.1, 0.2)), 0)
    # 2.0 - 0.4 against 1.0 - 0.1
    assert found[0].t == pytest.approx(0.7 / np.sqrt(0.02))


def test_a_menu_that_hardly_differs_is_no_evidence() -> None:
    nearly = np.ones(LOG.n_rows, dtype=np.int64)
    nearly[: LEAST_CLUSTERS // 2] = 2
    case = _case(VALUES)
    case = replace(case, codes=case.codes | {"menu:2": nearly})
    found = challenges(LOG, case, 0)
    assert [(c.enough, c.holds) for c in found] == [(False, False), (True, True)]
    assert choose_size(case, found) == 3


def test_a_lead_that_winsorising_takes_away_is_no_evidence() -> None:
    clipped = _means(VALUES | {"menu:2": 0.99})
    found = challenges(LOG, _case(VALUES, clipped=clipped), 0)
    assert [(c.same_way, c.holds) for c in found] == [(False, False), (True, True)]


def test_a_policy_without_noise_beside_a_single_offer_proves_nothing() -> None:
    case = _case(VALUES, se=0.0)
    assert all(c.t == -np.inf and not c.holds for c in challenges(LOG, case, 0))


@pytest.mark.parametrize(
    ("proven", "third", "expected"),
    [
        ((), 2.05, None),
        ((2, 3), 2.05, 2),  # 0.05 apart, standard error 0.14: the smaller one
        ((2, 3), 2.5, 3),  # 0.5 apart
        ((3,), 2.05, 3),  # the smaller one is not proven
        ((2,), 2.5, 2),  # the better one is not proven: take the best that is
    ],
)
def test_the_smallest_proven_menu_within_one_error_of_the_best(proven, third, expected) -> None:
    assert choose_size(_case(VALUES | {"menu:3": third}), _held(*proven)) == expected


def test_sizes_are_compared_net_of_setup() -> None:
    case = _case(VALUES | {"menu:3": 2.5}, {3: 0.5})
    assert choose_size(case, _held(2, 3)) == 2


def test_the_split_of_the_gain_adds_up() -> None:
    gain = split_gain(_means(VALUES), "menu:2", 0)
    assert gain.better_single.value == pytest.approx(1.0)
    assert gain.targeting.value == pytest.approx(1.0)
    assert gain.total.value == pytest.approx(gain.better_single.value + gain.targeting.value)
    assert gain.total.se == pytest.approx(np.sqrt(0.02))


def test_without_a_menu_targeting_adds_nothing() -> None:
    gain = split_gain(_means(VALUES), None, 0)
    assert (gain.targeting.value, gain.targeting.lo, gain.targeting.hi) == (0.0, 0.0, 0.0)
    assert gain.total.value == gain.better_single.value


def test_without_no_offer_the_gain_is_over_the_logs_own_mix() -> None:
    values = {n: v for n, v in VALUES.items() if n != "no_offer"} | {"as_logged": 0.4}
    assert split_gain(_means(values), "menu:2", 0).total.value == pytest.approx(1.6)


@pytest.mark.parametrize(
    ("values", "kind", "offers"),
    [
        (VALUES, "handful", 2),
        (VALUES | {"menu:2": 1.1, "menu:3": 1.1}, "one_offer", 1),
        (
            VALUES | dict.fromkeys(("best_single", "menu:2", "menu:3", "single:1"), 0.2),
            "no_offer",
            0,
        ),
    ],
)
def test_the_kinds_of_verdict(values, kind, offers) -> None:
    case = _case(values)
    verdict = decide(LOG, case, challenges(LOG, case, 0), 0)
    assert (verdict.kind, verdict.offers) == (kind, offers)
    assert len(verdict.menu) == offers
    assert (verdict.gain is None) == (kind == "no_offer")


def test_no_offer_as_the_best_single_offer_is_no_offer() -> None:
    case = _case(VALUES | {"menu:2": 1.0, "menu:3": 1.0}, single=0)
    assert decide(LOG, case, challenges(LOG, case, 0), 0).kind == "no_offer"


def test_a_log_without_no_offer_never_ends_in_no_offer() -> None:
    values = {n: 0.0 for n in VALUES if n != "no_offer"} | {"as_logged": 0.0}
    case = _case(values)
    assert decide(LOG, case, challenges(LOG, case, 0), 0).kind == "one_offer"


def test_setup_of_the_single_offer_counts_against_it() -> None:
    values = VALUES | {"menu:2": 1.0, "menu:3": 1.0}
    case = _case(values)
    assert decide(LOG, case, challenges(LOG, case, 0), 0).kind == "one_offer"
    dear = _case(values, {2: 1.8, 3: 1.8}, setup=(0.0, 0.9, 0.9))
    assert decide(LOG, dear, challenges(LOG, dear, 0), 0).kind == "no_offer"


@pytest.mark.parametrize(
    ("customers", "minutes", "hours", "fits"),
    [
        (100, 6.0, 10.0, True),
        (101, 6.0, 10.0, False),
        (100, None, 10.0, False),
        (100, 6.0, None, False),
    ],
)
def test_by_hand_is_customers_times_minutes(customers, minutes, hours, fits) -> None:
    assert fits_by_hand(customers, minutes, hours) is fits


FACTS = [MenuFacts(1, ("B",), 1.1, 0.0, 0.1), MenuFacts(2, ("B", "C"), 2.4, 0.01, 0.3)]
COLUMNS = {
    "best_single": 1.0,
    "menu:1": 1.0,
    "menu:2": 1.8,
    "one_to_one": 2.0,
    "depth-2 policy tree": 1.5,
    "single:0": 0.0,
    "as_logged": 0.7,
}


def test_the_frontier_by_hand() -> None:
    one, two = make_frontier(make_values(_means(COLUMNS), 0), FACTS)
    assert (one.value, one.net, one.claimed, one.gain_over_single) == (1.0, 0.9, 1.1, STILL)
    assert two.gain_over_single.value == pytest.approx(0.8)
    assert two.net == pytest.approx(1.5)
    assert two.share_of_one_to_one == pytest.approx(0.8)
    assert two.lo < two.value < two.hi


def test_a_share_of_nothing_is_not_shown() -> None:
    """One-to-one gains 1 with standard error sqrt(2) / 2: within two errors of nothing."""
    points = make_frontier(make_values(_means(COLUMNS, se=0.5), 0), FACTS)
    assert [point.share_of_one_to_one for point in points] == [None, None]


def test_single_offers_and_the_log_are_no_rivals() -> None:
    values = make_values(_means(COLUMNS), 0)
    assert set(values.value) == set(COLUMNS) - {"single:0", "as_logged"}
    assert set(values.gain) == {"menu:2", "one_to_one", "depth-2 policy tree"}


def test_the_menu_of_an_offer_that_must_stay_has_a_gain_of_its_own() -> None:
    values = make_values(_means(COLUMNS | {"menu:1": 0.6}), 0)
    assert make_frontier(values, FACTS)[0].gain_over_single.value == pytest.approx(-0.4)


def test_rivals_that_the_log_cannot_show_say_why() -> None:
    rungs = make_ladder(make_values(_means(COLUMNS), 0), {"one_to_one": 3})
    ladder = {rung.name: rung for rung in rungs}
    tree, absent = ladder["depth-2 policy tree"], ladder["engaged or not"]
    assert tree.gain is not None
    assert tree.gain.value == pytest.approx(0.5)
    assert ladder["one-to-one"].offers == 3
    assert absent.value is None
    assert "evidence.engaged" in absent.why_absent
