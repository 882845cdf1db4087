"""How long the what-if page takes from a turn of a slider to the frame that shows the answer.

    python benchmarks/studio/run.py PLAN [--turns 60] [--out benchmarks/studio/results]

Opens `handful serve PLAN` in chromium and turns every slider by the keyboard, one step at a time
from its low end, waiting for each answer. The page measures itself: from the first move that an
answer is about to the frame after it was swapped in. `service` is the engine's answer as JSON,
without the page. Processor time is the server's own, and so does not depend on the load.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

import handful

READ = "performance.getEntriesByName('handful-answer').map(e => e.duration)"


def turned(page: Page, slider: str, turns: int) -> list[float]:
    """Turn one slider back and forth; return milliseconds from each turn to its drawing."""
    thumb = page.get_by_role("slider", name=slider)
    thumb.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(2000)
    steps = int(thumb.evaluate("s => (s.max - s.min) / s.step"))
    before = len(page.evaluate(READ))
    for at in range(turns):
        known = len(page.evaluate(READ))
        page.keyboard.press("ArrowRight" if at // steps % 2 == 0 else "ArrowLeft")
        page.wait_for_function(f"() => {READ}.length > {known}", timeout=20_000)
    return page.evaluate(READ)[before:]


def served(address: str, turns: int) -> list[float]:
    """Ask the service alone with a new cost each time; return milliseconds."""
    found = []
    with httpx.Client(timeout=30) as client:
        for at in range(turns):
            began = time.perf_counter()
            client.post(address, json={"setup_cost": 1000.0 + at}).raise_for_status()
            found.append(1000 * (time.perf_counter() - began))
    return found


def processor(process: subprocess.Popen[str]) -> float:
    """Return milliseconds of processor time that a process has used so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quantiles(times: Sequence[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("plan", type=Path)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/studio/results"))
    asked = parser.parse_args()
    document = json.loads((asked.plan / "plan.json").read_text())
    rows = []
    with tempfile.TemporaryDirectory() as home:
        store = f"sqlite:///{home}/studio.sqlite"
        command = [sys.executable, "-c", "from handful.cli.main import main; main()", "serve"]
        command += [str(asked.plan), "--port", "0", "--store", store]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            lines = iter(process.stdout.readline, "")
            address = next(m[0] for m in (re.search(r"http://[\d.]+:\d+", x) for x in lines) if m)
            link = re.search(r"/plans/[0-9a-f]{12}", httpx.get(address).text)[0]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox"]
                )
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(address + link)
                names = page.eval_on_selector_all(
                    "input[type=range]", "all => all.map(s => s.getAttribute('aria-label'))"
                )
                turned(page, names[0], 10)
                for name in names:
                    used = processor(process)
                    times = turned(page, name, asked.turns)
                    used = (processor(process) - used) / len(times)
                    name = name.removesuffix(", slider")
                    rows.append([name, len(times), *quantiles(times), used])
                browser.close()
            used = processor(process)
            times = served(f"{address}/api{link}/whatif", asked.turns)
            used = (processor(process) - used) / len(times)
            rows.append(["service: set-up cost", len(times), *quantiles(times), used])
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)
    asked.out.mkdir(parents=True, exist_ok=True)
    facts = document["experiment"]
    with (asked.out / "whatif.csv").open("w", newline="") as file:
        file.write(
            f"# {facts['source']}, {facts['rows']:,} rows; handful {handful.__version__}, "
            f"Python {platform.python_version()}, {os.cpu_count()} cores, "
            f"load {os.getloadavg()[0]:.1f}\n"
        )
        writer = csv.writer(file)
        writer.writerow(["turned", "turns", "median_ms", "p95_ms", "server_cpu_ms"])
        for row in rows:
            writer.writerow([*row[:2], *(f"{value:.0f}" for value in row[2:])])
            print(*row[:2], "median {:.0f} ms, p95 {:.0f} ms, server {:.0f} ms".format(*row[2:]))


if __name__ == "__main__":
    main()
