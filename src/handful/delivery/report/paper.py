"""The report as PDF: printed by a browser of this machine, from the page as it was written."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from handful.errors import Finding, MachineError, blocked

BROWSERS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "chrome",
)
"""Names under which a browser that can print is looked for on PATH."""

_PATIENCE: Final = 120


def print_pdf(page: Path, target: Path, browsers: Sequence[str] = BROWSERS) -> None:
    """Print a page to a PDF file, without a network and with a profile that is thrown away.

    Args:
        page: report.html.
        target: the file to write.
        browsers: names to look for on PATH.

    Raises:
        MachineError: X907 there is no such browser; X908 it did not print.

    Cost: a few seconds, the browser's.

    Example:
        >>> print_pdf.__name__
        'print_pdf'
    """
    found = next((path for path in map(shutil.which, browsers) if path), None)
    if found is None:
        raise MachineError(
            blocked(
                "X907",
                f"Expected a browser that prints, found none of {', '.join(browsers)} on PATH.",
                "Install chromium, or open report.html and print it to a file.",
            )
        )
    with tempfile.TemporaryDirectory(prefix="handful-print-") as profile:
        flags = (
            "--headless", "--disable-gpu", "--no-sandbox", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}",
            "--no-pdf-header-footer", f"--print-to-pdf={target.resolve()}",
        )  # fmt: skip
        command = [found, *flags, page.resolve().as_uri()]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE)  # noqa: S603 - a browser on PATH, our own flags
        except (subprocess.SubprocessError, OSError) as problem:
            raise MachineError(_not_printed(found)) from problem
    if not target.read_bytes().startswith(b"%PDF"):
        raise MachineError(_not_printed(found))


def _not_printed(browser: str) -> Finding:
    return blocked(
        "X908",
        f"Expected {Path(browser).name} to print the report, found no PDF.",
        "Open report.html in a browser and print it to a file.",
    )
