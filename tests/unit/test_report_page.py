"""The page says what the plan says, to the last digit, and runs nothing but its own script."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import pytest

from handful.delivery.report import render_report, sections
from handful.delivery.report.drawing import PAPER
from handful.delivery.report.tables import csv_text
from handful.evidence.records import Estimate, Verdict
from handful.planning.records import GuardrailResult, Plan
from plan_fixture import (
    FORMULA,
    SCRIPT,
    handful_plan,
    hostile_plan,
    observational_plan,
    one_offer_plan,
)

PLANS = {
    "one_offer": one_offer_plan,
    "handful": handful_plan,
    "observational": observational_plan,
    "hostile": hostile_plan,
}
VOID = {"meta", "link", "br", "rect", "line", "path"}
PLAN_FIELDS = (
    *(f"reference.{line}.{end}" for line in ("no_offer", "best_single", "one_to_one")
      for end in ("value", "lo", "hi")),
    "heterogeneity.p_value", "tails.top_share", "experiment.rows", "experiment.customers",
)  # fmt: skip
POINT_FIELDS = (
    "offers", "value", "lo", "hi", "gain_over_single.value", "share_of_one_to_one", "claimed",
    "certified_gap", "setup_cost", "net",
)  # fmt: skip


class Page(HTMLParser):
    """Text, data elements, ids, links and scripts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.data: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: list[str] = []
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        if tag not in VOID:
            self.inside.append(tag)
        if tag == "data":
            self.data.append({**found, "text": ""})
        if "id" in found:
            self.ids.append(found["id"])
        self.references += [found[name] for name in ("src", "href", "xlink:href") if name in found]
        assert not [name for name in found if name.startswith("on") or name == "style"]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.inside and self.inside[-1] == "data":
            self.data[-1]["text"] += data
        if "script" not in self.inside and "style" not in self.inside:
            self.text.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.text))


@cache
def rendered(name: str) -> str:
    return render_report(PLANS[name]())


def look(plan: Plan, field: str) -> object:
    found: object = plan
    for step in field.split("."):
        found = found[int(step)] if step.isdigit() else getattr(found, step)  # type: ignore[index]
    return found


@pytest.mark.parametrize("name", PLANS)
def test_every_number_on_the_page_is_the_plans(name: str) -> None:
    plan, page = PLANS[name](), Page(rendered(name))
    assert len(page.data) > 80
    for element in page.data:
        expected = look(plan, element["data-field"])
        if expected is None:
            assert (element["value"], element["text"]) == ("", "n/a")
            continue
        times = float(element.get("data-times", "1"))
        assert float(element["value"]) == float(expected) * times


@pytest.mark.parametrize("name", PLANS)
def test_the_text_shown_is_the_number_rounded(name: str) -> None:
    for element in Page(rendered(name)).data:
        text = element["text"].replace("−", "-").replace(",", "")
        if text == "n/a" or text.startswith("below"):
            continue
        scale = 100 if text.endswith("%") else 1
        shown = float(re.sub(r"[^\d.-]", "", text))
        exact = float(element["value"]) * scale
        digits = len(text.rstrip("%").partition(".")[2])
        zeros = len(re.search(r"0*$", text.partition(".")[0])[0]) if digits == 0 else 0
        assert abs(shown - exact) <= 0.500001 * 10 ** (zeros - digits)


@pytest.mark.parametrize("name", PLANS)
def test_no_number_of_the_decision_is_left_out(name: str) -> None:
    plan = PLANS[name]()
    shown = {element["data-field"] for element in Page(rendered(name)).data}
    wanted = set(PLAN_FIELDS)
    wanted |= {f"frontier.{at}.{end}" for at in range(len(plan.frontier)) for end in POINT_FIELDS}
    for at, rung in enumerate(plan.ladder):
        if rung.value is not None:
            wanted |= {f"ladder.{at}.{end}" for end in ("value", "lo", "hi", "gain.value")}
    for at in range(len(plan.segments)):
        wanted |= {f"segments.{at}.{end}" for end in ("customers", "share", "value.lo")}
    wanted |= {f"verdict.gain.{part}.value" for part in ("better_single", "targeting", "total")}
    assert wanted - shown == set()


def test_the_headline_is_the_decision_with_its_interval() -> None:
    first = re.search(r"<h1.*?</h1>", rendered("one_offer"), re.DOTALL)
    assert first is not None
    words = Page(first[0]).words
    assert "“Mens E-Mail”" in words
    assert "$0.377 ($0.302 to $0.452) per customer" in words


def test_a_handful_names_offers_gain_and_total() -> None:
    words = Page(rendered("handful")).words
    assert "Run 3 offers, “10% off”, “Free delivery” and “Gift”" in words
    assert "£0.61 (£0.48 to £0.74) per customer more" in words
    assert "Total of one campaign" in words
    assert "£305,000 (£240,000 to £370,000)" in words


