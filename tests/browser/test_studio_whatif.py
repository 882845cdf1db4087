"""The live page in a real browser: what is shown is plan.json's, then the engine's own answer."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from playwright.sync_api import Page, expect

from made_studio import CAPACITY, FORMULA, POPULATION, SCRIPT, Studio

pytestmark = pytest.mark.browser


def shown(page: Page) -> dict[str, float]:
    """Return every number of the answer by its field, as the page holds it."""
    pairs = page.eval_on_selector_all(
        "#answer data[value]:not([value=''])", "all => all.map(d => [d.dataset.field, +d.value])"
    )
    return {field: value for field, value in pairs if not field.endswith((".cost", ".change"))}


def expected(document: dict, field: str) -> float:
    found = document
    for step in field.split("."):
        found = found[int(step)] if isinstance(found, list) else found[step]
    return found


def answer(studio: Studio, name: str, **asked: object) -> dict:
    """Return what the service itself answers."""
    address = f"{studio.address}/api/plans/{studio.ids[name]}/whatif"
    return httpx.post(address, json=asked, timeout=20).raise_for_status().json()


def drawn(page: Page, act: object) -> None:
    """Do something and wait until its answer stands on the page."""
    before = page.evaluate("performance.getEntriesByName('handful-answer').length")
    act()
    page.wait_for_function(
        "n => performance.getEntriesByName('handful-answer').length > n && "
        "document.getElementById('answer').getAttribute('aria-busy') !== 'true'",
        arg=before,
    )


def drag(page: Page, label: str, share: float) -> None:
    """Drag a slider's thumb from where it stands to a share of its length."""
    slider = page.get_by_role("slider", name=label)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    low, high, at = (float(slider.evaluate(f"s => s.{what}")) for what in ("min", "max", "value"))
    inner, middle = box["width"] - 16, box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8 + inner * (at - low) / (high - low), middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 8 + inner * share, middle, steps=8)
    page.mouse.up()


@pytest.mark.parametrize("name", ["good", "stopped"])
def test_at_its_own_settings_the_page_shows_the_plan(page: Page, studio: Studio, name: str) -> None:
    page.goto(studio.page(name))
    document, numbers = studio.document(name), shown(page)
    for field, value in numbers.items():
        assert value == pytest.approx(expected(document, field), abs=1e-9), field
    assert len(numbers) > 30
    assert {f"frontier.{k}.hi" for k in range(len(document["frontier"]))} <= set(numbers)
    offers = document["verdict"]["offers"]
    expect(page.locator(".verdict")).to_contain_text(f"Run {offers} offers")
    expect(page.locator("#answer")).to_contain_text("This is the plan as it was made.")


def test_dragging_the_set_up_cost_moves_the_net_by_k_cost_over_population(
    page: Page, studio: Studio
) -> None:
    page.goto(studio.page("good"))
    drawn(page, lambda: drag(page, "Set-up cost of an offer, slider", 0.3))
    page.wait_for_load_state("networkidle")
    cost = float(page.get_by_label("Set-up cost of an offer EUR").input_value())
    assert cost > 5_000
    frontier = answer(studio, "good", setup_cost=cost)["frontier"]
    numbers = shown(page)
    for k, point in enumerate(frontier):
        live = sum(name != "none" for name in point["menu"])
        assert numbers[f"frontier.{k}.net"] == pytest.approx(point["net"], abs=1e-9)
        by_hand = numbers[f"frontier.{k}.value"] - live * cost / POPULATION
        assert point["net"] == pytest.approx(by_hand, abs=1e-9)
    assert f"setup_cost={cost:.0f}" in page.url


