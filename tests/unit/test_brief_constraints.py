"""The [constraints] table: what it reads, and everything wrong with it said at once."""

from __future__ import annotations

import pytest

from handful.brief.constraints import Cap
from handful.brief.reader import parse_brief
from handful.errors import BriefError

LEAST = {"experiment": {"source": "l.csv", "offer": "arm"}, "profit": {"per_row": "spend"}}


def test_a_whole_table_is_read() -> None:
    table = {
        "budget": 5,
        "cost": "price",
        "capacity": {"mail": 20},
        "at_least": {"call": 3},
        "coverage_floor": 0.5,
        "coverage_floor_by": ["town"],
        "acceptable": ["mail"],
        "eligible": {"call": "age >= 18"},
        "never_together": [["mail", "call"], ["mail", "owns = 1"]],
        "caps": {"complaints": {"outcome": "complained", "at_most": 0.01}},
        "otherwise": "none",
    }
    spec = parse_brief({**LEAST, "constraints": table}).constraints
    assert spec.budget == 5.0
    assert spec.capacity == {"mail": 20.0}
    assert spec.never_together == (("mail", "call"), ("mail", "owns = 1"))
    assert spec.caps["complaints"] == Cap("complained", 0.01)
    assert spec.limited


def test_a_brief_without_limits_on_all_customers_together_is_not_limited() -> None:
    spec = parse_brief({**LEAST, "constraints": {"eligible": {"call": "age >= 18"}}}).constraints
    assert not spec.limited
    assert not parse_brief(LEAST).constraints.limited


def test_everything_wrong_is_said_at_once() -> None:
    table = {
        "budget": 5,
        "capacity": {"mail": 5},
        "at_least": {"mail": 13},
        "coverage_floor": 3,
        "caps": {"c": {"outcome": "y", "at_mot": 0.1}},
        "eligible": {"mail": 3},
        "never_together": [["mail"]],
        "capcity": 3,
    }
    population = {"per_row": "spend", "population": 10}
    with pytest.raises(BriefError) as refusal:
        parse_brief({**LEAST, "profit": population, "constraints": table})
    said = [(f.code, f.message) for f in refusal.value.findings]
    assert sorted(code for code, _ in said) == ["B101"] + ["B103"] * 3 + ["B105"] * 4
    for words in ("13 customers with 'mail'", "adds up to 13", "budget and", "found 3", "capcity"):
        assert any(words in message for _, message in said), words


@pytest.mark.parametrize("key", ["budget", "coverage_floor"])
def test_negative_numbers_are_refused(key: str) -> None:
    with pytest.raises(BriefError, match="at least 0"):
        parse_brief({**LEAST, "constraints": {key: -1, "cost": "1"}})


def test_negative_volumes_are_refused() -> None:
    with pytest.raises(BriefError, match="at least 0"):
        parse_brief({**LEAST, "constraints": {"at_least": {"mail": -1}}})
