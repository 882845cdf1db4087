"""Six answers can be read off the first screen; Markdown says the same; looks are safe to see."""

from __future__ import annotations

import re

import pytest

from handful.delivery.looks import looks
from handful.delivery.report import render_report
from handful.delivery.report.flows import section as moves_of
from handful.delivery.report.guarding import closest_at
from handful.delivery.report.lettering import letter
from handful.delivery.report.markdown import markdown_of
from handful.delivery.report.paper import print_pdf
from handful.errors import MachineError
from handful.experiment.simulate import simulate
from handful.planning.records import GuardrailResult, Plan
from handful.planning.run import plan as make
from handful.planning.settings import PlanSettings

WORLDS = {"types": "handful", "null": None, "heavy": None}


def made(world: str) -> Plan:
    log = simulate(world, n=1500, random_state=3).experiment
    return make(log, max_offers=3, settings=PlanSettings(repetitions=1), population=50_000)


@pytest.fixture(scope="module", params=WORLDS)
def told(request: pytest.FixtureRequest) -> tuple[Plan, str]:
    plan = made(request.param)
    return plan, render_report(plan)


def test_six_answers_stand_before_the_list_of_contents(told: tuple[Plan, str]) -> None:
    plan, page = told
    first = markdown_of(page[: page.index("<nav")].replace('class="skip"', ""))
    plain = first.replace("\\", "")
    assert "What to run" in plain
    for name in plan.verdict.menu:
        assert name in plain
    assert "For whom" in plain
    assert "per customer" in plain
    assert re.search(r"\(.{1,12} to .{1,12}\)", plain)
    assert "What it costs to be wrong" in plain
    assert "Guardrail closest to failing" in plain or not plan.guardrails


def test_markdown_says_what_the_page_says(told: tuple[Plan, str]) -> None:
    _, page = told
    text = markdown_of(page)
    assert text.startswith("# ")
    assert text.count("\n## ") == len(re.findall("<h2", page))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 20
    assert "<" not in re.sub(r"\\<", "", text)


def test_streams_add_up(told: tuple[Plan, str]) -> None:
    plan, page = told
    assert moves_of(plan) is not None
    for offers in {move.offers for move in plan.moves}:
        total = sum(move.share for move in plan.moves if move.offers == offers)
        assert 0.95 < total <= 1 + 1e-9
    someone = any(move.offer != move.to_offer for move in plan.moves)
    assert ("moves-780" in page) == someone
    assert ("Nobody: from" in page) != someone


def rail(
    name: str, value: float, bound: float, ends: tuple[float, float] | None
) -> GuardrailResult:
    lo, hi = ends or (None, None)
    return GuardrailResult(name, name, value, lo, hi, bound, "pass", "holds")


def test_the_nearest_end_tells_who_is_closest() -> None:
    from dataclasses import replace

    from plan_fixture import handful_plan

    rails = (
        rail("nil", 0.0, 0.0, None),
        rail("audience", 60.0, 50.0, None),
        rail("ratio", 1.1, 1.25, (1.0, 1.24)),
    )
    assert closest_at(replace(handful_plan(), guardrails=rails)) == 2
    assert closest_at(replace(handful_plan(), guardrails=rails[:2])) == 1
    assert closest_at(replace(handful_plan(), guardrails=rails[:1])) is None


def test_letters_go_on_after_z() -> None:
    assert [letter(at) for at in (0, 25, 26, 51, 52)] == ["A", "Z", "AA", "AZ", "BA"]


def test_a_name_of_markdown_stays_a_name() -> None:
    assert markdown_of("<p>*a* [b](c) &lt;script&gt; | d</p>") == (
        "\\*a\\* \\[b\\](c) \\<script\\> \\| d\n"
    )


def test_no_browser_is_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("paper")
    with pytest.raises(MachineError, match="X907"):
        print_pdf(folder / "report.html", folder / "r.pdf", ("no-such-browser",))


DEUTERANOPIA = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))


