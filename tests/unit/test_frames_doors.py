"""Frames of any library, in and out, by column name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from handful.errors import BriefError, DataError
from handful.experiment.frames import to_arrow, to_native
from handful.experiment.records import Experiment
from handful.experiment.sources import stream_customers

N = 600
RNG = np.random.default_rng(0)
DATA = {
    "arm": RNG.choice(["none", "a", "b"], N),
    "spend": RNG.gamma(1.0, 3.0, N),
    "age": np.where(RNG.random(N) < 0.1, np.nan, RNG.integers(18, 80, N)),
    "town": RNG.choice(["Ulm", "Bern"], N),
    "member": RNG.random(N) < 0.5,
}
PANDAS = pd.DataFrame(DATA)
FRAMES: dict[str, Any] = {
    "pandas": PANDAS,
    "pandas, other index": PANDAS.set_index(pd.Index(range(7, N + 7), name="ix")),
    "pandas, category": PANDAS.astype({"town": "category", "arm": "category"}),
    "pandas, arrow": PANDAS.convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame(DATA),
    "polars, lazy": pl.LazyFrame(DATA),
    "polars, categorical": pl.DataFrame(DATA).with_columns(pl.col("town").cast(pl.Categorical)),
    "arrow": pa.table(DATA),
    "arrow, chunked": pa.concat_tables([pa.table(DATA).slice(0, 99), pa.table(DATA).slice(99)]),
    "arrow stream": None,
    "duckdb": duckdb.from_arrow(pa.table(DATA)),
}


def frame(name: str) -> Any:
    return pa.table(DATA).to_reader() if name == "arrow stream" else FRAMES[name]


def read(df: Any, **keys: Any) -> Experiment:
    return Experiment.from_frame(df, offer="arm", profit="0.3 * spend", control="none", **keys)


@pytest.mark.parametrize("name", FRAMES)
def test_every_library_gives_the_same_experiment(name: str) -> None:
    experiment = read(frame(name))
    assert experiment.offers == ("none", "a", "b")
    np.testing.assert_array_equal(experiment.profit, 0.3 * DATA["spend"])
    assert experiment.features.schema.names == ("age", "town", "member")
    assert experiment.features.schema.kinds == ("number", "category", "category")
    assert experiment.features.schema.levels == ((), ("Bern", "Ulm"), ("false", "true"))
    np.testing.assert_array_equal(experiment.features.values[:, 0], DATA["age"])
    np.testing.assert_array_equal(experiment.features.values[:, 1], DATA["town"] == "Ulm")
    np.testing.assert_array_equal(experiment.features.values[:, 2], DATA["member"])


@pytest.mark.parametrize("name", FRAMES)
def test_customers_of_every_library_stream_alike(name: str) -> None:
    experiment = read(frame("arrow"))
    blocks = list(stream_customers(frame(name), schema=experiment.features.schema))
    values = np.concatenate([block.features.values for block in blocks])
    np.testing.assert_array_equal(values, experiment.features.values)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("pandas", pd.DataFrame),
        ("polars", pl.DataFrame),
        ("polars, lazy", pl.DataFrame),
        ("arrow", pa.Table),
        ("duckdb", duckdb.DuckDBPyRelation),
    ],
)
def test_answers_come_in_the_callers_library(name: str, kind: type) -> None:
    answer = pa.table({"customer": [1, 2], "offer": ["a", None]})
    back = to_native(answer, FRAMES[name])
    assert isinstance(back, kind)
    assert to_arrow(back).to_pylist() == answer.to_pylist()


def test_a_column_name_is_quoted_as_profit() -> None:
    table = pa.table(DATA).rename_columns(["arm", "net spend", "age", "town", "member"])
    experiment = Experiment.from_frame(table, offer="arm", profit="net spend")
    np.testing.assert_array_equal(experiment.profit, DATA["spend"])


def test_keys_of_the_brief_pass_through() -> None:
    experiment = read(
        FRAMES["polars"],
        features=["decade"],
        columns={"decade": "age // 10"},
        where="age IS NOT NULL AND NOT isnan(age)",
        strata=["town"],
        currency="EUR",
        population=1e6,
    )
    assert experiment.features.schema.names == ("decade",)
    assert experiment.strata == ("Bern", "Ulm")
    assert (experiment.currency, experiment.population) == ("EUR", 1e6)
    assert experiment.n_rows == int(np.isfinite(DATA["age"]).sum())


def test_wrong_names_come_all_at_once() -> None:
    with pytest.raises(BriefError) as caught:
        Experiment.from_frame(PANDAS, offer="armm", profit="spnd", features=["agee"])
    assert [finding.code for finding in caught.value.findings] == ["B112"] * 3


@pytest.mark.parametrize(
    "wrong",
    [[1, 2], None, "no path", pd.DataFrame({"arm": ["a", 3], "y": [1, 2]}), np.zeros((2, 2))],
    ids=["list", "None", "text", "mixed column", "array"],
)
def test_what_is_no_frame(wrong: object) -> None:
    with pytest.raises(DataError, match="S208"):
        Experiment.from_frame(wrong, offer="arm", profit="y")


def test_repeated_column_names() -> None:
    table = pa.table([["a"], ["b"]], names=["arm", "arm"])
    with pytest.raises(DataError, match=r"S205.*'arm' appears twice"):
        Experiment.from_frame(table, offer="arm", profit="1")


def test_the_digest_follows_the_values() -> None:
    digest = read(FRAMES["arrow"]).source.data_sha256
    assert read(FRAMES["arrow, chunked"]).source.data_sha256 == digest
    changed = pa.table({**DATA, "spend": np.flip(DATA["spend"])})
    assert read(changed).source.data_sha256 != digest


def test_numbers_that_are_none_count_as_missing() -> None:
    n = 400
    arm = np.tile([0.0, 0.5], n // 2)
    arm[:3] = [np.nan, np.inf, -np.inf]
    site = np.tile([1.0, 1.0, 2.5, 2.5], n // 4)
    site[8] = np.nan
    frame = pl.DataFrame({"arm": arm, "site": site, "y": np.ones(n), "x": np.arange(n)})
    experiment = Experiment.from_frame(
        frame, offer="arm", profit="y", strata=["site"], features=["x"]
    )
    assert experiment.offers == ("0", "0.5")
    assert experiment.strata == ("(missing)", "1", "2.5")
    counts = {finding.code: finding.count for finding in experiment.findings}
    assert counts["S212"] == 3
    assert counts["S224"] == 1


def test_decimals_are_numbers() -> None:
    n = 200
    arm = pa.array([Decimal("0.50"), Decimal("1.00")] * (n // 2))
    frame = pa.table({"arm": arm, "y": arm, "x": arm, "site": arm})
    experiment = Experiment.from_frame(
        frame, offer="arm", profit="y * 2", features=["x"], strata=["site"],
        propensity="estimate", accept_observational=True,
    )  # fmt: skip
    assert experiment.offers == ("0.5", "1")
    assert experiment.profit[:2].tolist() == [1.0, 2.0]
    assert experiment.features.schema.kinds == ("number",)
