"""The gate between waves: nothing seldom opens it, a planted gain does, lost rows are refused."""

from __future__ import annotations

import numpy as np
import pytest

from handful.errors import DataError
from handful.planning.gate import weigh_wave
from handful.planning.rollout import Rollout, held_out

RUNS = 300


def rollout(share: float) -> Rollout:
    return Rollout((), share, "s", None, "high", (), False)


def spending(rng: np.random.Generator, customers: int, buyers: float) -> np.ndarray:
    """Few buy, and some of them much."""
    money: np.ndarray = rng.lognormal(3.0, 1.0, customers) * (rng.random(customers) < buyers)
    return money


@pytest.mark.parametrize(("customers", "share", "buyers"), [(4_000, 0.05, 0.01), (2_000, 0.1, 0.2)])
def test_a_programme_that_gains_nothing_is_seldom_let_on(
    customers: int, share: float, buyers: float
) -> None:
    rng, made = np.random.default_rng(1), rollout(share)
    ids: list[object] = list(range(customers))
    answers = [
        weigh_wave(made, ids, spending(rng, customers, buyers), None).answer for _ in range(RUNS)
    ]
    # At most 2.5 % either way, and what chance adds to 300 tries of that (99.9 %).
    assert answers.count("open") <= 18
    assert answers.count("stop") <= 18


def test_a_planted_gain_opens_it() -> None:
    rng, made, ids = np.random.default_rng(2), rollout(0.2), list(range(4_000))
    gain = 3.0 * ~held_out(made, list(ids))
    opened = [
        weigh_wave(made, list(ids), spending(rng, 4_000, 0.2) + gain, None).answer == "open"
        for _ in range(20)
    ]
    assert sum(opened) >= 16


def test_results_without_those_who_bought_nothing_are_refused() -> None:
    made, ids = rollout(0.5), list(range(2_000))
    out = held_out(made, list(ids))
    buys = np.random.default_rng(3).random(2_000) < np.where(out, 0.2, 0.5)
    kept = [i for i, bought in zip(ids, buys, strict=True) if bought]
    with pytest.raises(DataError, match=r"G140.*expected 0\.5 of the customers held out"):
        weigh_wave(made, list(kept), np.ones(len(kept)), None)
