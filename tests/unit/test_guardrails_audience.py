"""Small groups: merged at least cost, hidden with what would give them away, refused for export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from handful.brief.reader import read_brief
from handful.delivery.plan_json import plan_document
from handful.delivery.report import render_report
from handful.errors import BriefError
from handful.evidence.records import Estimate, Segment
from handful.experiment.log import load_experiment
from handful.guardrails.audience import (
    EXPORT_MINIMA,
    check_export,
    export_minimum,
    few,
    hide_small,
    suppress,
)
from handful.guardrails.records import GuardrailResult
from handful.planning.records import Plan
from handful.planning.run import make_plan


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([500, 200], (500, 200)),
        ([500, 7, 90], (500, None, None)),
        ([500, 7, 8, 90], (500, None, None, 90)),
        ([500, 2, 3, 90], (500, None, None, None)),
        ([500, 0, 90], (500, 0, 90)),
        ([5], (None,)),
        ([11, 10], (None, None)),
    ],
)
def test_small_counts_are_hidden_with_a_companion(
    counts: list[int], shown: tuple[int | None, ...]
) -> None:
    assert suppress(counts, 11) == shown


def test_without_a_known_total_no_companion_is_needed() -> None:
    assert suppress([500, 7, 90], 11, total_known=False) == (500, None, 90)


def test_few_says_no_small_number() -> None:
    assert [few(n, 11) for n in (0, 1, 10, 11, 2500)] == [
        "0",
        "fewer than 11",
        "fewer than 11",
        "11",
        "2,500",
    ]


def test_export_minima_grow_as_matches_fall() -> None:
    assert export_minimum("Google", 1.0) == EXPORT_MINIMA["google"] == 100
    assert export_minimum("tiktok", 0.7) == 1429
    assert export_minimum("meta", 0.1) == 1000
    with pytest.raises(BriefError, match="G051"):
        export_minimum("myspace", 0.5)
    with pytest.raises(BriefError, match="G051"):
        export_minimum("meta", 0.0)


def test_an_audience_below_the_minimum_is_named_without_its_size() -> None:
    (small,) = check_export({"mail": 9, "call": 5000}, "linkedin", 0.5)
    assert small.code == "G052"
    assert "'mail' has fewer than 11 customers" in small.message
    assert "600" in small.message
    assert check_export({"mail": 600}, "linkedin", 0.5) == ()


def write_club(folder: Path, *, lovers: int, always: str = "[]", guardrails: str = "") -> Plan:
    """Plan for customers of whom a few like a third offer best."""
    rng, rows = np.random.default_rng(2), 2500
    kind = np.where(np.arange(rows) < lovers, 2, rng.integers(0, 2, rows))
    offer = rng.integers(0, 3, rows)
    gain = np.where(offer == kind, np.where(kind == 2, 6.0, 3.0), 0.0)
    spend = np.round(10 + gain + rng.normal(0, 1, rows), 3)
    order = rng.permutation(rows)
    lines = [f"C{i},{'abc'[offer[i]]},{kind[i]},{spend[i]}" for i in order]
    (folder / "club.csv").write_text("id,arm,kind,spend\n" + "\n".join(lines) + "\n", "utf-8")
    (folder / "club.toml").write_text(
        '[experiment]\nsource = "club.csv"\ncustomer = "id"\noffer = "arm"\n'
        '[profit]\nper_row = "spend"\n[menu]\nmax_offers = 3\n'
        f"always = {always}\n"
        f"[evidence]\nrepetitions = 1\nfolds = 4\n{guardrails}\n",
        "utf-8",
    )
    brief = read_brief(folder / "club.toml")
    return make_plan(load_experiment(brief), brief=brief)


def result(plan: Plan, name: str) -> GuardrailResult:
    (found,) = (rail for rail in plan.guardrails if rail.name == name)
    return found


def test_a_segment_below_the_floor_is_merged_and_its_price_is_told(tmp_path: Path) -> None:
    few_lovers = "[guardrails]\nminimum_audience = 300"
    plan = write_club(tmp_path, lovers=150, guardrails=few_lovers)
    found = result(plan, "minimum_audience")
    assert plan.verdict.menu == ("a", "b")
    assert [segment.offer for segment in plan.segments] == ["a", "b"]
    assert set(np.unique(plan.assignment.offer)) == {0, 1}
    assert found.verdict == "pass"
    assert "c would have had fewer than 300 customers" in found.remedy
    assert plan.verdict.reasons[0] in found.remedy
    untouched = write_club(tmp_path, lovers=150, guardrails="[guardrails]\nminimum_audience = 100")
    assert len(untouched.verdict.menu) == 3
    assert "would have had" not in result(untouched, "minimum_audience").remedy
    # What the merge costs is not gained any more: it is the lead of the two offers left.
    (two,) = [point for point in plan.frontier if point.offers == 2]
    gain, before = plan.verdict.gain, untouched.verdict.gain
    assert gain.targeting.value == pytest.approx(two.gain_over_single.value, abs=0.02)
    assert before.targeting.value > gain.targeting.value + 0.2
    assert gain.total.value == pytest.approx(gain.better_single.value + gain.targeting.value)


def test_an_offer_that_must_stay_is_refused_instead(tmp_path: Path) -> None:
    floor = "[guardrails]\nminimum_audience = 300"
    plan = write_club(tmp_path, lovers=150, always='["c"]', guardrails=floor)
    found = result(plan, "minimum_audience")
    assert "c" in plan.verdict.menu
    assert found.verdict == "fail"
    assert "'c' (1" in found.remedy


def test_every_cell_of_the_rule_is_counted(tmp_path: Path) -> None:
    cells = result(write_club(tmp_path, lovers=150), "smallest_cell")
    assert cells.verdict == "pass"
    assert cells.value is not None
    assert cells.value >= cells.bound == 11
    assert len(cells.detail["cells"]) == len(cells.detail["sentences"])


def segment(offer: str, customers: int) -> Segment:
    known = Estimate(1.0, 0.1, 0.8, 1.2)
    card = f"{customers} of 600 customers (1%) get {offer}. In words: everybody."
    return Segment(offer, customers, customers / 600, known, "everybody", 1.0, known, card)


def test_small_segments_are_hidden_from_table_and_card() -> None:
    shown = hide_small([segment("a", 500), segment("b", 7), segment("c", 93)], 11)
    assert [s.customers for s in shown] == [500, None, None]
    assert [s.share for s in shown][1:] == [None, None]
    assert shown[1].card == "Customers too few to be counted here get b. In words: everybody."
    assert shown[0] == segment("a", 500)


def test_a_hidden_count_is_nowhere_in_the_plan_folder(tmp_path: Path) -> None:
    plan = write_club(tmp_path, lovers=150, guardrails="[guardrails]\nminimum_reported = 300")
    document = plan_document(plan)
    hidden = [s for s in document["segments"] if s["customers"] is None]
    assert len(hidden) >= 2
    assert {a["field"].split(".")[-1] for a in document["absent"]} >= {"customers", "share"}
    page = render_report(plan)
    small = int(np.sum(plan.assignment.offer == plan.policy.model.offers.index("c")))
    assert "too few to be" in page
    assert f">{small}<" not in page
