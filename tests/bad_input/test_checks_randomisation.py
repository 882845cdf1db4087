from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from handful.data import demo_path
from handful.experiment.checks import check_experiment
from handful.experiment.records import Features, FeatureSchema
from handful.experiment.simulate import simulate
from made_experiment import design_of, found, made_experiment, spec

EVEN = spec(propensity={"A": 0.5, "B": 0.5})


def share(n, part):
    offer = np.zeros(n, dtype=np.int64)
    offer[: round(part * n)] = 1
    return np.random.default_rng(0).permutation(offer)


def test_line_7_planned_even_seen_52_to_48():
    made = made_experiment(100_000, offer=share(100_000, 0.48), said=EVEN)
    finding = found(check_experiment(made).findings, "C430")
    assert finding.level == "block"
    assert "expected 50.0% of rows with 'A', found 52.0%" in finding.message
    assert "p = 1e-36" in finding.message
    assert "age, group" in finding.message or "visits, group" in finding.message
    assert len(finding.message.splitlines()) < 20


def test_line_7_is_located_in_the_stratum_where_rows_are_lost():
    n = 40_000
    rng = np.random.default_rng(1)
    stratum, offer = rng.integers(0, 4, size=n), rng.integers(0, 2, size=n)
    lost = (stratum == 2) & (offer == 1) & (rng.random(n) < 0.3)
    made = made_experiment(
        int((~lost).sum()), offer=offer[~lost], stratum=stratum[~lost], said=EVEN
    )
    message = found(check_experiment(made).findings, "C430").message
    assert "s2: 'A' seen" in message
    assert "s1: " not in message


def test_line_7_small_deviations_of_a_large_log_do_not_block():
    made = made_experiment(300_000, offer=share(300_000, 0.4955), said=EVEN)
    assert not check_experiment(made).blocked


def test_line_7_counts_clusters_where_clusters_were_drawn():
    cluster = np.repeat(np.arange(500), 200)
    drawn = (np.arange(500) < 270).astype(np.int64)
    made = made_experiment(100_000, offer=drawn[cluster], said=EVEN)
    codes = [f.code for f in check_experiment(replace(made, cluster=cluster)).findings]
    assert "C430" not in codes
    assert "C430" in [f.code for f in check_experiment(made).findings]


def test_line_11_no_plan_stated_warns_unless_shares_are_even():
    even = found(check_experiment(made_experiment(4000)).findings, "C433")
    assert even.level == "note"
    uneven = made_experiment(4000, offer=share(4000, 0.2))
    finding = found(check_experiment(uneven).findings, "C433")
    assert finding.level == "warn"
    assert "'A' 80.0%, 'B' 20.0%" in finding.message


def test_line_13_logged_half_seen_seven_tenths():
    offer = share(20_000, 0.7)
    said = spec(propensity="column:p")
    made = made_experiment(20_000, offer=offer, said=said, received=np.full(20_000, 0.5))
    finding = found(check_experiment(made).findings, "C431")
    assert finding.level == "block"
    assert "'B' seen on 70.0% of rows, logged 50.0%" in finding.message
    assert "'A' seen on 30.0% of rows, logged 50.0%" in finding.message


def test_line_13_right_probabilities_pass_row_by_row():
    rng = np.random.default_rng(2)
    p = rng.uniform(0.1, 0.9, size=20_000)
    offer = (rng.random(20_000) < p).astype(np.int64)
    received = np.where(offer == 1, p, 1.0 - p)
    made = made_experiment(20_000, offer=offer, said=spec(propensity="column:p"), received=received)
    assert not check_experiment(made).blocked


def test_line_13_an_offer_seen_too_seldom_warns():
    rng = np.random.default_rng(4)
    offer = rng.choice(3, size=20_000, p=[0.5, 0.3, 0.2])
    received = np.array([0.5, 0.3, 0.4])[offer]
    made = made_experiment(20_000, offer=offer, said=spec(propensity="column:p"), received=received)
    finding = found(check_experiment(made).findings, "C432")
    assert finding.level == "warn"
    assert "'C' seen on 2" in finding.message


