"""A studio in a process of its own on loopback, and small plans to put in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from handful.cli.main import run
from made_shop import OFFERS, write_brief, write_shop

ROWS = 900
HOSTILE = ("none", "<script>alert(1)</script>", '=HYPERLINK("x")')
TODAY = datetime.now(tz=UTC).date()
HEADER = "customer_id,purpose,channel,status,granted_at,source"
CHANNELS = '[guardrails.channels]\nmail = "e-mail"\ncall = "phone"\n'
SIGNED = {"by": "Jo Doe", "reason": "autumn campaign"}
FEATURES = {"recency": 3, "history": 120.5, "city": "Ulm"}


@dataclass(frozen=True)
class Running:
    """A studio that answers, and the client that asks it."""

    process: subprocess.Popen[str]
    log: Path
    address: str
    client: httpx.Client

    def post(self, path: str, body: object, **keys: Any) -> httpx.Response:
        return self.client.post(path, json=body, **keys)


def planned(folder: Path, name: str = "plan", *, brief: Path | None = None, seed: int = 0) -> Path:
    """Plan the shop of a folder, written there if it is not yet, into folder/name."""
    if not (folder / "shop.csv").exists():
        write_shop(folder, rows=ROWS)
    toml = brief or write_brief(folder)
    out = folder / name
    assert run(["plan", str(toml), "--out", str(out), "--quiet", "--seed", str(seed)]) == 0
    return out


def hostile(folder: Path) -> Path:
    """A plan whose offers have names that a page or a spreadsheet might run."""
    folder.mkdir()
    text = write_shop(folder, rows=ROWS).read_text()
    for plain, name in zip(OFFERS, HOSTILE, strict=True):
        quoted = '"' + name.replace('"', '""') + '"'
        text = text.replace(f"-ID,{plain},", f"-ID,{quoted},")
    (folder / "shop.csv").write_text(text)
    return planned(folder)


def failing(plan: Path, out: Path) -> Path:
    """A copy of a plan in which one guardrail failed."""
    shutil.copytree(plan, out)
    document = json.loads((out / "plan.json").read_text())
    failed = {"name": "smallest", "verdict": "fail", "remedy": "Merge <b>it</b>."}
    document["guardrails"][0] |= failed
    (out / "plan.json").write_text(json.dumps(document))
    return out


def under_consent(folder: Path) -> Path:
    """A plan made under consent: 100-159 refuse to be personalised for, 200-259 all contact."""
    folder.mkdir()
    write_shop(folder, rows=ROWS)
    day = (TODAY - timedelta(days=10)).isoformat()
    said = [f"ZQX-{i:05d}-ID,*,,granted,{day},form" for i in range(ROWS)]
    later = (TODAY - timedelta(days=5)).isoformat()
    said += [f"ZQX-{i:05d}-ID,personalise,,revoked,{later},account" for i in range(100, 160)]
    said += [f"ZQX-{i:05d}-ID,contact,,revoked,{later},account" for i in range(200, 260)]
    said += [f"ZQX-{i:05d}-ID,contact,e-mail,revoked,{later},account" for i in range(300, 360)]
    (folder / "consent.csv").write_text("\n".join([HEADER, *said]) + "\n", "utf-8")
    brief = write_brief(folder, CHANNELS, extra='[consent]\nsource = "consent.csv"\n')
    return planned(folder, brief=brief)


def asking_for_reviews(folder: Path) -> Path:
    """A plan whose brief names reviews and templates: a release waits for the queue."""
    folder.mkdir()
    templates = folder / "texts"
    templates.mkdir()
    (templates / "mail.txt").write_text(
        "Dear {{ first_name }} of {{ city }}: {{ unsubscribe_url }} {{ privacy_url }}"
    )
    told = f"""
{CHANNELS}
[guardrails.provenance]
city = {{how = "declared"}}
first_name = {{how = "declared"}}
[[guardrails.reviews]]
item = "texts"
owner = "Jo"
last = "{TODAY.isoformat()}"
"""
    write_shop(folder, rows=ROWS)
    return planned(folder, brief=write_brief(folder, '[guardrails]\ntemplates = "texts"' + told))


@contextmanager
def studio(*plans: Path, flags: tuple[str, ...] = (), token: str = "") -> Iterator[Running]:
    """Serve plans on a free port until the block ends."""
    process, log = start(*plans, flags=flags)
    try:
        address = told_address(process)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        with httpx.Client(base_url=address, headers=headers, timeout=30, trust_env=False) as client:
            yield Running(process, log, address, client)
    finally:
        stop(process)
        log.unlink()


def start(*plans: Path, flags: tuple[str, ...] = ()) -> tuple[subprocess.Popen[str], Path]:
    """Start a studio; its log goes to a file, for a pipe that nobody reads would hold it up."""
    words = ["serve", *map(str, plans), "--port", "0", "--json", *flags]
    code = f"import sys; sys.argv[1:] = {words!r}; from handful.cli.main import main; main()"
    handle, name = tempfile.mkstemp(suffix=".log")
    with os.fdopen(handle, "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=log, text=True
        )
    return process, Path(name)


def told_address(process: subprocess.Popen[str]) -> str:
    """Wait for the studio to tell where it is."""
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if line.startswith("}"):
            return json.loads(said)["address"]
    raise AssertionError(said)


def stop(process: subprocess.Popen[str], kind: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(kind)
    process.communicate(timeout=20)
    return process.returncode
