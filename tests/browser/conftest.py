"""A browser that reaches nothing but this machine, and a studio with two plans in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from made_studio import LIMITED_AND_FAILING, Studio, make_plan, serving, write_log

LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="session")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two plans from one log: one that may be released, one with a limit that a guardrail stops."""
    folder = tmp_path_factory.mktemp("plans")
    write_log(folder)
    return {
        "good": make_plan(folder, "good"),
        "stopped": make_plan(folder, "stopped", LIMITED_AND_FAILING),
    }


@pytest.fixture(scope="session")
def studio(plans: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio that tests only read from."""
    with serving(plans, tmp_path_factory.mktemp("store") / "read.sqlite") as running:
        yield running


@pytest.fixture
def fresh(plans: dict[str, Path], tmp_path: Path) -> Iterator[Studio]:
    """A studio of this test's own, with nothing released yet."""
    with serving(plans, tmp_path / "fresh.sqlite") as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = shutil.which("chromium")
    if found is None:
        pytest.fail("these tests need the browser chromium; `make browser` installs it")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


class Watch:
    """What a page said on its console and asked the network for."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.left: list[str] = []

    def over(self, context: BrowserContext) -> None:
        """Watch every page of a context; nothing that leaves this machine gets out."""
        context.route("**/*", self._route)
        context.on("page", self._page)

    def _page(self, page: Page) -> None:
        # A refusal answered by the studio is told by the page; the browser logs its status too.
        page.on(
            "console",
            lambda told: (
                self.said.append(told.text)
                if told.type in {"error", "warning"} and "status of 4" not in told.text
                else None
            ),
        )
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(f"dialog: {dialog.message}"))

    def _route(self, route: Route) -> None:
        url = route.request.url
        self.asked.append(url)
        if urlsplit(url).hostname == LOOPBACK:
            route.continue_()
        else:
            self.left.append(url)
            route.abort()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def page(browser: Browser, watch: Watch) -> Iterator[Page]:
    """A page at desktop width; no error on its console, no request that leaves this machine."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watch.over(context)
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    yield opened
    context.close()
    assert watch.said == []
    assert watch.left == []
