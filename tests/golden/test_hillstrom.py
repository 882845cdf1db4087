"""The plan of the packaged experiment is the recorded one; `make record` records it anew."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HANDFUL = Path(sys.executable).with_name("handful")
RECORDED = Path(__file__).with_name("hillstrom-plan.json")

# What changes with a release, or with the last bit of a float, without changing the answer.
UNSTABLE = {"version", "sha256", "files", "brief_sha256"}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in UNSTABLE:
                yield from _leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{at}]")
    else:
        yield path, value


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("golden") / "plan"
    command = [HANDFUL, "demo", "hillstrom", "--out", out, "--quiet"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout + run.stderr
    plan: dict[str, Any] = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    return plan


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return plan


def test_the_plan_is_the_recorded_one(made: dict[str, Any], recorded: dict[str, Any]) -> None:
    found, expected = dict(_leaves(made)), dict(_leaves(recorded))
    assert found.keys() == expected.keys()
    different = [
        f"{path}: {found[path]!r}, recorded {value!r}"
        for path, value in expected.items()
        if found[path] != (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value)
    ]
    assert different == []


def test_values_are_near_the_arm_means(made: dict[str, Any]) -> None:
    """In a randomised log the value of giving everybody one arm is that arm's mean profit."""
    reference = made["reference"]
    assert reference["no_offer"]["value"] == pytest.approx(0.1957, abs=0.004)
    assert reference["best_single"]["offer"] == "Mens E-Mail"
    assert reference["best_single"]["value"] == pytest.approx(0.3768, abs=0.004)


def test_segmenting_anyway_would_not_have_paid(made: dict[str, Any]) -> None:
    assert (made["verdict"]["kind"], made["verdict"]["offers"]) == ("one_offer", 1)
    assert made["verdict"]["menu"] == ["Mens E-Mail"]
    gains = {rung["name"]: rung["gain"]["value"] for rung in made["ladder"]}
    assert len(gains) == 6
    assert max(gains.values()) <= 0.0
