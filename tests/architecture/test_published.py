"""Nothing private and nothing half-made in the files that are published."""

from __future__ import annotations

import re
import tomllib

from source import ROOT, SRC, text_files

PRIVATE_PATH = re.compile(r"(?<![\w.])/(?:work|farm|root|home|Users)/")
HOST = re.compile(r"py[p]i\.org|pythonhoste[d]|npmjs\.|debian\.org")
UNFINISHED = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b")


def _matching(pattern: re.Pattern[str], *, under: str = "") -> list[str]:
    hits = []
    for path, text in text_files():
        name = str(path.relative_to(ROOT))
        if name.startswith(under):
            hits += [
                f"{name}:{number}"
                for number, line in enumerate(text.splitlines(), start=1)
                if pattern.search(line)
            ]
    return hits


def test_no_path_of_somebodys_machine() -> None:
    assert _matching(PRIVATE_PATH) == []


def test_no_registry_host() -> None:
    assert _matching(HOST) == []


def test_nothing_left_unfinished() -> None:
    assert _matching(UNFINISHED, under=str(SRC.relative_to(ROOT))) == []


def test_the_patterns_would_find_what_they_look_for() -> None:
    assert PRIVATE_PATH.search("see /" + "home/ann/data.csv")
    assert HOST.search("https://py" + "pi.org/simple")
    assert UNFINISHED.search("# TO" + "DO: later")


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    lock = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")
    locked = {line.split("==")[0].lower() for line in lock.splitlines() if "==" in line}
    missing = {re.split(r"[<>=!\[]", name)[0].lower() for name in wanted} - locked
    assert missing == set()
