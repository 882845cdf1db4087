"""Menus from parquet folders: samples drawn from row groups, then as few readings as possible."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handful.errors import DataError
from handful.menu import parquet, passes
from handful.menu.choose import choose_menu
from handful.menu.parquet import open_parquet
from handful.menu.sources import all_blocks

NAMES = [f"g{g}" for g in range(20)]


def structured(rows, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, 20))
    noise = 0.3 * rng.normal(size=(rows, 20))
    return (2.0 + centres[rng.integers(0, 8, rows)] + noise).astype(np.float32)


def write(folder, values, parts=3, group=5000, order=range(20)):
    folder.mkdir()
    for part, block in enumerate(np.array_split(values, parts)):
        columns = {NAMES[g]: pa.array(block[:, g].copy()) for g in order}
        pq.write_table(pa.table(columns), folder / f"{part}.parquet", row_group_size=group)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("menu") / "parts", structured(90_000))


def readings(monkeypatch, rows):
    """Count the passes over everybody."""
    seen = []
    shares = passes.shares

    def counted(customers):
        if customers.source.rows == rows:
            seen.append(1)
        return shares(customers)

    monkeypatch.setattr(passes, "shares", counted)
    return seen


def test_a_folder_is_read_once_where_that_is_enough(folder, monkeypatch):
    seen = readings(monkeypatch, 90_000)
    path = choose_menu(folder, max_offers=6)
    assert max(choice.gap for choice in path) <= 1e-3
    assert len(seen) == 1


def test_a_folder_gives_the_menus_of_the_matrix(folder):
    expected = choose_menu(structured(90_000), max_offers=6, gap=1e-5)
    found = choose_menu(folder, max_offers=6, gap=1e-5)
    assert [c.menu for c in found] == [c.menu for c in expected]
    np.testing.assert_allclose([c.value for c in found], [c.value for c in expected], rtol=1e-6)
    for choice, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(choice.shares, other.shares, atol=1e-9)


@pytest.mark.parametrize("rows", [3_000, 90_000, 320_000])
def test_of_identical_offers_the_smallest_column_is_named(tmp_path, rows):
    values = structured(rows)
    copies = [0, 3, 14, 19]
    values[:, copies] = values[:, [19]]
    for given_values in (values, write(tmp_path / "parts", values, group=20_000)):
        path = choose_menu(given_values, max_offers=6, random_state=5)
        for choice in path:
            held = [g for g in choice.menu if g in copies]
            assert held == copies[: len(held)]
            assert choice.value == pytest.approx(
                float(values[:, list(choice.menu)].max(axis=1).astype(np.float64).sum()), rel=1e-7
            )
            assert choice.shares.sum() == pytest.approx(1.0)
    assert any(0 in choice.menu for choice in path)


def test_a_forced_offer_keeps_its_name(tmp_path):
    values = structured(30_000)
    values[:, 3] = values[:, 19]
    for choice in choose_menu(values, max_offers=4, always=[19]):
        assert 19 in choice.menu
        assert 3 not in choice.menu


def test_columns_apart_sum_as_a_block_does(folder):
    source = open_parquet(str(folder))
    part = next(source.parts())
    whole = np.concatenate(list(part.blocks()))
    asked = passes.request(swapped=np.array([[1, 5, 9]]))
    apart = [passes.read_block(block, None, asked) for block in part.apart()]
    expected = passes.swap_block(whole, None, np.array([[1, 5, 9]]))
    np.testing.assert_allclose(sum(r.swaps.inside for r in apart), expected.inside, rtol=1e-6)
    assert sum(r.columns.rows for r in apart) == len(whole)


def test_columns_of_several_types_are_read(tmp_path):
    values = np.round(structured(30_000))
    columns = {NAMES[g]: pa.array(values[:, g].copy()) for g in range(19)}
    columns[NAMES[19]] = pa.array(values[:, 19].astype(np.int64))
    (tmp_path / "parts").mkdir()
    pq.write_table(pa.table(columns), tmp_path / "parts" / "0.parquet", row_group_size=9000)
    found, expected = (choose_menu(v, max_offers=4) for v in (tmp_path / "parts", values))
    assert [c.menu for c in found] == [c.menu for c in expected]


def test_weights_follow_their_rows(folder):
    weights = np.random.default_rng(3).random(90_000)
    expected = choose_menu(structured(90_000), max_offers=4, weights=weights)
    found = choose_menu(folder, max_offers=4, weights=weights)
    assert [c.menu for c in found] == [c.menu for c in expected]
    np.testing.assert_allclose([c.value for c in found], [c.value for c in expected], rtol=1e-6)
    with pytest.raises(DataError, match="weights"):
        choose_menu(folder, max_offers=4, weights=weights[1:])


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_do_not_change_a_bit(folder, threads):
    one = choose_menu(folder, max_offers=4, n_threads=1)
    found = choose_menu(folder, max_offers=4, n_threads=threads)
    assert [(c.menu, c.value, c.bound) for c in found] == [(c.menu, c.value, c.bound) for c in one]


def test_sampled_rows_are_the_rows_they_say(folder):
    values = structured(90_000)
    sample = open_parquet(str(folder)).sample(20_000, np.random.default_rng(1))
    assert len(np.unique(sample.numbers)) == len(sample.numbers) >= 19_900
    np.testing.assert_array_equal(sample.values, values[sample.numbers])
    # Every file is represented.
    assert set(sample.numbers // 30_000) == {0, 1, 2}


def test_large_row_groups_are_decoded_in_pieces(folder, monkeypatch):
    whole = np.concatenate(list(all_blocks(open_parquet(str(folder)))))
    monkeypatch.setattr(parquet, "WHOLE_CELLS", 1000)
    monkeypatch.setattr(parquet, "block_rows", lambda offers: 700)
    pieces = list(all_blocks(open_parquet(str(folder))))
    assert max(map(len, pieces)) <= 700 * parquet.GROWTH
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_columns_in_another_order_are_found_by_name(tmp_path):
    values = structured(3000)
    folder = write(tmp_path / "parts", values[:2000], parts=1)
    other = write(tmp_path / "other", values[2000:], parts=1, order=range(19, -1, -1))
    (other / "0.parquet").rename(folder / "1.parquet")
    found = np.concatenate(list(all_blocks(open_parquet(str(folder)))))
    np.testing.assert_array_equal(found, values)


def test_a_file_of_other_columns_is_refused(tmp_path):
    folder = write(tmp_path / "parts", structured(2000), parts=1)
    other = write(tmp_path / "other", structured(2000), parts=1, order=range(19))
    (other / "0.parquet").rename(folder / "1.parquet")
    with pytest.raises(DataError) as error:
        choose_menu(folder, max_offers=2)
    assert error.value.findings[0].code == "M602"
    assert "1.parquet" in error.value.findings[0].message


def test_a_folder_without_rows_is_refused(tmp_path):
    folder = write(tmp_path / "parts", structured(10)[:0], parts=1)
    with pytest.raises(DataError) as error:
        choose_menu(folder, max_offers=2)
    assert error.value.findings[0].code == "M602"


def test_one_bad_cell_outside_the_sample_is_found(tmp_path):
    values = structured(90_000)
    values[29_999, 7] = np.nan  # at the end of a row group, where no sample is drawn
    with pytest.raises(DataError) as error:
        choose_menu(write(tmp_path / "parts", values, group=30_000), max_offers=3)
    assert error.value.findings[0].code == "M601"
    assert error.value.findings[0].count == 1
