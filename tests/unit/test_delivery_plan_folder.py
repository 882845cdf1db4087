"""A plan folder: whole, verified on reading, the same bytes for the same plan."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from made_plan import ROWS, made_features, made_plan

from handful.delivery.plan_folder import write_plan
from handful.delivery.stored import read_plan
from handful.errors import BriefError, DataError
from handful.policy.policy import assign

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "plan.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    write_plan(made_plan(), folder, *made_features())
    return folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    for path in folder.rglob("*"):
        if path.is_file():
            place = tmp_path / path.relative_to(folder)
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(path.read_bytes())
    return tmp_path


def test_the_folder_holds_the_parts_and_nothing_else(folder: Path) -> None:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    assert names == [
        "assignments.parquet",
        "decision.md",
        "plan.json",
        "policy",
        "policy/arrays.bin",
        "policy/manifest.json",
        "report.html",
    ]


def test_plan_json_fits_its_schema_and_lists_the_other_files(folder: Path) -> None:
    document = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, SCHEMA)
    assert [part["name"] for part in document["files"]] == [
        "assignments.parquet",
        "decision.md",
        "policy/arrays.bin",
        "policy/manifest.json",
        "report.html",
    ]


def test_the_same_plan_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_plan(made_plan(), tmp_path, *made_features())
    for path in folder.rglob("*"):
        if path.is_file():
            assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes(), path


def test_assignments_say_who_gets_which(folder: Path) -> None:
    plan = made_plan()
    table = pq.read_table(folder / "assignments.parquet")
    assert table.column_names == ["customer", "offer", "segment", "reason", "expected_profit"]
    assert table["customer"].to_pylist() == list(range(ROWS))
    offers = np.array(plan.policy.model.offers)[plan.assignment.offer]
    assert table["offer"].to_pylist() == offers.tolist()
    assert set(zip(table["offer"].to_pylist(), table["segment"].to_pylist(), strict=True)) == {
        ("voucher", 1),
        ("mail", 2),
        ("none", None),
    }
    assert set(table["reason"].to_pylist()) == {
        "best_in_menu",
        "menu_not_open_here",
        "unknown_stratum",
    }
    assert table["expected_profit"].to_pylist() == plan.assignment.expected_profit.tolist()


def test_the_file_that_names_persons_is_private(folder: Path) -> None:
    assert stat.S_IMODE((folder / "assignments.parquet").stat().st_mode) == 0o600


def test_a_stored_plan_decides_as_the_plan_did(folder: Path) -> None:
    plan, stored = made_plan(), read_plan(folder)
    decided = assign(stored.policy, *made_features())
    assert decided.offer.tolist() == plan.assignment.offer.tolist()
    assert decided.expected_profit.tolist() == plan.assignment.expected_profit.tolist()
    assert stored.document["verdict"]["kind"] == "handful"
    assert read_plan(folder / "plan.json").document == stored.document


@pytest.mark.parametrize("name", ["policy/arrays.bin", "report.html", "assignments.parquet"])
def test_a_changed_part_is_found(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(bytes(content))
    with pytest.raises(DataError) as refused:
        read_plan(copy)
    assert refused.value.findings[0].code == "F812"
    assert name in refused.value.findings[0].message


def test_a_missing_policy_is_found(copy: Path) -> None:
    (copy / "policy" / "manifest.json").unlink()
    with pytest.raises(DataError, match="F812"):
        read_plan(copy)


def test_a_folder_sent_without_its_persons_can_still_decide(copy: Path) -> None:
    (copy / "assignments.parquet").unlink()
    assert read_plan(copy).policy.currency == "USD"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"schema": "handful.plan/9"}',
        '{"schema": "handful.plan/1"}',
        '{"schema": "handful.plan/1", "files": [1], "experiment": 2}',
        '{"a": NaN}',
    ],
)
def test_another_format_is_refused(copy: Path, text: str) -> None:
    (copy / "plan.json").write_text(text)
    with pytest.raises(DataError, match="F811"):
        read_plan(copy)


def test_no_plan_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(BriefError, match="F810"):
        read_plan(tmp_path)
