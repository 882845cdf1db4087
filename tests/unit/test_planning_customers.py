"""New customers: any frame in, the same library out, the same decisions as the policy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from made_plan import ROWS, made_features, made_plan

import handful as hf
from handful.errors import BriefError, DataError
from handful.experiment.simulate import simulate
from handful.policy.policy import assign

PLAN = made_plan()
COLUMNS = ["customer", "offer", "segment", "reason", "expected_profit"]


def customers(**more: Any) -> pa.Table:
    features, stratum = made_features()
    levels = np.array(["rural", "suburban", "urban"], dtype=object)
    zips = [None if np.isnan(v) else levels[int(v)] for v in features.values[:, 1]]
    columns = {
        "quarter": np.array(["q1", "q2", "q3", "q9"], dtype=object)[stratum],
        "spend": pa.array(features.values[:, 2], from_pandas=True),
        "zip": zips,
        "id": [f"c{i}" for i in range(ROWS)],
        "age": pa.array(features.values[:, 0], from_pandas=True),
    }
    return pa.table(columns | more)


def expected() -> list[str]:
    decided = assign(PLAN.policy, *made_features())
    return [PLAN.policy.model.offers[code] for code in decided.offer]


def test_columns_go_by_name_and_decisions_are_the_policy_s() -> None:
    table = PLAN.assign(customers())
    assert table.column_names == COLUMNS
    assert table["offer"].to_pylist() == expected()
    assert table["customer"].to_pylist() == [f"c{i}" for i in range(ROWS)]
    decided = assign(PLAN.policy, *made_features())
    assert table["expected_profit"].to_pylist() == decided.expected_profit.tolist()


def test_a_pandas_frame_gives_a_pandas_frame() -> None:
    found = PLAN.assign(customers().to_pandas())
    assert isinstance(found, pd.DataFrame)
    assert found["offer"].tolist() == expected()


def test_a_polars_frame_gives_a_polars_frame() -> None:
    found = PLAN.assign(pl.from_arrow(customers()))
    assert isinstance(found, pl.DataFrame)
    assert found["offer"].to_list() == expected()


def test_the_order_of_columns_and_extra_ones_change_nothing() -> None:
    table = customers(shoe_size=[42] * ROWS)
    turned = table.select(table.column_names[::-1])
    assert PLAN.assign(turned)["offer"].to_pylist() == expected()


def test_a_missing_feature_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"S240.*'age'"):
        PLAN.assign(customers().drop_columns(["age"]))


def test_levels_never_seen_are_said_and_read_as_missing() -> None:
    strange = customers().set_column(2, "zip", pa.array(["moon"] * ROWS))
    absent = customers().set_column(2, "zip", pa.array([None] * ROWS, pa.string()))
    with pytest.warns(UserWarning, match=r"S243.*zip \(500\)"):
        found = PLAN.assign(strange)
    assert found["offer"].to_pylist() == PLAN.assign(absent)["offer"].to_pylist()


def test_no_customers_are_refused() -> None:
    with pytest.raises(DataError, match="F830"):
        PLAN.assign(customers().slice(0, 0))


def test_the_menu_of_a_size_is_a_look_up() -> None:
    assert PLAN.menu(2) == ("mail", "voucher")
    with pytest.raises(BriefError, match=r"F832.*1, 2 offers, found 7"):
        PLAN.menu(7)


def test_a_policy_may_be_a_frame_a_column_or_codes() -> None:
    log = simulate("null", n=600, offers=2, random_state=1).experiment
    codes = np.arange(600) % 2
    names = [log.offers[code] for code in codes]
    values = {
        hf.evaluate(log, policy=policy).value
        for policy in (codes, names, pd.Series(names), pd.DataFrame({"x": 1, "offer": names}))
    }
    assert len(values) == 1
    with pytest.raises(BriefError, match=r"E530.*found x"):
        hf.evaluate(log, policy=pl.DataFrame({"x": names}))
