"""Small logs made by the tests, and the shortest way to read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from handful.brief.reader import parse_brief
from handful.experiment.log import load_experiment
from handful.experiment.records import Experiment


def rows(n: int = 240, start: int = 0) -> list[str]:
    """Return csv rows of id, arm, age, town, spend: arms alternate, nothing is missing."""
    return [
        f"{i + 1},{('none', 'mail')[i % 2]},{20 + i % 50},{('Ulm', 'Bern', 'Rom')[i % 3]},{i % 5}.5"
        for i in range(start, start + n)
    ]


def write(folder: Path, lines: Iterable[str], *, header: str = "id,arm,age,town,spend") -> Path:
    """Write a csv and return its path."""
    path = folder / "log.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def load(path: Path, per_row: str = "spend", **keys: Any) -> Experiment:
    """Load a csv with offer = "arm"; keys of [experiment] by name, other tables as mappings."""
    tables: dict[str, Mapping[str, Any]] = {
        name: keys.pop(name) for name in ("columns", "menu", "evidence") if name in keys
    }
    profit = {"per_row": per_row, **keys.pop("profit", {})}
    experiment = {"source": path.name, "offer": "arm", **keys}
    brief = parse_brief(
        {"experiment": experiment, "profit": profit, **tables}, folder=str(path.parent)
    )
    return load_experiment(brief)


def codes(experiment: Experiment) -> list[str]:
    """Return the codes of the findings made while reading."""
    return [finding.code for finding in experiment.findings]
