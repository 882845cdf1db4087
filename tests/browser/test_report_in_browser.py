"""The report in a real browser: it loads, asks nobody for anything, shows the plan's numbers."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from handful.delivery.report import render_report
from handful.planning.records import Plan
from plan_fixture import (
    FORMULA,
    SCRIPT,
    handful_plan,
    hostile_plan,
    observational_plan,
    one_offer_plan,
)

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
PLANS: dict[str, Callable[[], Plan]] = {
    "one_offer": one_offer_plan,
    "handful": handful_plan,
    "observational": observational_plan,
    "hostile": hostile_plan,
}


def browse(folder: Path, address: str, *more: str) -> tuple[str, str]:
    """Return what the browser printed and what it logged."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.fail("these tests need the browser chromium; `make browser` installs it")
    profile = folder / "profile"
    profile.mkdir(exist_ok=True)
    done = subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={profile}", *more, address],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout, done.stderr


def page_requests(net_log: Path) -> list[str]:
    """Return what the page itself asked the network for; the browser's own calls do not count."""
    lines = net_log.read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if "site=file://" in line]
    return [url for line in asked for url in re.findall(r'"url":"((?:https?|wss?):[^"]*)"', line)]


@pytest.fixture(params=PLANS)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Plan, str, str, list[str]]:
    """A plan, its page as the browser built it, the browser's log, what the page asked for."""
    plan = PLANS[request.param]()
    page = tmp_path / "report.html"
    page.write_text(render_report(plan), encoding="utf-8")
    net = tmp_path / "net.json"
    dom, log = browse(tmp_path, page.as_uri(), f"--log-net-log={net}", "--dump-dom")
    return plan, dom, log, page_requests(net)


def test_the_page_loads_clean_and_shows_the_plan(opened: tuple[Plan, str, str, list[str]]) -> None:
    plan, dom, log, asked = opened
    assert "CONSOLE" not in log
    assert asked == []
    shown = dict(re.findall(r'<data value="([^"]*)" data-field="([^"]+)"', dom))
    values = {field: value for value, field in shown.items()}
    assert values["reference.one_to_one.hi"] == repr(plan.reference.one_to_one.hi)
    assert values["frontier.1.claimed"] == repr(plan.frontier[1].claimed)
    # The script has run: every heading of a table became a button.
    assert dom.count('<button type="button">') == len(re.findall(r'<th scope="col"', dom)) > 20


def test_a_page_that_asks_the_network_would_be_seen(tmp_path: Path) -> None:
    page, net = tmp_path / "asking.html", tmp_path / "net.json"
    page.write_text('<img src="http://127.0.0.1:9/x.png">', encoding="utf-8")
    browse(tmp_path, page.as_uri(), f"--log-net-log={net}", "--dump-dom")
    assert page_requests(net) == ["http://127.0.0.1:9/x.png"]


def test_a_script_as_a_name_is_text(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render_report(hostile_plan()), encoding="utf-8")
    dom, log = browse(tmp_path, page.as_uri(), "--dump-dom")
    assert dom.count("<script>") == 1
    assert "alert" not in log
    text = unescape(re.sub(r"<[^>]+>", "", dom))
    assert SCRIPT in text
    assert FORMULA in text


def test_the_browser_refuses_a_script_that_is_not_ours(tmp_path: Path) -> None:
    html = render_report(handful_plan())
    page = tmp_path / "report.html"
    page.write_text(
        html.replace("</main>", "<script>document.title = 'run';</script></main>"),
        encoding="utf-8",
    )
    dom, log = browse(tmp_path, page.as_uri(), "--dump-dom")
    assert "<title>run</title>" not in dom
    assert "Content Security Policy" in log


PROBE = """<!DOCTYPE html><title>waiting</title>
<iframe src="report.html" width="{width}" height="900"></iframe>
<script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument;
  const heading = page.querySelectorAll("#table-frontier thead th")[2];
  heading.querySelector("button").focus();
  const focused = page.activeElement.tagName;
  heading.querySelector("button").click();
  heading.querySelector("button").click();
  const first = page.querySelector("#table-frontier tbody tr").cells[0].querySelector("data").value;
  const shown = [...page.querySelectorAll("svg")].filter((drawing) => drawing.checkVisibility());
  document.title = [
    page.documentElement.scrollWidth <= {width}, shown.length, focused,
    heading.getAttribute("aria-sort"), first,
  ].join(" ");
}});
</script>"""


@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_fits_its_width_and_its_tables_sort(tmp_path: Path, width: int) -> None:
    plan = handful_plan()
    (tmp_path / "report.html").write_text(render_report(plan), encoding="utf-8")
    probe = tmp_path / "probe.html"
    probe.write_text(PROBE.format(width=width), encoding="utf-8")
    dom, _ = browse(
        tmp_path,
        probe.as_uri(),
        "--allow-file-access-from-files",
        "--window-size=1400,1000",
        "--virtual-time-budget=5000",
        "--dump-dom",
    )
    best = max(plan.frontier, key=lambda point: point.value)
    found = re.search(r"<title>(.*?)</title>", dom)
    assert found is not None
    assert found[1] == f"true 4 BUTTON descending {best.offers}"


def first_words(printed: Path) -> list[bytes]:
    """Return the first run of glyphs on every page of a PDF."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", printed.read_bytes(), re.DOTALL)
    first = []
    for packed in streams:
        try:
            drawn = zlib.decompress(packed)
        except zlib.error:
            continue
        words = re.search(rb"BT\n.*?Tm\n<([0-9A-F]+)>", drawn, re.DOTALL)
        if words is not None:
            first.append(words[1])
    return first


def test_every_printed_page_begins_with_observational(tmp_path: Path) -> None:
    page, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    html = render_report(observational_plan())
    page.write_text(html, encoding="utf-8")
    browse(tmp_path, page.as_uri(), f"--print-to-pdf={printed}", "--no-pdf-header-footer")
    begins = first_words(printed)
    assert len(begins) > 3
    assert len(set(begins)) == 1
    page.write_text(html.replace('class="print-head"', 'class="skip"'), encoding="utf-8")
    browse(tmp_path, page.as_uri(), f"--print-to-pdf={printed}", "--no-pdf-header-footer")
    assert len(set(first_words(printed))) > 1
