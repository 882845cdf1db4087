"""False alarms, detection and coverage of the disclosure test, on leaks of known strength."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "studies"))

from disclosure import BASES, BOUNDS, Cell, alone, row, together

REPLICATES = 400


def rates(base, n, leak, channel, seed=0):
    found = alone(Cell(base, n, leak), REPLICATES, np.random.default_rng([5, seed]))
    return row(Cell(base, n, leak), channel, found, None)


def above(share, replicates=REPLICATES):
    """Four standard errors above a share."""
    return share + 4 * np.sqrt(share * (1 - share) / replicates)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("n", [2_000, 10_000, 64_000])
def test_an_independent_trait_hardly_ever_fails(base, n):
    for channel in BOUNDS:
        assert rates(base, n, 1.0, channel)["failed"] <= above(0.05)


@pytest.mark.parametrize("leak", [1.0, 1.25, 2.0, 4.0])
def test_all_limits_hold_together(leak):
    for base in BASES:
        found = rates(base, 10_000, leak, "shared")
        assert 1 - found["held"] <= above(0.05)
        assert 1 - found["upper"] <= above(0.05)


@pytest.mark.parametrize(
    ("base", "n", "leak", "channel"),
    [(0.05, 10_000, 2.0, "shared"), (0.2, 2_000, 2.0, "shared"), (0.05, 64_000, 1.5, "shared"),
     (0.01, 64_000, 4.0, "private"), (0.2, 10_000, 4.0, "private")],
)  # fmt: skip
def test_a_planted_leak_is_caught(base, n, leak, channel):
    assert rates(base, n, leak, channel)["failed"] >= 0.95


def test_a_leak_over_the_bound_hardly_ever_passes():
    for base in BASES:
        for n in (2_000, 64_000):
            assert rates(base, n, 1.5, "shared")["passed"] <= above(0.05)


def test_too_little_power_is_a_warning_and_never_a_pass():
    found = rates(0.01, 2_000, 1.0, "shared")
    assert found["passed"] == 0.0
    assert found["warned"] >= 0.95


def test_households_count_once():
    known, naive = together(Cell(0.05, 4_000, 1.0), 150, np.random.default_rng(3))
    found = row(Cell(0.05, 4_000, 1.0), "shared", known, naive)
    assert found["failed"] <= above(0.05, 150)
    assert found["naive"] > 0.1