def linear(colour: str) -> tuple[float, ...]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)


def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(m * c for m, c in zip(row, rgb, strict=True)) for row in matrix]
    f = [max(v / w, 0.0) ** (1 / 3) for v, w in zip(xyz, (0.9505, 1.0, 1.089), strict=True)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_accents_stay_apart_without_red_and_green(scheme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", looks(), re.DOTALL)[scheme]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
    seen = [
        lab(tuple(sum(m * c for m, c in zip(row, linear(colours[name]), strict=True))
                  for row in DEUTERANOPIA))
        for name in ("plan", "claim")
    ]  # fmt: skip
    assert sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5 > 60


def test_one_that_warns_with_its_interval_over_the_bound_is_closest() -> None:
    from dataclasses import replace

    from handful.delivery.report.guarding import closest
    from plan_fixture import handful_plan

    near = rail("near", 0.9, 1.0, None)
    over = replace(rail("worse_off", 45.0, 0.0, (-33.0, 127.0)), verdict="warn")
    told = replace(rail("provenance", 7.0, 0.0, None), verdict="warn")
    plan = replace(handful_plan(), guardrails=(near, over, told))
    assert closest_at(plan) == 1
    said = "".join(part for part in closest(plan) if isinstance(part, str))
    assert said.startswith("Nobody worse off. ")
    assert said.endswith("That it fails cannot be excluded.")


def test_a_menu_that_only_the_brief_asks_for_is_not_praised() -> None:
    from dataclasses import replace

    from handful.delivery.report.verdict import headline
    from plan_fixture import handful_plan

    plan = handful_plan()
    at = next(k for k, p in enumerate(plan.frontier) if p.offers == plan.verdict.offers)
    gain = replace(plan.frontier[at].gain_over_single, lo=-0.5)
    point = replace(plan.frontier[at], gain_over_single=gain)
    frontier = (*plan.frontier[:at], point, *plan.frontier[at + 1 :])
    said = [part for part in headline(replace(plan, frontier=frontier)) if isinstance(part, str)]
    assert "as the brief asks" in said[0]
    assert "not shown to earn more" in said[0]


def test_a_segment_without_customers_has_no_card() -> None:
    from dataclasses import replace

    from plan_fixture import handful_plan

    plan = handful_plan()
    empty = replace(plan.segments[0], customers=0, share=0.0)
    page = render_report(replace(plan, segments=(empty, *plan.segments[1:])))
    assert page.count('class="card"') == len(plan.segments) - 1
    assert f"{len(plan.segments) - 1} segments, one per offer" in page


def test_no_offer_is_not_told_how_to_run_one() -> None:
    from dataclasses import replace

    from handful.delivery.report.coverage import section as coverage_of
    from handful.delivery.report.fitting import section as fit_of

    plan = made("types")
    verdict = replace(plan.verdict, kind="no_offer", offers=0, menu=(), gain=None)
    found = replace(plan, verdict=verdict, worse_off=None, outcomes=())
    assert coverage_of(plan) is not None
    assert coverage_of(found) is None
    assert "carrying it out" not in str(fit_of(found))
    assert "nothing is shown to beat that" in render_report(found)


def test_one_offer_that_only_limits_ask_for_is_told_with_its_own_worth() -> None:
    from dataclasses import replace

    from handful.delivery.report.figures import Interval
    from handful.delivery.report.verdict import headline
    from plan_fixture import one_offer_plan

    plan = one_offer_plan()
    assert plan.verdict.gain is not None
    best = replace(plan.reference.best_single, offer="another", value=99.0)
    total = replace(plan.verdict.gain.total, lo=-1.0)
    verdict = replace(plan.verdict, gain=replace(plan.verdict.gain, total=total))
    found = replace(plan, reference=replace(plan.reference, best_single=best), verdict=verdict)
    said = headline(found)
    worth = next(part for part in said if isinstance(part, Interval))
    assert worth.value.raw == plan.frontier[0].value
    assert "The brief asks for it" in str(said[-1])
