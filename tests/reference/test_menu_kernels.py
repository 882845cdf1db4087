"""Both versions of every pass, compiled and numpy, against sums written out row by row."""

from __future__ import annotations

import menu_oracle as oracle
import numpy as np
import pytest

from handful import kernels
from handful.menu import blockwise, passes
from handful.menu.prices import as_points

CASES = [(1, 3), (2, 40), (5, 130), (16, 128), (17, 129), (64, 300), (70, 257)]
DTYPES = [np.float32, np.float64]
VERSIONS = [blockwise, passes] if kernels.available() else [blockwise]


def layouts(values):
    """The same values in every memory layout the passes must read."""
    wide = np.repeat(values, 2, axis=1)
    return [values, np.asfortranarray(values), wide[:, ::2], values[::-1][::-1]]


def run(version, name, *arguments):
    return getattr(version, name if version is blockwise else f"{name}_block")(*arguments)


def problem(offers, rows, dtype, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, offers)).astype(dtype)
    values[rng.random(values.shape) < 0.05] = -np.inf
    return rng, values, rng.random(rows)


def close(found, expected, dtype):
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(
        found, expected, atol=scale * (2e-6 if dtype == np.float32 else 1e-12)
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("offers", "rows"), CASES)
def test_scan(version, dtype, offers, rows):
    _, values, weights = problem(offers, rows, dtype)
    for layout in layouts(values):
        sums = run(version, "scan", layout, weights)
        close(sums.totals, weights @ oracle.cells(values), dtype)
        assert sums.masked == np.isneginf(values).sum()
        assert sums.rows == rows
        assert sums.weight == pytest.approx(weights.sum(), rel=1e-6)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("offers", "rows"), CASES)
def test_swap_sums_give_the_value_of_every_changed_menu(version, dtype, offers, rows):
    rng, values, weights = problem(offers, rows, dtype)
    menus = [tuple(sorted(rng.choice(offers, min(k, offers), replace=False))) for k in (1, 2, 5)]
    table = np.full((3, max(map(len, menus))), -1)
    for row, menu in enumerate(menus):
        table[row, : len(menu)] = menu
    for layout in layouts(values):
        sums = run(version, "swap", layout, weights, table)
        for row, menu in enumerate(menus):
            value, add, drop, swap = oracle.swap_tables(values, menu, weights)
            k = len(menu)
            inside, loss = sums.inside[row, :k], sums.loss[row, :k]
            close(sums.value[row], value, dtype)
            close(inside.sum(axis=0), add, dtype)
            close(sums.taken[row].sum(), weights.sum(), dtype)
            if k > 1:
                close(-loss, drop, dtype)
                gains = inside.sum(axis=0) - inside + sums.removed[row, :k] - loss[:, None]
                close(gains, swap, dtype)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("offers", "rows"), CASES)
def test_values_and_who_takes_what(version, dtype, offers, rows):
    rng, values, weights = problem(offers, rows, dtype)
    values[: rows // 2] = np.round(values[: rows // 2])  # ties, which the first member wins
    menus = [tuple(sorted(rng.choice(offers, min(k, offers), replace=False))) for k in (1, 2, 5)]
    table = np.full((3, max(map(len, menus))), -1)
    for row, menu in enumerate(menus):
        table[row, : len(menu)] = menu
    asked = passes.request(valued=table)
    for layout in layouts(values):
        name = "read" if version is blockwise else "read_block"
        sums = getattr(version, name)(layout, weights, asked).values
        for row, menu in enumerate(menus):
            best = oracle.cells(values)[:, list(menu)].argmax(axis=1)
            close(sums.value[row], oracle.net_value(values, menu, weights, np.zeros(offers)), dtype)
            close(sums.taken[row], np.bincount(best, weights, table.shape[1]), dtype)


def test_one_reading_gives_what_single_passes_give():
    _, values, weights = problem(17, 400, np.float32)
    menus, points = np.array([[1, 5], [3, -1]]), as_points([np.full(17, 0.2)], np.array([2, 4]))
    both = passes.read_block(values, weights, passes.request(menus, menus[::-1].copy(), points))
    swaps, cuts = (
        passes.swap_block(values, weights, menus),
        passes.cut_block(values, weights, points),
    )
    np.testing.assert_array_equal(both.swaps.removed, swaps.removed)
    np.testing.assert_array_equal(both.cuts.slope, cuts.slope)
    np.testing.assert_array_equal(both.columns.totals, passes.scan_block(values, weights).totals)
    np.testing.assert_allclose(both.values.value[::-1], swaps.value, rtol=1e-6)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("offers", "rows"), CASES)
def test_cuts(version, dtype, offers, rows):
    rng, values, weights = problem(offers, rows, dtype)
    shares = [np.minimum(rng.dirichlet(np.ones(offers)) * 3, 1.0) for _ in range(3)]
    shares += [np.ones(offers), np.eye(offers)[0]]
    leaders = np.arange(min(offers, 3))
    for layout in layouts(values):
        sums = run(version, "cut", layout, weights, as_points(shares, leaders))
        for row, point in enumerate(shares):
            constant, slope = oracle.cut(values, weights, point, leaders)
            close(sums.constant[row], constant, dtype)
            close(sums.slope[row], slope, dtype)


@pytest.mark.skipif(not kernels.available(), reason="kernels were not built")
@pytest.mark.parametrize("level", ["baseline", "v3", "v4"])
def test_every_instruction_level_gives_the_same_sums(level, monkeypatch):
    from handful.kernels import menu as compiled
    from handful.kernels.library import load

    widest = load().handful_level()
    if {"baseline": 0, "v3": 3, "v4": 4}[level] > widest:
        pytest.skip("this processor has no such instructions")
    _, values, weights = problem(70, 300, np.float64)
    expected = blockwise.swap(values, weights, np.array([[1, 5, 9]]))
    monkeypatch.setattr(compiled, "_level", lambda: level)
    for found, wanted in zip(
        compiled.read(values, weights, passes.request(np.array([[1, 5, 9]]))).swaps,
        (expected.value, expected.taken, expected.loss, expected.inside, expected.removed),
        strict=True,
    ):
        close(found, wanted, np.float64)