def test_it_is_said_clearly_when_the_data_do_not_support_personalising() -> None:
    words = Page(rendered("one_offer")).words
    assert "One offer for everybody" in words
    assert "This is an answer, not a failure." in words
    assert "This is an answer" not in Page(rendered("handful")).words


def test_what_being_wrong_costs_stands_beside_the_verdict() -> None:
    assert (
        "At the low end of the band the plan still gains £0.48" in Page(rendered("handful")).words
    )
    words = Page(rendered("one_offer")).words
    assert "A menu of 2 would earn $0.013 per customer more at the high end" in words


def test_long_names_do_not_drown_the_first_sentence() -> None:
    names = tuple(f"Voucher {k} for everything in every shop on weekends" for k in "ABC")
    first = re.search(r"<h1.*?</h1>", render_report(handful_plan(names)), re.DOTALL)
    assert first is not None
    words = Page(first[0]).words
    assert words.startswith("Run 3 offers and give each customer the one that suits them.")


def test_long_menus_are_told_by_letters_with_a_key() -> None:
    html = rendered("handful")
    key = html[html.index('<dl class="key"') :]
    words = Page(key[: key.index("</dl>")]).words
    assert words.startswith("A10% offBFree deliveryCGift")
    table = html[html.index('id="table-frontier"') :]
    table = table[: table.index("</table>")]
    assert "A, B, C" in Page(table).words
    assert "Free delivery" not in table
    assert "Free delivery" in csv_text(sections.frontier_table(handful_plan()))


def test_the_four_reference_lines_are_always_there() -> None:
    for name, menu in (("one_offer", "Menu of 2:"), ("handful", "Menu of 3:")):
        html = rendered(name)
        start = html.index('id="table-reference"')
        words = Page(html[start : html.index("</table>", start)]).words
        for line in ("No offer", "Best single offer:", menu, "One-to-one"):
            assert line in words
        assert words.count("chosen") == 1


def test_an_absent_rival_says_why() -> None:
    assert "n/a: the log has no age or region column" in Page(rendered("one_offer")).words


def test_heavy_tails_are_shown_beside_the_raw_values() -> None:
    page = Page(rendered("one_offer"))
    assert "carry 31% of all deviation of profit" in page.words
    assert "tails.winsorised.1.1.value" in {element["data-field"] for element in page.data}
    assert "tails.winsorised" not in rendered("handful")


def test_findings_keep_their_level_and_remedy() -> None:
    words = Page(rendered("one_offer")).words
    assert words.index("warn C431") < words.index("note C402")
    assert "What to do: Read the winsorised values beside the raw ones." in words


def test_observational_is_marked_above_everything_and_on_every_printed_page() -> None:
    html = rendered("observational")
    assert html.index('class="observational"') < html.index("<h1")
    words = Page(html).words
    assert "Observational: Run 3 offers" in words
    assert "Shown to be above zero" not in words
    assert re.search(r'class="print-head"><b>Observational', html)
    assert "display: table-header-group" in html
    assert 'class="observational"' not in rendered("handful")


