"""Menus worked by hand, every kind of input, and clear refusals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handful import kernels
from handful.errors import BriefError, DataError
from handful.menu import passes
from handful.menu.assign import assign_menu
from handful.menu.choose import choose_menu
from handful.menu.sources import LowRank, MatrixSource

HAND = np.array([[1.0, 0.0, 3.0], [1.0, 2.0, 0.0], [1.0, 0.0, 0.0]])
"""Alone 0 is worth 3, 1 is worth 2, 2 is worth 3; {0, 2} and {1, 2} tie at 5; all give 6."""


def codes(error):
    return [finding.code for finding in error.value.findings]


def large(rows=30_000, offers=40, seed=0):
    """A problem beyond the exhaustive path: three tastes, strongly structured."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(12, offers))
    noise = 0.3 * rng.normal(size=(rows, offers))
    return (2.0 + centres[rng.integers(0, 12, rows)] + noise).astype(np.float32)


def test_hand_worked_path():
    path = choose_menu(HAND, max_offers=3)
    assert [choice.menu for choice in path] == [(0,), (0, 2), (0, 1, 2)]
    assert [choice.value for choice in path] == [3.0, 5.0, 6.0]
    assert [choice.bound for choice in path] == [3.0, 5.0, 6.0]
    assert [choice.gap for choice in path] == [0.0, 0.0, 0.0]
    assert [choice.next_offer_worth for choice in path][:2] == [2.0, 1.0]
    assert np.isnan(path.at(3).next_offer_worth)
    np.testing.assert_allclose(path.at(2).shares, [2 / 3, 1 / 3])


def test_setup_costs_enter_the_choice():
    path = choose_menu(HAND, max_offers=3, setup_cost=[2.5, 0.0, 0.0])
    assert path.menu(1) == (2,)
    assert path.menu(2) == (1, 2)
    assert path.at(3).net == 3.5
    assert path.best.choice.offers == 2
    assert path.best.bound == 5.0
    assert path.best.gap == 0.0


def test_break_even_setup_costs():
    low_to_high = {
        each.offers: (each.lowest, each.highest)
        for each in choose_menu(HAND, max_offers=3).break_even()
    }
    # The second offer is worth 2 and the third 1.
    assert low_to_high == {1: (2.0, np.inf), 2: (1.0, 2.0), 3: (0.0, 1.0)}


def test_a_size_that_is_never_best_has_no_break_even():
    # One compromise is worth 6, two offers 7, three specialists 9: nobody stops at two.
    values = np.array([[3.0, 0, 0, 2], [0, 3, 0, 2], [0, 0, 3, 2]])
    one, two, three = choose_menu(values, max_offers=3).break_even()
    assert (one.lowest, one.highest) == (1.5, np.inf)
    assert np.isnan(two.lowest)
    assert np.isnan(two.highest)
    assert (three.lowest, three.highest) == (0.0, 1.5)


def test_forced_and_excluded_offers():
    path = choose_menu(HAND, max_offers=3, always=[1], never=[2])
    assert [choice.menu for choice in path] == [(1,), (0, 1)]
    start_at_two = choose_menu(HAND, max_offers=3, always=[0, 1])
    assert [choice.offers for choice in start_at_two] == [2, 3]
    assert start_at_two.menu(3) == (0, 1, 2)


def test_path_stops_at_the_number_of_offers():
    assert [choice.offers for choice in choose_menu(HAND, max_offers=99)] == [1, 2, 3]


def test_masked_cells_count_as_the_fallback():
    values = np.array([[-np.inf, 5.0], [2.0, -np.inf], [-np.inf, -np.inf]])
    path = choose_menu(values, max_offers=2)
    assert path.menu(1) == (1,)
    assert path.at(1).value == 5.0
    np.testing.assert_allclose(path.at(1).shares, [1 / 3])
    np.testing.assert_allclose(path.at(2).shares, [1 / 3, 1 / 3])
    assert assign_menu(values, (0, 1)).tolist() == [1, 0, -1]


def test_gap_over_no_offer_is_wider_than_over_the_value():
    values = large() + 10
    choice = choose_menu(values, max_offers=3, no_offer=0, gap=0.05).at(3)
    over_none = choice.value - float(values[:, 0].sum(dtype=np.float64))
    assert choice.gap_over_none == pytest.approx((choice.bound - choice.net) / over_none, rel=1e-4)
    assert choice.gap_over_none > choice.gap


def test_structured_data_are_certified():
    path = choose_menu(large(), max_offers=6)
    assert max(choice.gap for choice in path) <= 1e-3
    assert min(choice.gap for choice in path) >= 0.99e-6
    closer = choose_menu(large(), max_offers=6, gap=2e-5)
    assert max(choice.gap for choice in closer) <= 3e-5


