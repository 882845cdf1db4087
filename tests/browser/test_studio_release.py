"""Reviewing, writing, releasing and rolling back in a real browser."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from made_studio import FORMULA, SCRIPT, Studio

pytestmark = pytest.mark.browser


def served(studio: Studio) -> object:
    return httpx.get(f"{studio.address}/health", timeout=20).json()["served"]


def sign(page: Page, by: str, reason: str, button: str) -> None:
    page.locator("form.post:visible").get_by_label("Your name").fill(by)
    page.locator("form.post:visible").get_by_label("Why").fill(reason)
    page.get_by_role("button", name=button).click()


def test_a_plan_is_released_by_name_and_taken_back(page: Page, fresh: Studio) -> None:
    page.goto(fresh.page("good", "/release"))
    sign(page, "Jo Marchetti", f"Autumn {SCRIPT}", "Release this plan")
    expect(page.locator("#served")).to_contain_text("This plan is served now.")
    expect(page.locator("#served")).to_contain_text(f"Jo Marchetti: “Autumn {SCRIPT}”")
    assert served(fresh) == fresh.ids["good"]
    sign(page, "Ana", "Again, to go back from", "Release it again")
    expect(page.locator("#served")).to_contain_text("by Ana")
    page.goto(f"{fresh.address}/history")
    expect(page.locator(".releases > li")).to_have_count(2)
    page.get_by_text("Go back to this release").click()
    sign(page, "Sam", "The first one was better", "Roll back to release 1")
    expect(page.locator(".releases > li")).to_have_count(3)
    expect(page.locator("#release-3")).to_contain_text("back to release 1")
    expect(page.locator("#release-3")).to_contain_text("served now")
    page.goto(fresh.address)
    expect(page.locator("header")).to_contain_text("Served now: good")


def test_a_release_that_a_guardrail_stops_says_which_and_what_to_do(
    page: Page, fresh: Studio
) -> None:
    remedy = next(
        rail["remedy"]
        for rail in fresh.document("stopped")["guardrails"]
        if rail["name"] == "weird_things"
    )
    page.goto(fresh.page("stopped", "/release"))
    expect(page.locator(".refusal")).to_contain_text("weird_things")
    expect(page.locator(".refusal")).to_contain_text(remedy)
    sign(page, "Jo", "All the same", "Release this plan")
    expect(page.locator(".outcome")).to_contain_text("Refused. Nothing was written.")
    expect(page.locator(".outcome")).to_contain_text("weird_things")
    assert served(fresh) is None


def test_names_and_texts_are_saved_with_who_wrote_them(page: Page, fresh: Studio) -> None:
    page.goto(fresh.page("good", "/content"))
    page.get_by_role("button", name="Save the name").first.click()
    expect(page.get_by_label("Your name")).to_be_focused()
    expect(page.locator(".outcome").first).to_be_empty()
    page.get_by_label("Your name").fill("Ana")
    card = page.locator(".offer").first
    card.get_by_label("Name").fill(f"{SCRIPT} for all")
    card.get_by_role("button", name="Save the name").click()
    expect(page.locator(".offer h2").first).to_have_text(f"{SCRIPT} for all")
    expect(page.get_by_label("Your name")).to_have_value("Ana")
    card = page.locator(".offer").first
    card.locator("textarea").first.fill(f"Dear customer,\n{FORMULA}")
    card.get_by_role("button", name="Save the text").first.click()
    expect(page.locator(".offer").first).to_contain_text("Last changed by Ana")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.goto(fresh.page("good", "/release"))
    expect(page.locator(".lead")).to_contain_text(f"{SCRIPT} for all")
    page.goto(fresh.page("good", "/reviews"))
    expect(page.locator("main")).to_contain_text(FORMULA)


def test_reviews_are_recorded_and_counted(page: Page, fresh: Studio) -> None:
    page.goto(fresh.page("good", "/reviews"))
    cards = page.locator(".sample").count()
    assert cards >= 2
    expect(page.locator('[data-count="done"]')).to_have_text("0")
    page.get_by_label("Your name").fill("Ana")
    first = page.locator(".sample").first
    first.get_by_label("Fine", exact=True).check()
    first.get_by_label("In your own words").fill(f"Kind {SCRIPT}")
    first.get_by_role("button", name="Record the answer").click()
    expect(page.locator('[data-count="done"]')).to_have_text("1")
    second = page.locator(".sample").first
    second.get_by_label("Not fine").check()
    second.get_by_role("button", name="Record the answer").click()
    expect(page.locator("main")).to_contain_text("Ana: not fine")
    expect(page.locator('[data-count="done"]')).to_have_text("1")
    expect(page.locator("main")).to_contain_text(f"Kind {SCRIPT}")
