from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.brief.schema import Brief, ProfitSpec
from handful.errors import DataError
from handful.experiment.checks import check_experiment
from handful.experiment.records import Features, FeatureSchema
from made_experiment import found, made_experiment, spec

N = 3000
SEED = 12
RNG = np.random.default_rng(SEED)


@pytest.fixture(autouse=True)
def rng():
    """Every test draws from the start, whatever runs before it."""
    global RNG
    RNG = np.random.default_rng(SEED)


def columns(**more):
    return {"age": RNG.normal(size=N), "visits": RNG.poisson(2.0, size=N), **more}


def codes(result):
    return [finding.code for finding in result.findings]


def test_line_3_one_offer_only():
    with pytest.raises(DataError, match="D301"):
        made_experiment(N, offer=np.zeros(N, dtype=np.int64))


def test_line_15_missing_and_infinite_profit_block_with_counts():
    profit = RNG.normal(size=N)
    profit[[4, 5]] = np.nan
    profit[6] = np.inf
    result = check_experiment(made_experiment(N, profit=profit))
    finding = found(result.findings, "C401")
    assert finding.level == "block"
    assert "2 missing, 1 infinite, first on row 5" in finding.message
    assert finding.count == 3


def test_line_15_sums_that_would_overflow_block():
    profit = RNG.normal(size=N)
    profit[9] = 1e308
    finding = found(check_experiment(made_experiment(N, profit=profit)).findings, "C402")
    assert finding.level == "block"
    assert "first row 10" in finding.message


def test_line_17_constant_outcome_blocks():
    finding = found(check_experiment(made_experiment(N, profit=np.zeros(N))).findings, "C403")
    assert finding.level == "block"
    assert "always 0: no conversions" in finding.message


def test_line_17_nothing_but_the_cost_of_the_offer_blocks_too():
    offer = RNG.integers(0, 2, size=N)
    made = made_experiment(N, offer=offer, profit=-0.05 * offer)
    assert (
        "the same on every row of an offer"
        in found(check_experiment(made).findings, "C403").message
    )


@pytest.mark.parametrize("kind", ["renamed", "reversed", "flag", "missing unless bought"])
def test_line_18_a_feature_that_is_the_outcome_blocks(kind):
    offer = RNG.integers(0, 2, size=N)
    bought = RNG.random(N) < 0.1
    profit = np.where(bought, 0.3 * RNG.lognormal(3.0, 1.0, N), 0.0) - 0.05 * offer
    leak = {
        "renamed": profit + 0.05 * offer,
        "reversed": -(profit + 0.05 * offer),
        "flag": bought.astype(float),
        "missing unless bought": np.where(bought, RNG.normal(size=N), np.nan),
    }[kind]
    made = made_experiment(N, offer=offer, profit=profit, columns=columns(coupon_redeemed=leak))
    finding = found(check_experiment(made).findings, "C420")
    assert finding.level == "block"
    assert "leak: 'coupon_redeemed' predicts the outcome perfectly (AUC 1.000)" in finding.message


def test_line_18_a_category_that_is_the_outcome_blocks():
    profit = (RNG.random(N) < 0.3).astype(float)
    level = np.where(profit > 0, RNG.integers(0, 2, size=N), RNG.integers(2, 5, size=N))
    schema = FeatureSchema(("status",), ("category",), (("a", "b", "c", "d", "e"),))
    features = Features(schema, np.asfortranarray(level[:, None].astype(float)))
    made = made_experiment(N, profit=profit, features=features)
    assert "'status'" in found(check_experiment(made).findings, "C420").message


def test_line_18_a_near_leak_warns_and_a_good_feature_does_not():
    x = RNG.normal(size=N)
    profit = x + 0.15 * RNG.normal(size=N)
    near = check_experiment(made_experiment(N, profit=profit, columns=columns(x=x)))
    assert found(near.findings, "C421").level == "warn"
    good = made_experiment(N, profit=x + RNG.normal(size=N), columns=columns(x=x))
    assert not {"C420", "C421"} & set(codes(check_experiment(good)))


def test_lines_20_and_21_useless_features_are_dropped_and_listed():
    many = columns(
        flat=np.full(N, 7.0),
        empty=np.full(N, np.nan),
        number=RNG.permutation(N) + 100_000,
        half=np.where(RNG.random(N) < 0.5, 1.0, np.nan),
    )
    result = check_experiment(made_experiment(N, columns=many))
    assert result.experiment.features.schema.names == ("age", "visits", "half")
    assert result.experiment.features.values.shape == (N, 3)
    assert "'flat'" in found(result.findings, "C410").message
    assert "'empty'" in found(result.findings, "C411").message
    assert "'number'" in found(result.findings, "C412").message
    assert all(found(result.findings, c).level == "warn" for c in ("C410", "C411", "C412"))
    assert not result.blocked


