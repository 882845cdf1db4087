"""A small plan with strata, clusters, gaps and every rival has the recorded numbers."""

from __future__ import annotations

import json

import pytest
from small_plan import RECORDED, make_small_plan, numbers


def test_the_small_plan_is_the_recorded_one() -> None:
    found = numbers(make_small_plan())
    expected = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert found.keys() == expected.keys()
    different = [
        f"{path}: {found[path]!r}, recorded {value!r}"
        for path, value in expected.items()
        if found[path] != (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value)
    ]
    assert different == [], "python tests/golden/small_plan.py records it anew"
