"""Every page at both widths, light and dark: it loads clean, fits, and can be used by everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, expect

from conftest import Watch
from made_studio import FORMULA, PAGES, SCRIPT, Studio

pytestmark = pytest.mark.browser

SCREENS = Path("out/screenshots")
JUDGED = [(1280, "light"), (400, "dark")]
LOOKS = [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")]


def addresses(studio: Studio) -> dict[str, str]:
    """Return every page by a short name."""
    ids = studio.ids
    found = {page.strip("/") or "whatif": studio.page("good", page) for page in PAGES}
    return found | {
        "home": studio.address,
        "asked": studio.page("good", "?offers=4&setup_cost=20000"),
        "customer": studio.page("good", "/customers?row=7"),
        "compare": f"{studio.address}/compare?a={ids['good']}&b={ids['stopped']}",
        "history": f"{studio.address}/history",
        "refused": studio.page("stopped", "/release"),
        "missing": f"{studio.address}/plans/nothing",
    }


@pytest.mark.parametrize(("width", "mode"), LOOKS)
def test_every_page_fits_and_all_can_use_it(
    browser: Browser, watch: Watch, studio: Studio, width: int, mode: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=mode)
    watch.over(context)
    page = context.new_page()
    SCREENS.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    for name, address in addresses(studio).items():
        page.goto(address)
        wide = page.evaluate("document.documentElement.scrollWidth")
        faults += [f"{name}: {wide} pixels wide"] if wide > width else []
        found = Axe().run(page).response["violations"] if (width, mode) in JUDGED else []
        faults += [
            f"{name}: {one['id']} at {one['nodes'][0]['html'][:120]}"
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]
        page.screenshot(path=SCREENS / f"{name}-{width}-{mode}.png", full_page=True)
    context.close()
    assert faults == []
    assert watch.said == []
    assert watch.left == []


def test_the_watch_sees_a_request_that_leaves_and_an_error(
    browser: Browser, watch: Watch, studio: Studio
) -> None:
    context = browser.new_context()
    watch.over(context)
    page = context.new_page()
    page.goto(studio.address)
    page.evaluate("fetch('http://192.0.2.1/x').catch(() => 0)")
    with pytest.raises(Error, match="ERR_FAILED"):
        page.goto("http://192.0.2.1/")
    context.close()
    assert any("Content Security Policy" in said for said in watch.said)
    assert watch.left == ["http://192.0.2.1/"]


@pytest.mark.parametrize("rest", PAGES)
def test_hostile_names_are_text(page: Page, studio: Studio, rest: str) -> None:
    page.goto(studio.page("good", rest + ("?row=7" if rest == "/customers" else "")))
    html = page.content()
    assert "<script>alert(1)" not in html
    assert page.get_by_text(SCRIPT).or_(page.get_by_text(FORMULA)).count() > 0


def test_home_lists_the_plans_and_their_verdicts(page: Page, studio: Studio) -> None:
    page.goto(studio.address)
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("article").first).to_contain_text("A handful of offers: 2")
    expect(page.locator("article").last).to_contain_text("it may not be released")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("h1")).to_have_text("Two plans side by side")
    expect(page.locator("main")).to_contain_text("Both come from the same log.")
    expect(page.locator("tr", has_text="Guardrails")).to_contain_text("Sensitive things")


def test_a_customer_is_explained_without_saying_who(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good", "/customers?row=7"))
    expect(page.locator("h2").first).to_contain_text("Row 7 gets")
    profits = page.locator('data[data-field$=".expected_profit"]')
    values = [float(profits.nth(k).get_attribute("value")) for k in range(profits.count())]
    assert values == sorted(values, reverse=True)
    lead = float(page.locator('data[data-field="lead"]').get_attribute("value"))
    assert lead == pytest.approx(values[0] - values[1])
    expect(page.locator("main")).to_contain_text("age")
    page.get_by_role("button", name="A row at random").click()
    page.wait_for_url("**/customers?row=*")
    expect(page.locator("h2").first).to_contain_text("gets")


def test_a_row_that_is_not_there_is_refused(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good", "/customers?row=999999"))
    expect(page.locator("li.block")).to_contain_text("rows 0 to 1,499")