def test_uniform_noise_reports_its_wide_gap():
    values = np.random.default_rng(0).random((30_000, 40), dtype=np.float32)
    path = choose_menu(values, max_offers=4)
    assert path.at(4).gap > 0.02
    assert path.at(4).bound < values.max(axis=1).sum(dtype=np.float64) * (1 + 1e-6)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_change_a_bit(threads):
    reference = choose_menu(large(), max_offers=4, n_threads=1)
    found = choose_menu(large(), max_offers=4, n_threads=threads)
    assert [(c.menu, c.value, c.bound) for c in found] == [
        (c.menu, c.value, c.bound) for c in reference
    ]


class Batches:
    """Arrow batches of uneven size that can be read again."""

    def __init__(self, values, size):
        self.values, self.size = values, size

    def __iter__(self):
        names = [f"g{g}" for g in range(self.values.shape[1])]
        for start in range(0, len(self.values), self.size):
            block = self.values[start : start + self.size]
            yield pa.RecordBatch.from_arrays([pa.array(c) for c in block.T.copy()], names=names)


def inputs(values, folder):
    names = [f"g{g}" for g in range(values.shape[1])]
    table = pa.table([pa.array(column) for column in values.T.copy()], names=names)
    (folder / "parts").mkdir()
    pq.write_table(table.slice(0, 9000), folder / "parts" / "a.parquet", row_group_size=4000)
    pq.write_table(table.slice(9000), folder / "parts" / "b.parquet", row_group_size=4000)
    mapped = np.memmap(folder / "values.f4", dtype=np.float32, mode="w+", shape=values.shape)
    mapped[:] = values
    mapped.flush()
    read_only = np.memmap(folder / "values.f4", dtype=np.float32, mode="r", shape=values.shape)
    yield "Fortran order", np.asfortranarray(values)
    yield "mapped, read only", read_only
    yield "strided", np.repeat(values, 2, axis=0)[::2]
    yield "byte-swapped", values.astype(">f4")
    yield "list of blocks", [values[:5], values[5:12_000], values[12_000:]]
    yield "Arrow batches", Batches(values, 7001)
    yield "Arrow table", table
    yield "parquet folder", folder / "parts"
    yield "float64", values.astype(np.float64)


def test_every_input_gives_the_same_menus(tmp_path):
    values = large(rows=27_000)
    expected = choose_menu(values, max_offers=4)
    for name, given in inputs(values, tmp_path):
        found = choose_menu(given, max_offers=4)
        assert [c.menu for c in found] == [c.menu for c in expected], name
        np.testing.assert_allclose(
            [c.value for c in found], [c.value for c in expected], rtol=1e-6, err_msg=name
        )


def test_low_rank_pair_is_the_product():
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(3000, 4)), rng.normal(size=(4, 9))
    pair = choose_menu(LowRank(left, right), max_offers=3)
    whole = choose_menu(left @ right, max_offers=3)
    assert [c.menu for c in pair] == [c.menu for c in whole]
    assert assign_menu(LowRank(left, right), (0, 4)).tolist() == (
        assign_menu(left @ right, (0, 4)).tolist()
    )


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.float16])
def test_other_numbers_are_converted(dtype):
    assert choose_menu(HAND.astype(dtype), max_offers=2).at(2).value == 5.0


def test_without_compiled_kernels_the_answer_is_the_same(monkeypatch):
    values = large(rows=26_500)
    expected = choose_menu(values, max_offers=3)
    monkeypatch.setattr(passes.kernels, "available", lambda: False)
    found = choose_menu(values, max_offers=3)
    assert [c.menu for c in found] == [c.menu for c in expected]
    np.testing.assert_allclose([c.bound for c in found], [c.bound for c in expected], rtol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)])
def test_one_customer_or_one_offer(shape):
    values = np.arange(5.0).reshape(shape) if 5 in shape else np.array([[7.0]])
    path = choose_menu(values, max_offers=3)
    assert path.at(1).value == values.sum(axis=0).max()
    assert path.at(len(path)).value == values.max(axis=1).sum()


def test_all_values_masked_are_worth_nothing():
    path = choose_menu(np.full((4, 3), -np.inf), max_offers=2)
    assert [c.value for c in path] == [0.0, 0.0]
    assert [c.gap for c in path] == [0.0, 0.0]
    assert path.at(2).shares.tolist() == [0.0, 0.0]