def test_line_14_one_offer_per_stratum_has_no_overlap():
    offer = np.tile([0, 1], 1000)
    made = made_experiment(2000, offer=offer, stratum=offer)
    finding = found(check_experiment(made).findings, "C450")
    assert finding.level == "block"
    assert "no overlap" in finding.message


def test_line_14_a_stratum_with_one_offer_warns_with_its_rows():
    rng = np.random.default_rng(0)
    stratum = rng.integers(0, 4, size=4000)
    offer = np.where(stratum == 3, 0, rng.integers(0, 2, size=4000))
    finding = found(
        check_experiment(made_experiment(4000, offer=offer, stratum=stratum)).findings, "C451"
    )
    assert finding.count == int((stratum == 3).sum())


def test_line_19_a_feature_measured_after_the_offer():
    rng = np.random.default_rng(5)
    offer = rng.integers(0, 2, size=8000)
    columns = {f"x{j}": rng.normal(size=8000) for j in range(5)}
    columns["opened"] = (rng.random(8000) < np.where(offer == 1, 0.3, 0.2)).astype(float)
    finding = found(
        check_experiment(made_experiment(8000, offer=offer, columns=columns)).findings, "C441"
    )
    assert finding.level == "block"
    assert "'opened'" in finding.message
    assert "the other 5 balance" in finding.message
    assert "exclude = ['opened']" in finding.remedy


def test_a_feature_that_differs_but_little_does_not_block():
    rng = np.random.default_rng(5)
    offer = rng.integers(0, 2, size=100_000)
    columns = {"x": rng.normal(size=100_000) + 0.03 * offer, "z": rng.normal(size=100_000)}
    result = check_experiment(made_experiment(100_000, offer=offer, columns=columns))
    assert not result.blocked
    assert found(result.findings, "C443").level == "warn"


def confounded(n=8000):
    rng = np.random.default_rng(7)
    need, past = rng.normal(size=n), rng.normal(size=n)
    age = rng.normal(size=n)
    offer = (rng.random(n) < 1 / (1 + np.exp(-need - past - 0.5 * age))).astype(np.int64)
    columns = {"need": need, "past": past, "age": age, "luck": rng.normal(size=n)}
    return offer, columns


def test_offers_chosen_by_several_features_are_not_randomised():
    offer, columns = confounded()
    result = check_experiment(made_experiment(8000, offer=offer, columns=columns))
    finding = found(result.findings, "C440")
    assert finding.level == "block"
    assert "3 of 4 features" in finding.message
    assert "accept_observational = true" in finding.remedy


def test_accepting_it_in_writing_turns_the_block_into_a_warning():
    offer, columns = confounded()
    said = spec(propensity="estimate", accept_observational=True)
    made = made_experiment(8000, offer=offer, columns=columns, said=said)
    result = check_experiment(made)
    assert not result.blocked
    assert found(result.findings, "D310").level == "warn"
    assert result.experiment.design.observational
    assert not np.array_equal(result.experiment.design.received, made.design.received)
    design, _ = design_of(offer, said=spec(accept_observational=True))
    kept = check_experiment(replace(made, design=design, findings=()))
    assert found(kept.findings, "C440").level == "warn"


def test_logged_probabilities_that_ignore_what_drove_the_draw_block():
    offer, columns = confounded()
    received = np.full(8000, 0.5)
    said = spec(propensity="column:p")
    made = made_experiment(8000, offer=offer, columns=columns, said=said, received=received)
    assert found(check_experiment(made).findings, "C440").level == "block"


