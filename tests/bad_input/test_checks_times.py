from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from handful.experiment.checks import check_experiment
from made_experiment import found, made_experiment

N = 6000
SEED = 6
RNG = np.random.default_rng(SEED)
START = np.datetime64("2026-01-01T00:00:00")
TODAY = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def rng():
    """Every test draws from the start, whatever runs before it."""
    global RNG
    RNG = np.random.default_rng(SEED)


def days(values):
    return START + (np.asarray(values) * 86_400).astype("timedelta64[s]")


def codes(made):
    return [f.code for f in check_experiment(made, today=TODAY).findings]


def test_line_8_late_rows_whose_outcomes_are_not_in_by_outcome_time():
    offered, wait = RNG.uniform(0, 28, N), RNG.exponential(2.5, N)
    came = (wait < 28 - offered) & (RNG.random(N) < 0.5)
    outcome = np.where(came, days(offered + wait), np.datetime64("NaT"))
    made = made_experiment(N, time=days(offered), outcome_time=outcome, profit=came.astype(float))
    finding = found(check_experiment(made, today=TODAY).findings, "C472")
    assert finding.level == "warn"
    assert "95% of outcomes come within" in finding.message
    assert "where = " in finding.remedy
    assert "2026-01-2" in finding.remedy


def test_line_8_late_rows_seen_by_their_outcomes_alone():
    offered, wait = RNG.uniform(0, 28, N), RNG.exponential(2.5, N)
    came = (wait < 28 - offered) & (RNG.random(N) < 0.5)
    made = made_experiment(N, time=days(offered), profit=came.astype(float))
    finding = found(check_experiment(made, today=TODAY).findings, "C472")
    assert "profit is above its offer's median on" in finding.message
    assert finding.share is not None
    assert abs(finding.share - 0.1) < 0.01


def test_line_8_a_log_followed_to_the_end_is_not_late():
    offered, wait = RNG.uniform(0, 28, N), RNG.exponential(2.5, N)
    bought = RNG.random(N) < 0.5
    outcome = np.where(bought, days(offered + wait), np.datetime64("NaT"))
    outcome[0] = days(60.0)
    made = made_experiment(N, time=days(offered), outcome_time=outcome, profit=bought.astype(float))
    assert "C472" not in codes(made)
    assert "C472" not in codes(made_experiment(N, time=days(offered), profit=bought.astype(float)))


def test_outcomes_before_their_offer_block_or_warn_by_their_share():
    offered = RNG.uniform(0, 20, N)
    outcome = offered + 40.0
    outcome[:300] = offered[:300] - 1.0
    made = made_experiment(N, time=days(offered), outcome_time=days(outcome))
    finding = found(check_experiment(made, today=TODAY).findings, "C471")
    assert finding.level == "block"
    assert finding.count == 300
    assert "5.0%" in finding.message
    outcome[5:300] = offered[5:300] + 40.0
    made = made_experiment(N, time=days(offered), outcome_time=days(outcome))
    assert found(check_experiment(made, today=TODAY).findings, "C471").level == "warn"


def test_a_log_older_than_a_year_warns_with_its_last_day():
    made = made_experiment(N, time=days(RNG.uniform(0, 20, N)))
    later = check_experiment(made, today=datetime(2027, 3, 1, tzinfo=UTC))
    finding = found(later.findings, "C470")
    assert finding.level == "warn"
    assert "2026-01-20" in finding.message
    assert "C470" not in codes(made)


def test_missing_times_are_no_obstacle():
    offered = days(RNG.uniform(0, 20, N))
    offered[::3] = np.datetime64("NaT")
    assert "C471" not in codes(made_experiment(N, time=offered))
    assert "C470" not in codes(made_experiment(N, time=np.full(N, np.datetime64("NaT", "s"))))
