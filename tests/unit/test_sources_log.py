"""A log read whole: order, types, features, strata, propensities, facts."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handful.errors import BriefError, DataError
from handful.experiment.coltypes import role_of
from handful.experiment.features import looks_like_outcome
from made_log import codes, load, rows, write


def test_rows_keep_the_order_of_the_file(tmp_path: Path) -> None:
    n = 300_000
    lines = [f"{(i * 7919) % n},{'ab'[i % 2]},{i}" for i in range(n)]
    path = write(tmp_path, lines, header="id,arm,x")
    experiment = load(path, "x", features=["x"], customer="id")
    assert (experiment.profit == np.arange(n)).all()
    assert (experiment.customers == (np.arange(n) * 7919) % n).all()


def test_files_of_a_glob_follow_their_names(tmp_path: Path) -> None:
    for name, start in (("b.parquet", 240), ("a.parquet", 0), ("c.parquet", 480)):
        arms = ["none", "mail"] * 120
        frame = pa.table({"arm": arms, "x": range(start, start + 240), "y": [1.0] * 240})
        pq.write_table(frame, tmp_path / name)
    experiment = load(tmp_path / "*.parquet", "x + 0", features=["y"])
    assert (experiment.profit == np.arange(720)).all()
    assert experiment.source.description == "a.parquet and 2 more"
    joined = b"".join((tmp_path / f"{name}.parquet").read_bytes() for name in "abc")
    assert experiment.source.data_sha256 == hashlib.sha256(joined).hexdigest()


def test_file_names_with_marks_of_a_glob(tmp_path: Path) -> None:
    path = write(tmp_path, rows()).rename(tmp_path / "it's [1] 100%?.csv")
    assert load(path).n_rows == 240


def test_row_numbers_are_those_of_the_log(tmp_path: Path) -> None:
    experiment = load(write(tmp_path, rows()), where="age >= 30")
    assert experiment.customers[0] == 11
    assert experiment.source.rows_read == 240
    assert experiment.source.rows_kept == experiment.n_rows == 190
    assert experiment.source.where == "age >= 30"


def test_facts_of_the_source(tmp_path: Path) -> None:
    path = write(tmp_path, rows())
    facts = load(path, "2 * spend").source
    assert facts.data_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts.profit_sql == "2 * spend"


def test_offers_control_first_then_by_name(tmp_path: Path) -> None:
    arms = ("zeta", "alpha", "none", "mid")
    lines = [f"{arms[i % 4]},{i},1" for i in range(400)]
    path = write(tmp_path, lines, header="arm,x,y")
    experiment = load(path, "y", control="none")
    assert experiment.offers == ("none", "alpha", "mid", "zeta")
    assert experiment.control == 0
    assert experiment.offer[:4].tolist() == [3, 1, 0, 2]
    assert load(path, "y").offers == ("alpha", "mid", "none", "zeta")
    assert load(path, "y").control is None


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (("10", "2", "0"), ("0", "2", "10")),
        (("0.5", "0", "10"), ("0", "0.5", "10")),
        (("10%", "2%", "0%"), ("0%", "10%", "2%")),
    ],
)
def test_numeric_offers_are_sorted_as_numbers(
    tmp_path: Path, cells: tuple[str, ...], names: tuple[str, ...]
) -> None:
    lines = [f"{cells[i % 3]},{i},1" for i in range(300)]
    experiment = load(write(tmp_path, lines, header="arm,x,y"), "y")
    assert experiment.offers == names
    assert [experiment.offers[g] for g in experiment.offer[:3]] == [
        cell.removesuffix(".0") for cell in cells
    ]


def test_numeric_control_as_a_number_in_the_brief(tmp_path: Path) -> None:
    lines = [f"{i % 3},{i},1" for i in range(300)]
    experiment = load(write(tmp_path, lines, header="arm,x,y"), "y", control=2)
    assert experiment.offers == ("2", "0", "1")


def test_star_leaves_out_what_profit_and_offer_are_made_from(tmp_path: Path) -> None:
    lines = [f"{i},{'ab'[i % 2]},{i % 9},{i % 5},{i % 3},{i % 2}" for i in range(300)]
    path = write(tmp_path, lines, header="id,arm,age,spend,cost,visit")
    experiment = load(
        path,
        "spend - fee",
        columns={"fee": "cost * 2", "decade": "age // 10", "rich": "spend > 3"},
        customer="id",
    )
    assert experiment.features.schema.names == ("age", "visit", "decade")
    by_code = {finding.code: finding.message for finding in experiment.findings}
    assert "spend, cost, fee, rich" in by_code["S219"]
    assert "visit" in by_code["S220"]


def test_columns_an_offer_is_derived_from_are_no_features(tmp_path: Path) -> None:
    lines = [f"{i % 2},{i // 2 % 2},{i},1" for i in range(400)]
    path = write(tmp_path, lines, header="visit_made,letters,x,y")
    experiment = load(path, "y", offer="cell", columns={"cell": "visit_made || '/' || letters"})
    assert experiment.offers == ("0/0", "0/1", "1/0", "1/1")
    assert experiment.features.schema.names == ("x",)


def test_named_features_win_but_are_warned_of(tmp_path: Path) -> None:
    path = write(tmp_path, rows())
    experiment = load(path, "spend * age", features=["age", "town"])
    assert experiment.features.schema.names == ("age", "town")
    assert codes(experiment) == ["S223"]


@pytest.mark.parametrize("wrong", ["arm", "sent"])
def test_what_cannot_be_a_feature(tmp_path: Path, wrong: str) -> None:
    arms = ["none", "mail"] * 120
    when = pa.array(np.array(["2026-01-01"] * 240, dtype="datetime64[s]"))
    frame = pa.table({"arm": arms, "y": [1.0] * 240, "x": range(240), "sent": when})
    pq.write_table(frame, tmp_path / "log.parquet")
    with pytest.raises(BriefError, match=f"B116.*{wrong}"):
        load(tmp_path / "log.parquet", "y", features=["x", wrong])


def test_nothing_left_to_decide_by(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="S226"):
        load(write(tmp_path, rows()), exclude=["id", "age", "town"])


def test_categories_are_sorted_and_missing_is_nan(tmp_path: Path) -> None:
    lines = [*rows(), "241,mail,,,1"]
    features = load(write(tmp_path, lines), features=["town", "age"]).features
    assert features.schema.kinds == ("category", "number")
    assert features.schema.levels == (("Bern", "Rom", "Ulm"), ())
    assert features.values[:3, 0].tolist() == [2.0, 0.0, 1.0]
    assert np.isnan(features.values[240]).all()
    assert features.values.flags.f_contiguous


def test_leading_zeros_make_a_category(tmp_path: Path) -> None:
    lines = [f"{line},{i % 40:05d}" for i, line in enumerate(rows())]
    path = write(tmp_path, lines, header="id,arm,age,town,spend,zip")
    schema = load(path, features=["zip"]).features.schema
    assert schema.kinds == ("category",)
    assert schema.levels[0][1] == "00001"


def test_strata_labels_join_values_and_stay_features(tmp_path: Path) -> None:
    lines = [f"{line},{i // 2 % 2}" for i, line in enumerate(rows(600))]
    path = write(tmp_path, lines, header="id,arm,age,town,spend,wave")
    experiment = load(path, strata=["town", "wave"])
    assert experiment.strata == (
        "Bern | 0", "Bern | 1", "Rom | 0", "Rom | 1", "Ulm | 0", "Ulm | 1",
    )  # fmt: skip
    assert experiment.strata_columns == ("town", "wave")
    assert experiment.strata[experiment.stratum[0]] == "Ulm | 0"
    assert {"town", "wave"} <= set(experiment.features.schema.names)


def test_missing_strata_are_a_stratum_of_their_own(tmp_path: Path) -> None:
    lines = [line.replace("Ulm", "") for line in rows(600)]
    experiment = load(write(tmp_path, lines), strata=["town"])
    assert experiment.strata == ("(missing)", "Bern", "Rom")
    (finding,) = [f for f in experiment.findings if f.code == "S224"]
    assert finding.count == 200


def test_clusters_are_dense_codes_and_missing_ones_stand_alone(tmp_path: Path) -> None:
    lines = [f"{line},{i // 4 if i < 200 else ''}" for i, line in enumerate(rows())]
    path = write(tmp_path, lines, header="id,arm,age,town,spend,house")
    experiment = load(path, cluster="house", where="id > 4")
    assert np.bincount(experiment.cluster).tolist() == [4] * 49 + [1] * 40
    assert "house" not in experiment.features.schema.names
    assert "S224" in codes(experiment)


def test_propensities_of_a_column_reach_the_design(tmp_path: Path) -> None:
    lines = [f"{line},0.5" for line in rows()]
    path = write(tmp_path, lines, header="id,arm,age,town,spend,p")
    experiment = load(path, propensity="column:p")
    assert experiment.design.kind == "column"
    assert (experiment.design.received == 0.5).all()
    assert "p" not in experiment.features.schema.names


def test_profit_is_the_expression_over_each_row(tmp_path: Path) -> None:
    experiment = load(
        write(tmp_path, rows()), "0.3 * spend - CASE WHEN arm = 'mail' THEN 0.05 ELSE 0 END"
    )
    spend = np.arange(240) % 5 + 0.5
    expected = 0.3 * spend - 0.05 * (np.arange(240) % 2)
    np.testing.assert_allclose(experiment.profit, expected, rtol=1e-12)


@pytest.mark.parametrize("per_row", ["town", "'1'", "[spend]"])
def test_profit_that_is_no_number(tmp_path: Path, per_row: str) -> None:
    with pytest.raises(BriefError, match="B115"):
        load(write(tmp_path, rows()), per_row)


def test_an_error_on_some_row_names_the_key_but_no_value(tmp_path: Path) -> None:
    with pytest.raises(BriefError, match=r"B110.*profit\.per_row") as caught:
        load(write(tmp_path, [*rows(), "241,mail,3,secret-7,1"]), "CAST(town AS DOUBLE)")
    assert "secret-7" not in str(caught.value)
    assert "Ulm" not in str(caught.value)


@pytest.mark.parametrize("name", ["AGE", "rowid", "row_of_log"])
def test_derived_columns_need_a_name_of_their_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(BriefError, match=f"B114.*columns.{name}"):
        load(write(tmp_path, rows()), columns={name: "1"})


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with pytest.raises(DataError, match=r"S200.*is a folder.*logs/\*\.parquet"):
        load(tmp_path / "logs")


def test_true_and_false_count_as_one_and_zero(tmp_path: Path) -> None:
    experiment = load(write(tmp_path, rows()), "spend > 2")
    assert set(experiment.profit) == {0.0, 1.0}


def test_gzip_and_plain_read_alike(tmp_path: Path) -> None:
    path = write(tmp_path, rows())
    packed = tmp_path / "log.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert (load(path).profit == load(packed).profit).all()


def test_reading_twice_is_the_same_bit_for_bit(tmp_path: Path) -> None:
    path = write(tmp_path, rows(5000))
    one, two = load(path, customer="id"), load(path, customer="id")
    assert one.features.values.tobytes() == two.features.values.tobytes()
    assert one.profit.tobytes() == two.profit.tobytes()
    assert one.source == two.source


@pytest.mark.parametrize(
    ("sql_type", "role"),
    [
        ("UBIGINT", "whole"),
        ("HUGEINT", "whole"),
        ("DECIMAL(4,1)", "number"),
        ("ENUM('a', 'b')", "text"),
        ("BOOLEAN", "truth"),
        ("DATE", "time"),
        ("TIMESTAMP_NS", "time"),
        ("STRUCT(a INTEGER)", "other"),
        ("BLOB", "other"),
    ],
)
def test_roles_of_types(sql_type: str, role: str) -> None:
    assert role_of(sql_type) == role


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("spend", True),
        ("Converted", True),
        ("totalRevenue", True),
        ("spend_last_year", False),
        ("dailyspending_preperiod", False),
        ("age", False),
    ],
)
def test_names_that_sound_like_outcomes(name: str, answer: bool) -> None:
    assert looks_like_outcome(name) is answer


def test_names_of_the_log_win_over_names_used_inside(tmp_path: Path) -> None:
    n = 400
    frame = pa.table(
        {
            "offer": ["b", "a"] * (n // 2),
            "row": range(n),
            "f0": [float(i % 7) for i in range(n)],
            "f1": [float(i % 5) for i in range(n)],
            "profit": [float(i) for i in range(n)],
            "s0": ["u", "v", "v", "u"] * (n // 4),
            "log": [1] * n,
        }
    )
    pq.write_table(frame, tmp_path / "log.parquet")
    experiment = load(
        tmp_path / "log.parquet",
        "profit + 10 * f0 + row",
        offer="offer",
        strata=["s0"],
        features=["f1", "f0", "log"],
        where="offer = 'a' OR f0 > 2 OR row < 5",
    )
    i = np.arange(n)
    kept = i[(i % 2 == 1) | (i % 7 > 2) | (i < 5)]
    np.testing.assert_array_equal(experiment.profit, kept + 10 * (kept % 7) + kept)
    np.testing.assert_array_equal(experiment.features.values[:, 0], kept % 5)