def test_what_estimated_probabilities_do_not_mend_is_said():
    drawn = simulate("observational", n=8000).experiment
    squared = np.abs(drawn.features.values[:, 1:2]) + 2.0 * (drawn.offer[:, None] > 2)
    values = np.asfortranarray(np.column_stack([drawn.features.values, squared]))
    schema = drawn.features.schema
    wider = FeatureSchema((*schema.names, "bent"), (*schema.kinds, "number"), (*schema.levels, ()))
    design = replace(drawn.design, kind="estimate", observational=True)
    made = replace(drawn, features=Features(wider, values), design=design)
    finding = found(check_experiment(made).findings, "C440")
    assert finding.level == "warn"
    assert "even with the estimated probabilities as weights" in finding.message


def quarters(n=14_000):
    """Shares change by quarter: the third offer stops, the second one grows."""
    rng = np.random.default_rng(8)
    quarter = rng.integers(0, 4, size=n)
    shares = np.array([[0.5, 0.2, 0.3], [0.5, 0.2, 0.3], [0.6, 0.4, 0.0], [0.4, 0.6, 0.0]])
    offer = (rng.random(n)[:, None] > np.cumsum(shares, axis=1)[quarter]).sum(axis=1)
    columns = {f"q{q}": (quarter == q).astype(float) for q in range(4)}
    columns["recall"] = (rng.random(n) < 0.1 + 0.1 * quarter).astype(float)
    columns["female"] = rng.integers(0, 2, size=n)
    return quarter, offer, columns


def test_shares_that_change_by_quarter_block_and_the_quarter_is_named():
    _, offer, columns = quarters()
    finding = found(
        check_experiment(made_experiment(14_000, offer=offer, columns=columns)).findings, "C442"
    )
    assert finding.level == "block"
    assert "shares seem to change with 'q" in finding.message
    assert finding.remedy.startswith("Name the stratum: strata = ['q")


def test_shares_that_change_by_quarter_pass_with_the_quarter_as_stratum():
    quarter, offer, columns = quarters()
    result = check_experiment(
        made_experiment(14_000, offer=offer, stratum=quarter, columns=columns)
    )
    assert not result.blocked
    assert result.experiment.design.support[2:, 2].tolist() == [False, False]


def test_shares_that_change_over_time_block():
    rng = np.random.default_rng(3)
    n = 10_000
    day = np.sort(rng.integers(0, 60, size=n))
    offer = (rng.random(n) < np.where(day < 30, 0.1, 0.5)).astype(np.int64)
    time = np.datetime64("2026-03-01") + day.astype("timedelta64[D]")
    made = made_experiment(n, offer=offer, time=time)
    finding = found(check_experiment(made).findings, "C444")
    assert finding.level == "block"
    steady = replace(made, offer=rng.permutation(offer))
    assert "C444" not in [f.code for f in check_experiment(steady).findings]


@pytest.mark.parametrize("name", ["null", "types", "promotions", "strata", "clusters", "heavy"])
def test_randomised_logs_are_not_blocked(name):
    assert not check_experiment(simulate(name, n=10_000, random_state=11).experiment).blocked


def test_the_observational_trap_is_blocked():
    assert check_experiment(simulate("observational", n=10_000).experiment).blocked


def test_the_packaged_marketing_log_is_not_blocked():
    log = pd.read_csv(demo_path("hillstrom").parent / "hillstrom.csv.gz")
    offer = pd.factorize(log["segment"])[0]
    columns = {
        name: log[name].to_numpy() for name in ["recency", "history", "mens", "womens", "newbie"]
    }
    profit = 0.30 * log["spend"].to_numpy() - 0.05 * (log["segment"] != "No E-Mail").to_numpy()
    result = check_experiment(made_experiment(64_000, offer=offer, columns=columns, profit=profit))
    assert not result.blocked
    assert found(result.findings, "C404").level == "warn"
    assert found(result.findings, "C484").level == "note"
    visits = {**columns, "visit": log["visit"].to_numpy()}
    late = check_experiment(made_experiment(64_000, offer=offer, columns=visits, profit=profit))
    assert "'visit'" in found(late.findings, "C441").message
