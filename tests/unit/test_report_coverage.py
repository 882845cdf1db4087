"""The page on coverage: every number is the plan's own, and each verdict has its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from handful.delivery.report.coverage import section
from handful.delivery.report.coverage_curve import curve_spec
from handful.delivery.report.figures import Figure, Interval, lookup
from handful.delivery.report.section import Drawn, Folded, Listed, Section, Words
from handful.evidence.coverage_records import (
    AcceptableOffer,
    CoverageFacts,
    Covered,
    CurvePoint,
    OutcomeFacts,
    OutcomeTest,
    Regret,
    ShutOut,
    Standing,
    WorseOffFacts,
)
from handful.evidence.records import Estimate
from handful.planning.records import Plan
from plan_fixture import handful_plan


def _at(value: float, half: float = 0.1) -> Estimate:
    return Estimate(value, half / 2, value - half, value + half)


def _curve(*floors: float) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(f, f, _at(1.0 - f), _at(f), 1.1 - f) for f in floors)


def _plan(**changes: object) -> Plan:
    regret = Regret(_at(0.01), 0.05, 0.4)
    coverage = CoverageFacts(
        offers=(
            AcceptableOffer("mail", True, None, None),
            AcceptableOffer("none", False, None, "it counts as exclusion"),
        ),
        overall=Covered("everybody", 5_000, _at(0.7), 0.71, _at(0.8), _at(0.3)),
        groups=(Covered("sex = f", 2_000, _at(0.6), 0.6, _at(0.7), _at(0.2)),),
        revenue_source="what customers bring today",
        shut_out=(ShutOut("age over 60", 900, 0.6, 0.8, _at(0.25)),),
        shut_out_hidden=600,
        menu=("none", "mail"),
        curve=_curve(0.0, 0.5, 1.0),
        floor=0.75,
    )
    worse = WorseOffFacts(
        default="none",
        fixed=True,
        margin=0.0,
        segments=(Standing("mail", 3_000, 0.6, _at(0.3), "no_worse", regret=regret),),
        groups=(Standing("sex = f", 2_000, 0.4, _at(0.05), "unclear"),),
    )
    test = OutcomeTest("everybody", 5_000, _at(0.1), _at(0.02, 0.01), "unclear")
    outcome = OutcomeFacts("returns", "higher", 0.02, None, test, ())
    plan = replace(handful_plan(), coverage=coverage, worse_off=worse, outcomes=(outcome,))
    return replace(plan, **changes)


def _figures(found: Section) -> Iterator[Figure]:
    for block in found.blocks:
        cells: list[object] = []
        if isinstance(block, Words):
            cells += block.parts
        if isinstance(block, Listed):
            cells += [cell for row in block.table.rows for cell in row.cells]
        if isinstance(block, Drawn) and block.table is not None:
            cells += [cell for row in block.table.rows for cell in row.cells]
        for cell in cells:
            if isinstance(cell, Interval):
                yield from (cell.value, cell.lo, cell.hi)
            elif isinstance(cell, Figure):
                yield cell


def _text(found: Section) -> str:
    words = [b for b in found.blocks if isinstance(b, Words)]
    return " ".join(str(part) for b in words for part in b.parts if isinstance(part, str))


def test_every_number_is_read_from_the_plan() -> None:
    plan = _plan()
    found = section(plan)
    assert found is not None
    figures = [figure for figure in _figures(found) if figure.raw is not None]
    assert len(figures) > 40
    assert [f.field for f in figures if lookup(plan, f.field) != f.raw] == []


@pytest.mark.parametrize(
    ("lo", "hi", "words", "tone"),
    [(0.8, 0.9, "reached", "good"), (0.6, 0.7, "below it", "bad"), (0.7, 0.8, "not shown", "warn")],
)
def test_a_floor_is_answered_first(lo: float, hi: float, words: str, tone: str) -> None:
    plan = _plan()
    assert plan.coverage is not None
    whole = replace(plan.coverage.overall, held_out=Estimate((lo + hi) / 2, 0.02, lo, hi))
    found = section(replace(plan, coverage=replace(plan.coverage, overall=whole, groups=())))
    assert found is not None
    said = [b for b in found.blocks if isinstance(b, Words) and words in str(b.parts)]
    assert said[0].tone == tone


def test_who_fell_back_is_said() -> None:
    plan = _plan()
    assert plan.worse_off is not None
    harmed = Standing("call", 400, 0.1, _at(-0.5), "worse", falls_back=True)
    fell = replace(
        plan.worse_off, segments=(harmed,), groups=(), fell_back=("call",), effect=_at(0.05)
    )
    found = section(replace(plan, worse_off=fell))
    assert found is not None
    assert "Customers of call would be worse off than under “none”" in _text(found)
    left = replace(fell, segments=(replace(harmed, falls_back=False),), fell_back=(), effect=None)
    again = section(replace(plan, worse_off=left))
    assert again is not None
    assert "Worse off than under “none”: call." in _text(again)


def test_a_conflict_is_said_in_full() -> None:
    plan = _plan()
    lost = replace(plan.outcomes[0], horizon="180 days", conflict=True)
    found = section(replace(plan, outcomes=(lost,)))
    assert found is not None
    assert "Profit goes up, and “returns” (180 days) gets worse" in _text(found)


def test_a_curve_of_one_point_is_a_sentence() -> None:
    plan = _plan()
    assert plan.coverage is not None
    flat = replace(plan, coverage=replace(plan.coverage, curve=_curve(0.0)))
    found = section(flat)
    assert found is not None
    assert not any(isinstance(block, Drawn) for block in found.blocks)
    assert "no floor costs anything" in _text(found)


def test_the_chart_draws_the_points_and_the_best_menu() -> None:
    plan = _plan()
    drawn = str(curve_spec(plan, 780))
    assert drawn.count("'covered'") >= 3
    best = max(plan.frontier, key=lambda point: point.value)
    assert f"best menu of {best.offers}" in drawn


def test_claims_are_named_as_claims() -> None:
    found = section(_plan())
    assert found is not None
    tables = [b.table for b in found.blocks if isinstance(b, Listed)]
    standing = next(t for t in tables if t.ident == "worse-off")
    claimed = [c.title for c in standing.columns if "claimed" in c.title]
    assert len(claimed) == 2
    assert any(isinstance(b, Folded) for b in found.blocks)
    assert not re.search(r"\bnan\b", _text(found))


def test_a_plan_without_anything_to_say_has_no_section() -> None:
    assert section(_plan(coverage=None, worse_off=None, outcomes=())) is None
