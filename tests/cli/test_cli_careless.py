"""What a careless user does twice, half, or with the wrong file."""

from __future__ import annotations

from pathlib import Path

import pytest

from handful.cli.main import run
from made_serving import asking_for_reviews, under_consent


@pytest.mark.parametrize("make", [asking_for_reviews, under_consent])
def test_a_plan_with_every_part_is_replaced_by_the_next(make: object, tmp_path: Path) -> None:
    plan: Path = make(tmp_path / "shop")  # type: ignore[operator]
    assert (plan / "decision.md").exists()
    before = (plan / "plan.json").read_bytes()
    words = ["plan", str(plan.parent / "shop.toml"), "--out", str(plan), "--quiet", "--seed", "5"]
    assert run(words) == 0
    assert (plan / "plan.json").read_bytes() != before
