"""The menu's limits: all that is wrong at once; set-up costs spread over the population."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.effects.crossfit import CrossFit, World
from handful.errors import BriefError
from handful.evidence.splits import (
    best_single,
    menu_path,
    relative_values,
    standard_codes,
    value_split,
)
from handful.evidence.terms import make_terms
from handful.experiment.tails import TailFacts
from made_experiment import made_experiment

LOG = made_experiment(600, offers=4, control=0)


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(BriefError) as refusal:
        make_terms(
            LOG, max_offers=0, setup_cost={"A": -1.0, "Q": 2.0}, always=("X", "B"), never=("B", "Y")
        )
    codes = sorted(finding.code for finding in refusal.value.findings)
    assert codes == ["E501", "E501", "E501", "E502", "E502", "E503", "E503"]
    messages = " ".join(finding.message for finding in refusal.value.findings)
    assert all(f"'{name}'" in messages for name in ("X", "Y", "Q"))
    assert "B is in both" in messages


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"never": ("A", "B", "C", "D")}, "E502"),
        ({"always": ("A", "B", "C"), "max_offers": 2}, "E502"),
        ({"max_offers": 0}, "E503"),
        ({"setup_cost": float("nan")}, "E503"),
        ({"setup_cost": -0.01}, "E503"),
        ({"setup_cost": {"B": float("inf")}}, "E503"),
    ],
)
def test_a_limit_out_of_range_is_refused(limits, code) -> None:
    with pytest.raises(BriefError) as refusal:
        make_terms(LOG, **{"max_offers": 3} | limits)
    assert [finding.code for finding in refusal.value.findings] == [code]


def test_one_cost_is_spread_over_the_population_and_spares_no_offer() -> None:
    spread = make_terms(replace(LOG, population=2_000.0), max_offers=3, setup_cost=500.0)
    assert spread.setup.tolist() == [0.0, 0.25, 0.25, 0.25]


def test_a_table_of_costs_names_each_offer_and_log_customers_stand_in_for_a_population() -> None:
    customers = np.arange(600) // 2
    spread = make_terms(
        replace(LOG, customers=customers), max_offers=9, setup_cost={"A": 30.0, "C": 60.0}
    )
    assert spread.setup.tolist() == [0.1, 0.0, 0.2, 0.0]
    assert spread.max_offers == 4


def test_always_and_never_are_codes() -> None:
    found = make_terms(LOG, max_offers=4, always=("D", "B"), never=("A",))
    assert (found.always, found.never, found.allowed) == ((1, 3), (0,), (1, 2, 3))
    assert found.max_offers == 3
    assert set(found.fallback.tolist()) == {0}


def test_values_are_relative_to_the_fallback() -> None:
    predicted = np.array([[1.0, 3.0, 2.0], [5.0, 4.0, 9.0]])
    cells = np.array([[True, True, False], [True, True, True]])
    found = relative_values(predicted, cells, np.array([0, 1]))
    # the closed cell holds the row's worst open value
    assert found.tolist() == [[0.0, 2.0, 0.0], [1.0, 0.0, 5.0]]


def test_the_best_single_offer_is_net_of_setup_and_never_a_forbidden_one() -> None:
    rows = np.arange(600)
    scores = np.tile([1.0, 2.0, 3.0, 4.0], (600, 1))
    cells = LOG.open_cells

    def best(**limits) -> int:
        return best_single(scores, cells, make_terms(LOG, max_offers=1, **limits), rows)

    assert best() == 3
    assert best(never=("D",)) == 2
    assert best(setup_cost={"D": 600 * 1.5}) == 2


def _three_worlds(predicted: np.ndarray) -> CrossFit:
    """Every world sees the same predictions, used as scores too."""
    fold = np.arange(600) % 3
    worlds = tuple(
        World(rows, predicted[rows], predicted[rows])
        for rows in (np.flatnonzero(fold != j) for j in range(3))
    )
    return CrossFit(fold, predicted, predicted, worlds)


def _two_kinds() -> np.ndarray:
    """Two in three customers are worth 3 with B, the others 4 with C; D is worth 2.5 always."""
    kind = np.arange(600) // 3 % 3 == 0
    return np.column_stack(
        [np.zeros(600), np.where(kind, 0.0, 3.0), np.where(kind, 4.0, 0.0), np.full(600, 2.5)]
    )


def test_policies_by_hand() -> None:
    predicted = _two_kinds()
    codes = standard_codes(LOG, _three_worlds(predicted), make_terms(LOG, max_offers=4))
    assert set(codes["no_offer"].tolist()) == {0}
    assert set(codes["best_single"].tolist()) == {3}
    kind = predicted[:, 2] == 4.0
    assert np.array_equal(codes["menu:2"], np.where(kind, 2, 1))
    assert np.array_equal(codes["one_to_one"], codes["menu:2"])
    assert np.array_equal(codes["menu:1"], codes["best_single"])


def test_an_offer_that_must_stay_is_the_menu_of_one() -> None:
    terms = make_terms(LOG, max_offers=2, always=("B",))
    codes = standard_codes(LOG, _three_worlds(_two_kinds()), terms)
    assert set(codes["menu:1"].tolist()) == {1}
    assert set(codes["best_single"].tolist()) == {3}


def test_the_menu_path_counts_setup_costs_once_per_customer() -> None:
    """C is worth 4 / 3 per customer beside D's 2.5: D and C give 3, B and C 10 / 3."""
    predicted, cells = _two_kinds(), LOG.open_cells
    dear = make_terms(LOG, max_offers=2, setup_cost={"B": 600 * 0.4})
    path = menu_path(predicted, cells, dear.fallback, dear)
    assert path.menu(2) == (2, 3)
    cheap = make_terms(LOG, max_offers=2, setup_cost={"B": 600 * 0.3})
    path = menu_path(predicted, cells, cheap.fallback, cheap)
    assert path.menu(2) == (1, 2)


def test_every_policy_is_looked_up_in_the_scores() -> None:
    fit = _three_worlds(_two_kinds())
    terms = make_terms(LOG, max_offers=2)
    codes = standard_codes(LOG, fit, terms)
    light = TailFacts(1, 0.0, False, (0.0, 1.0))
    split = value_split(LOG, fit, terms, codes, light)
    assert split.clipped == {}
    assert np.array_equal(split.columns["menu:2"], fit.scores.max(axis=1))
    assert split.columns["single:3"].tolist() == [2.5] * 600
    heavy = TailFacts(1, 0.5, True, (-0.5, 0.5))
    held = value_split(LOG, fit, terms, codes, heavy).clipped["single:1"]
    got = LOG.offer == 1
    mu, e = fit.predicted[:, 1], LOG.design.received
    expected = np.where(got, mu + (np.clip(LOG.profit, -0.5, 0.5) - mu) / e, mu)
    np.testing.assert_allclose(held, expected, rtol=1e-12)