def test_line_21_a_category_with_a_level_per_row_is_dropped():
    levels = tuple(f"customer {i}" for i in range(N))
    schema = FeatureSchema(("email", "age"), ("category", "number"), (levels, ()))
    values = np.asfortranarray(np.column_stack([np.arange(N), RNG.normal(size=N)]).astype(float))
    result = check_experiment(made_experiment(N, features=Features(schema, values)))
    assert result.experiment.features.schema.names == ("age",)
    assert "customer 1" not in str(result.findings)


def test_money_that_never_repeats_is_not_an_id():
    result = check_experiment(made_experiment(N, columns=columns(history=RNG.lognormal(4, 1, N))))
    assert "history" in result.experiment.features.schema.names


def test_infinite_features_are_read_as_missing():
    x = RNG.normal(size=N)
    x[3] = np.inf
    result = check_experiment(made_experiment(N, columns=columns(x=x)))
    assert found(result.findings, "C413").count == 1
    assert np.isnan(result.experiment.features.values[3, 2])


def test_missing_shares_are_told_and_warned_of_beyond_a_half():
    some = np.where(RNG.random(N) < 0.2, np.nan, 1.0 + RNG.normal(size=N))
    result = check_experiment(made_experiment(N, columns=columns(some=some)))
    assert found(result.findings, "C415").level == "note"
    most = np.where(RNG.random(N) < 0.8, np.nan, 1.0 + RNG.normal(size=N))
    result = check_experiment(made_experiment(N, columns=columns(most=most, some=some)))
    warned = found(result.findings, "C414")
    assert "'most' 8" in warned.message or "'most' 7" in warned.message
    assert "'some' 2" in warned.message


def test_no_usable_feature_leaves_single_offers():
    result = check_experiment(made_experiment(N, columns={"flat": np.ones(N)}))
    assert result.experiment.features.values.shape == (N, 0)
    assert "C416" in codes(result)
    assert not result.blocked


def test_line_5_repeats_in_several_clusters_block_and_in_one_warn():
    customers = np.repeat(np.arange(N // 5), 5)
    offer = RNG.integers(0, 2, size=N // 5)[customers]
    made = made_experiment(N, offer=offer, customers=customers)
    finding = found(check_experiment(made).findings, "C481")
    assert finding.level == "block"
    assert "600 of 600 customers" in finding.message
    grouped = check_experiment(replace(made, cluster=customers))
    assert found(grouped.findings, "C482").level == "warn"
    brief = Brief(experiment=spec(unit="row"), profit=ProfitSpec(per_row="y"))
    chosen = check_experiment(replace(made, cluster=customers), brief)
    assert found(chosen.findings, "C482").level == "note"


def test_line_6_customers_under_two_offers():
    customers = np.arange(N)
    customers[1:40:2] = customers[0:39:2]
    offer = RNG.integers(0, 2, size=N)
    offer[0:40:2], offer[1:40:2] = 0, 1
    made = made_experiment(N, offer=offer, customers=customers, cluster=customers)
    finding = found(check_experiment(made).findings, "C480")
    assert finding.level == "block"
    assert finding.count == 20
    few = np.arange(N)
    few[1] = 0
    made = made_experiment(N, offer=offer, customers=few, cluster=few)
    assert found(check_experiment(made).findings, "C480").level == "warn"
    brief = Brief(experiment=spec(unit="row"), profit=ProfitSpec(per_row="y"))
    assert "C480" not in codes(check_experiment(made, brief))


def test_repeated_rows_are_only_noted():
    made = made_experiment(
        N, columns={"visits": RNG.poisson(1.0, N)}, profit=np.tile([0.0, 1], N // 2)
    )
    finding = found(check_experiment(made).findings, "C484")
    assert finding.level == "note"
    assert finding.share is not None
    assert finding.share > 0.9


def test_everything_wrong_is_told_at_once():
    bought = (RNG.random(N) < 0.1).astype(float)
    offer = (RNG.random(N) < 0.4).astype(np.int64)
    made = made_experiment(
        N,
        offer=offer,
        profit=bought,
        said=spec(propensity={"A": 0.5, "B": 0.5}),
        columns=columns(flat=np.ones(N), bought=bought, opened=offer * (RNG.random(N) < 0.5)),
    )
    result = check_experiment(made)
    assert {"C410", "C420", "C430", "C441"} <= set(codes(result))
    levels = [f.level for f in result.findings]
    assert levels == sorted(levels, key=["block", "warn", "note"].index)
    assert result.experiment.findings == result.findings
    assert all(len(f"{f.message}\n{f.remedy}".splitlines()) < 20 for f in result.findings)


def test_no_message_grows_with_the_number_of_features():
    offer = RNG.integers(0, 2, size=N)
    wide = {f"column number {j} " + "x" * 200: RNG.normal(size=N) + offer for j in range(60)}
    for finding in check_experiment(made_experiment(N, offer=offer, columns=wide)).findings:
        assert len(finding.message) + len(finding.remedy) < 1500


def test_checking_twice_tells_nothing_twice():
    first = check_experiment(made_experiment(N, columns=columns(flat=np.ones(N))))
    again = check_experiment(first.experiment)
    assert len(again.findings) == len(set(again.findings)) == len(first.findings)
