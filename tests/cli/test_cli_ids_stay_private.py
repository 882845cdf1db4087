"""Customer ids stand in the assignments and nowhere else: not in reports, messages or errors."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from handful.cli.main import run
from made_shop import write_brief, write_shop

ID = "ZQX-"
"""Begins every customer's id in the made shop."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ids")
    write_shop(folder)
    write_brief(folder)
    assert run(["plan", str(folder / "shop.toml"), "--out", str(folder / "plan")]) == 0
    return folder


def test_only_the_assignments_name_persons(shop: Path) -> None:
    files = [path for path in (shop / "plan").rglob("*") if path.is_file()]
    naming = [path.name for path in files if ID.encode() in path.read_bytes()]
    assert {path.name for path in files} >= {"report.html", "plan.json", "manifest.json"}
    assert naming == ["assignments.parquet"]
    assert stat.S_IMODE((shop / "plan" / "assignments.parquet").stat().st_mode) == 0o600


def _twice(lines: list[str]) -> list[str]:
    """Every customer of the first hundred rows a second time, under another offer."""
    again = [line.split(",") for line in lines[1:101]]
    swap = {"none": "mail", "mail": "call", "call": "none"}
    return [*lines, *(",".join([r[0], swap[r[1]], *r[2:]]) for r in again)]


def _words_for_money(lines: list[str]) -> list[str]:
    return [*lines[:-3], *(line.rsplit(",", 1)[0] + ",a lot" for line in lines[-3:])]


def _ids_as_money(lines: list[str]) -> list[str]:
    return [
        lines[0],
        *(",".join([*line.split(",")[:-1], line.split(",")[0]]) for line in lines[1:]),
    ]


def _ragged(lines: list[str]) -> list[str]:
    return [*lines[:200], lines[200] + ",one,more", *lines[201:]]


@pytest.mark.parametrize(
    "spoil", [_twice, _words_for_money, _ids_as_money, _ragged], ids=lambda f: f.__name__
)
@pytest.mark.parametrize("command", ["plan", "check"])
def test_no_refusal_names_a_customer(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    spoil: Callable[[list[str]], list[str]],
    command: str,
) -> None:
    log = write_shop(tmp_path, rows=400)
    log.write_text("\n".join(spoil(log.read_text("utf-8").splitlines())) + "\n", "utf-8")
    brief = str(write_brief(tmp_path))
    out = ["--out", str(tmp_path / "plan")] if command == "plan" else []
    assert run([command, brief, *out]) in (2, 3)
    said = capfd.readouterr()
    assert said.err
    assert ID not in said.out + said.err
    assert not (tmp_path / "plan").exists()


@pytest.mark.parametrize(
    "money",
    ["CAST(customer AS DOUBLE)", "error(customer)", "spend + CAST(substr(customer, 5) AS INTEGER)"],
)
@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["plain", "debug"])
def test_no_error_of_the_engine_names_a_customer(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], money: str, debug: tuple[str, ...]
) -> None:
    write_shop(tmp_path, rows=300)
    brief = write_brief(tmp_path)
    brief.write_text(
        brief.read_text("utf-8").replace('per_row = "spend"', f'per_row = "{money}"'), "utf-8"
    )
    assert run(["check", str(brief), *debug]) in (2, 3)
    said = capfd.readouterr()
    assert said.err
    assert ID not in said.out + said.err


def test_assigning_names_customers_in_its_file_alone(
    shop: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    who = tmp_path / "who.csv"
    plan, customers = str(shop / "plan"), shop / "shop.csv"
    assert run(["assign", plan, str(customers), "--out", str(who)]) == 0
    said = capfd.readouterr()
    assert ID in who.read_text("utf-8")
    assert ID not in said.out + said.err
    assert stat.S_IMODE(who.stat().st_mode) == 0o600
    lines = customers.read_text("utf-8").splitlines()
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join([lines[0].replace("recency", "weeks"), *lines[1:]]), "utf-8")
    assert run(["assign", plan, str(bad), "--out", str(tmp_path / "no.csv")]) == 2
    said = capfd.readouterr()
    assert "recency" in said.err
    assert ID not in said.out + said.err


def test_evaluating_a_policy_with_strangers_names_none(
    shop: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.csv"
    policy.write_text("customer,offer\nZQX-99999-ID,mail\nZQX-00001-ID,nothing\n", "utf-8")
    assert run(["evaluate", str(shop / "shop.toml"), "--policy", str(policy)]) != 0
    said = capfd.readouterr()
    assert said.err
    assert ID not in said.out + said.err