def test_names_that_look_like_code_are_text_everywhere() -> None:
    html = rendered("hostile")
    assert SCRIPT not in html
    page = Page(html)
    assert page.tags.count("script") == 1
    assert SCRIPT in page.words
    assert FORMULA in page.words
    for link in re.findall(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', html):
        for line in base64.b64decode(link).decode("utf-8").split("\r\n"):
            assert not line.lstrip('"').startswith("=")


@pytest.mark.parametrize("name", PLANS)
def test_the_page_is_self_contained(name: str) -> None:
    references = Page(rendered(name)).references
    assert references
    assert [found for found in references if not found.startswith(("data:", "#"))] == []
    css = re.search(r"<style>(.*?)</style>", rendered(name), re.DOTALL)
    assert css is not None
    assert not re.search(r"url\(|@import", css[1])
    assert len(rendered(name).encode()) < 3_000_000


@pytest.mark.parametrize("name", PLANS)
def test_the_policy_allows_only_the_pages_own_style_and_script(name: str) -> None:
    html = rendered(name)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    allowed = policy[1].replace("&#39;", "'")
    assert allowed.startswith("default-src 'none';")
    assert "unsafe" not in allowed
    for tag in ("style", "script"):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert len(bodies) == 1
        digest = base64.b64encode(hashlib.sha256(bodies[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in allowed


@pytest.mark.parametrize("name", PLANS)
def test_ids_are_unique_and_every_label_and_anchor_exists(name: str) -> None:
    html = rendered(name)
    ids = Page(html).ids
    assert len(ids) == len(set(ids))
    wanted = {word for found in re.findall(r'aria-labelledby="([^"]+)"', html)
              for word in found.split()}  # fmt: skip
    wanted |= set(re.findall(r'href="#([^"]+)"', html))
    wanted |= set(re.findall(r"url\(#([^)]+)\)", html))
    assert wanted - set(ids) == set()


@pytest.mark.parametrize("name", PLANS)
def test_every_drawing_has_a_name_and_a_description(name: str) -> None:
    drawings = re.findall(r"<svg[^>]*>.{0,400}", rendered(name), re.DOTALL)
    assert len(drawings) >= 4
    for drawing in drawings:
        assert re.match(r'<svg[^>]*role="img"[^>]*aria-labelledby=', drawing)
        assert re.search(r"<title [^>]*>[^<]+</title><desc [^>]*>[^<]+</desc>", drawing)


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert render_report(handful_plan()) == rendered("handful")


def _verdict(plan: Plan, kind: str) -> Plan:
    return replace(
        plan,
        verdict=Verdict(kind, 0, (), None, ("Because.",)),  # type: ignore[arg-type]
        segments=(),
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("no_offer", "Make no offer: even the best one, “Mens E-Mail”"),
        ("by_hand", "Write to each customer by hand"),
        ("refused", "No decision: these data cannot carry one."),
    ],
)
def test_the_other_verdicts_have_a_sentence(kind: str, words: str) -> None:
    page = Page(render_report(_verdict(one_offer_plan(), kind)))
    assert words in page.words
    assert "there is no gain to split" in page.words


def test_absent_parts_say_so() -> None:
    plan = one_offer_plan()
    bare = replace(
        plan,
        reference=replace(plan.reference, no_offer=None),
        frontier=(replace(plan.frontier[0], certified_gap=None, claimed=math.nan),),
        ladder=(),
        heterogeneity=replace(plan.heterogeneity, p_value=None, test="too few rows"),
        experiment=replace(plan.experiment, population=None),
        findings=(),
    )
    words = Page(render_report(bare)).words
    assert "n/a: the experiment had no “no offer” arm" in words
    assert "“Certified gap” is n/a: no bound was made." in words
    assert "n/a: no rival was valued." in words
    assert "was not run (too few rows)" in words
    assert "Total of one campaign" not in words
    assert "Gain over the offers as they were given, per customer" in words
    assert "Nothing was found that weakens the result." in words


def test_a_segment_too_small_to_value_says_so() -> None:
    plan = handful_plan()
    nothing = Estimate(math.nan, math.nan, math.nan, math.nan)
    small = replace(plan.segments[2], customers=2, share=0.0, value=nothing, rule_fidelity=math.nan)
    words = Page(render_report(replace(plan, segments=(*plan.segments[:2], small)))).words
    assert "n/a: not measured" in words
    assert "What it is worth: too few customers of the log fall in it." in words
    assert "nan" not in words.lower()


def test_no_offer_says_what_doing_nothing_is_worth() -> None:
    plan = _verdict(one_offer_plan(), "no_offer")
    words = Page(render_report(plan)).words
    assert "Worth of no offer, per customer" in words
    assert "$0.196 ($0.128 to $0.264)" in words


def test_the_plan_stands_among_its_rivals() -> None:
    html = rendered("handful")
    start = html.index('id="table-ladder"')
    words = Page(html[start : html.index("</table>", start)]).words
    assert "This plan (3 offers) chosen 3 3 £3.710" in words


def test_no_offer_where_the_control_is_the_best() -> None:
    plan = _verdict(one_offer_plan(), "no_offer")
    best = replace(plan.reference.best_single, offer="No E-Mail")
    words = Page(render_report(replace(plan, reference=replace(plan.reference, best_single=best))))
    assert "nothing that was tried earns more than doing nothing" in words.words


def test_a_rival_that_leads_is_not_denied() -> None:
    plan = one_offer_plan()
    ahead = replace(plan.ladder[0], gain=Estimate(0.03, 0.01, 0.005, 0.055))
    words = Page(render_report(replace(plan, ladder=(ahead, *plan.ladder[1:])))).words
    assert "none is shown to earn more" not in words
    assert "Some ways of giving different customers different offers come out ahead" in words


def test_guardrails_are_listed_with_verdict_and_remedy() -> None:
    rail = GuardrailResult("Coverage", "share", 0.4, None, None, 0.5, "fail", "Reach more people.")
    words = Page(render_report(replace(handful_plan(), guardrails=(rail,)))).words
    assert "Coverage" in words
    assert "0.400 0.500 fail Reach more people." in words


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_of_wcag_aa(scheme: int) -> None:
    colours = _colours(re.findall(r":root \{(.*?)\}", rendered("handful"), re.DOTALL)[scheme])
    for ground in ("paper", "ground", "soft", "alarm"):
        for text in ("ink", "quiet", "plan", "claim"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def test_every_colour_of_a_drawing_has_a_dark_counterpart() -> None:
    html = rendered("handful")
    light = _colours(re.findall(r":root \{(.*?)\}", html, re.DOTALL)[0])
    for name, colour in PAPER.items():
        assert light[name] == colour
        assert f'.chart [fill="{colour}"] {{ fill: var(--{name}); }}' in html
        assert f'.chart [stroke="{colour}"] {{ stroke: var(--{name}); }}' in html
    drawings = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-fA-F]+|[a-z]+)"', drawings))
    assert used - set(PAPER.values()) <= {"none", "transparent"}
