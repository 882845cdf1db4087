"""The report as people meet it: six answers on top, no faults of access, names that stay text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from handful.delivery.report import render_report
from handful.planning.records import Plan
from plan_fixture import FORMULA, SCRIPT, handful_plan, hostile_plan, one_offer_plan

pytestmark = pytest.mark.browser

PLANS: dict[str, Callable[[], Plan]] = {
    "one_offer": one_offer_plan,
    "handful": handful_plan,
    "hostile": hostile_plan,
}
SCREENS = {"light": (1280, "light"), "dark": (1280, "dark"), "phone": (400, "light")}
MOST_CPU = 2.0
MOST_BYTES = 3_000_000


@pytest.fixture(scope="module", params=PLANS)
def page_of(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("report") / f"{request.param}.html"
    page.write_text(render_report(PLANS[request.param]()), encoding="utf-8")
    return page


@pytest.mark.parametrize("screen", SCREENS)
def test_no_serious_fault_nothing_said_nothing_asked(
    browser: Browser, page_of: Path, screen: str
) -> None:
    width, scheme = SCREENS[screen]
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_of.as_uri())
    found = Axe().run(page).response["violations"]
    grave = [
        (fault["id"], fault["nodes"][0]["html"][:120])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert grave == []
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=page_of.with_name(f"{page_of.stem}-{screen}.png"), full_page=True)
    context.close()


def test_the_page_is_small_and_quickly_drawn(browser: Browser, page_of: Path) -> None:
    page = browser.new_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto(page_of.as_uri())
    told = session.send("Performance.getMetrics")["metrics"]
    spent = {metric["name"]: metric["value"] for metric in told}
    page.close()
    assert 0 < spent["TaskDuration"] < MOST_CPU
    assert page_of.stat().st_size < MOST_BYTES


def test_hostile_names_are_text_everywhere(browser: Browser, tmp_path: Path) -> None:
    target = tmp_path / "hostile.html"
    target.write_text(render_report(hostile_plan()), encoding="utf-8")
    page = browser.new_page()
    page.goto(target.as_uri())
    shown = page.inner_text("body")
    assert SCRIPT in shown
    assert FORMULA in shown
    assert page.evaluate("document.scripts.length") == 1
    page.close()


def test_a_table_sorts_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    plan = handful_plan()
    target.write_text(render_report(plan), encoding="utf-8")
    page = browser.new_page()
    page.goto(target.as_uri())
    heading = page.locator("#table-frontier thead th").nth(2)
    heading.locator("button").focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Space")
    assert heading.get_attribute("aria-sort") == "descending"
    first = page.locator("#table-frontier tbody tr").first.locator("data").first
    best = max(plan.frontier, key=lambda point: point.value)
    assert first.get_attribute("value") == str(best.offers)
    page.close()


def test_details_are_open_on_paper(browser: Browser, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text(render_report(handful_plan()), encoding="utf-8")
    page = browser.new_page()
    page.goto(target.as_uri())
    assert page.locator("details[open]").count() == 0
    printed = page.pdf(format="A4")
    assert re.match(rb"%PDF", printed)
    assert page.locator("details:not([open])").count() == 0
    page.close()