def test_more_than_two_to_the_31_cells():
    row = np.arange(64, dtype=np.float32)[None]
    values = np.broadcast_to(row, (2**25 + 1, 64))
    sums = passes.scan(passes.Customers(MatrixSource(values), None, 2))
    assert sums.totals.tolist() == (row[0].astype(np.float64) * (2**25 + 1)).tolist()
    assert sums.rows == 2**25 + 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (np.array([[1.0, np.nan]]), "M601"),
        (np.array([[1.0, np.inf]]), "M601"),
        (np.array([[np.inf, -np.inf]]), "M601"),
        (np.array([1.0, 2.0]), "M602"),
        (np.zeros((0, 3)), "M602"),
        (np.zeros((3, 0)), "M602"),
        (np.array([["a", "b"]]), "M602"),
        (np.array([[1 + 2j]]), "M602"),
        (np.array([[True, False]]), "M602"),
        (5, "M602"),
        ([], "M602"),
        ([np.zeros((2, 3)), np.zeros((2, 4))], "M602"),
        ((block for block in [np.zeros((2, 3))]), "M603"),
        (np.full((4, 2), 1e308), "M609"),
        (LowRank(np.zeros((3, 2)), np.zeros((3, 2))), "M602"),
    ],
)
def test_bad_values_are_refused(values, code):
    with pytest.raises(DataError) as error:
        choose_menu(values, max_offers=2)
    assert codes(error) == [code]


def test_bad_cells_are_counted():
    values = np.ones((10, 3))
    values[2, 1], values[3, 0] = np.nan, np.inf
    with pytest.raises(DataError) as error:
        choose_menu(values, max_offers=2)
    assert error.value.findings[0].count == 2


@pytest.mark.parametrize(
    "weights",
    [
        np.ones(2),
        np.ones(4),
        np.array([1, -1, 1.0]),
        np.array([1, np.nan, 1]),
        np.zeros(3),
        np.ones((3, 1)),
    ],
)
def test_bad_weights_are_refused(weights):
    with pytest.raises(DataError) as error:
        choose_menu(HAND, max_offers=2, weights=weights)
    assert codes(error) == ["M604"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"max_offers": 0}, "M605"),
        ({"max_offers": 1.5}, "M605"),
        ({"max_offers": 1, "always": [0, 1]}, "M605"),
        ({"max_offers": 2, "always": [3]}, "M606"),
        ({"max_offers": 2, "always": [-1]}, "M606"),
        ({"max_offers": 2, "always": [0], "never": [0]}, "M606"),
        ({"max_offers": 2, "never": [0, 1, 2]}, "M606"),
        ({"max_offers": 2, "no_offer": 3}, "M606"),
        ({"max_offers": 2, "setup_cost": [1.0, 2.0]}, "M607"),
        ({"max_offers": 2, "setup_cost": -1.0}, "M607"),
        ({"max_offers": 2, "setup_cost": np.nan}, "M607"),
        ({"max_offers": 2, "gap": -0.1}, "M608"),
        ({"max_offers": 2, "n_threads": 0}, "M608"),
        ({"max_offers": 2, "random_state": -1}, "M608"),
    ],
)
def test_bad_calls_are_refused(arguments, code):
    with pytest.raises(BriefError) as error:
        choose_menu(HAND, **arguments)
    assert code in codes(error)


def test_all_findings_come_at_once():
    with pytest.raises(BriefError) as error:
        choose_menu(HAND, max_offers=0, always=[9], setup_cost=-1.0)
    assert set(codes(error)) == {"M605", "M606", "M607"}


def test_kernels_are_built_here():
    assert kernels.available()


def test_two_offers_are_exact_whatever_the_structure():
    values = np.random.default_rng(0).random((30_000, 40), dtype=np.float32)
    choice = choose_menu(values, max_offers=2, setup_cost=np.linspace(0, 900, 40)).at(2)
    costs = np.linspace(0, 900, 40)
    best = max(
        values[:, [g, h]].max(axis=1).sum(dtype=np.float64) - costs[g] - costs[h]
        for g in range(40)
        for h in range(g + 1, 40)
    )
    assert choice.net == pytest.approx(best, rel=1e-7)
    assert choice.gap <= 2.1e-6
    forced = choose_menu(values, max_offers=2, always=[7], never=[choice.menu[0]]).at(2)
    assert 7 in forced.menu
    assert forced.gap <= 2.1e-6


@pytest.mark.parametrize("size", [0, 1, 4])
def test_a_size_that_the_path_does_not_hold_is_refused(size):
    with pytest.raises(BriefError) as error:
        choose_menu(HAND, max_offers=3, always=[0, 1]).at(size)
    assert codes(error) == ["M605"]


def test_rounding_allowance_does_not_shrink_with_the_net_value():
    values = large()
    free = choose_menu(values, max_offers=2).at(2)
    dear = choose_menu(values, max_offers=2, setup_cost=free.value / 2 * 0.999).at(2)
    assert dear.bound - dear.net >= 0.99e-6 * dear.value