def test_dragging_the_number_of_offers_shows_that_menu(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good"))
    drawn(page, lambda: drag(page, "Number of offers, slider", 1.0))
    page.wait_for_load_state("networkidle")
    told = answer(studio, "good", offers=4)
    expect(page.locator(".verdict")).to_contain_text("With 4 offers")
    expect(page.locator(".aside")).to_contain_text("The evidence supports 2 offers")
    expect(page.locator("tr.chosen th").first).to_contain_text("4")
    numbers = shown(page)
    for k, part in enumerate(told["segments"]):
        assert numbers.get(f"segments.{k}.share", 0.0) == pytest.approx(part["share"] or 0.0)
    expect(page.get_by_role("status").first).to_contain_text("With 4 offers")


def test_an_assumption_of_profit_scales_every_value(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good"))
    before = shown(page)["frontier.0.value"]
    box = page.get_by_label("Margin", exact=True)
    drawn(page, lambda: box.fill("0.15"))
    assert shown(page)["frontier.0.value"] == pytest.approx(before / 2, rel=0.02)
    told = answer(studio, "good", assumptions={"margin": 0.15})
    assert shown(page)["frontier.0.value"] == pytest.approx(told["frontier"][0]["value"])


def test_less_capacity_is_used_up_and_gets_a_price(page: Page, studio: Studio) -> None:
    page.goto(studio.page("stopped"))
    planned = shown(page)
    assert planned["constraints.0.bound"] == CAPACITY
    drawn(page, lambda: page.get_by_label("Capacity of").first.fill("5000"))
    page.wait_for_load_state("networkidle")
    numbers = shown(page)
    told = answer(studio, "stopped", capacities={FORMULA: 5000})["constraints"][0]
    assert numbers["constraints.0.bound"] == 5000
    assert numbers["constraints.0.used"] == pytest.approx(told["used"])
    assert numbers["constraints.0.used"] < 5500
    assert numbers["constraints.0.shadow_price"] == pytest.approx(told["shadow_price"])
    assert told["shadow_price"] > 0


def test_a_high_set_up_cost_turns_the_verdict_into_no_offer(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good"))
    box = page.get_by_label("Set-up cost of an offer EUR")
    drawn(page, lambda: box.fill("190000"))
    expect(page.locator(".verdict")).to_contain_text("Make no offer")


def test_the_address_keeps_the_question_and_reset_drops_it(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good", "?offers=3&setup_cost=20000"))
    expect(page.get_by_label("Set-up cost of an offer EUR")).to_have_value("20000")
    expect(page.locator(".verdict")).to_contain_text("With 3 offers")
    drawn(page, lambda: page.get_by_role("link", name="As planned").click())
    expect(page.locator(".verdict")).to_contain_text("Run 2 offers")
    assert page.url == studio.page("good")


def test_the_keyboard_moves_a_slider(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good"))
    page.get_by_role("slider", name="Number of offers, slider").focus()
    drawn(page, lambda: page.keyboard.press("End"))
    expect(page.locator(".verdict")).to_contain_text("With 4 offers")


def test_a_question_that_cannot_be_answered_says_why(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good", "?offers=99"))
    expect(page.locator("#answer")).to_contain_text("This cannot be answered")
    expect(page.locator("#answer li.block")).to_contain_text("What to do")


def test_without_script_the_address_is_answered(browser, studio: Studio) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(studio.page("good"))
    page.get_by_label("Number of offers", exact=True).fill("3")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".verdict")).to_contain_text("With 3 offers")
    context.close()


def test_hostile_names_are_text_in_the_answer(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good", "?offers=4"))
    text = page.locator("#answer").inner_text()
    assert SCRIPT in text
    assert FORMULA in text
    assert page.locator("#answer script").count() == 0


def test_a_plan_beside_a_what_if_of_it(page: Page, studio: Studio) -> None:
    page.goto(studio.page("good", "?setup_cost=20000"))
    page.get_by_role("link", name=re.compile("side by side")).click()
    expect(page.locator("thead")).to_contain_text("What if")
    nets = page.locator('td[data-side] data[data-field$=".net"]')
    planned, asked = (float(nets.nth(k).get_attribute("value")) for k in range(2))
    assert planned - asked == pytest.approx(2 * (20_000 - 500) / POPULATION, abs=1e-9)
    expect(page.locator("main")).to_contain_text("the bands do not tell")


def test_many_people_at_once_each_get_their_own_answer(studio: Studio) -> None:
    def look(cost: int) -> str:
        return httpx.get(studio.page("good", f"?setup_cost={cost}"), timeout=60).text

    costs = [1000 * k for k in range(1, 9)]
    with ThreadPoolExecutor(len(costs)) as people:
        pages = list(people.map(look, costs))
    assert all(
        f'name="setup_cost" value="{cost}"' in page for cost, page in zip(costs, pages, strict=True)
    )
    assert all('class="verdict"' in page for page in pages)
    assert len(set(pages)) == len(costs)
