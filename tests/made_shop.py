"""A small shop's log with a gain from targeting that nobody can miss."""

from __future__ import annotations

from pathlib import Path

import numpy as np

OFFERS = ("none", "mail", "call")
COLUMNS = "customer,offer,recency,history,city,spend"


def write_shop(folder: Path, *, rows: int = 900, seed: int = 0, columns: str = COLUMNS) -> Path:
    """Write shop.csv: recent customers like a call, late ones a mail; ids are easy to find again.

    `columns` renames the header, so that a test can plant a feature with a name of its own.
    """
    rng = np.random.default_rng(seed)
    recency = rng.integers(1, 25, rows)
    history = np.round(rng.gamma(2.0, 60.0, rows), 2)
    city = rng.choice(["Ulm", "Bern", "Rom"], rows)
    offer = rng.integers(0, 3, rows)
    effect = np.where(offer == 1, np.where(recency > 12, 3.0, -1.0), 0.0)
    effect = np.where(offer == 2, np.where(recency > 12, -1.0, 3.0), effect)
    spend = np.round(10.0 + effect + rng.normal(0.0, 2.0, rows), 3)
    lines = [
        f"ZQX-{i:05d}-ID,{OFFERS[offer[i]]},{recency[i]},{history[i]},{city[i]},{spend[i]}"
        for i in range(rows)
    ]
    path = folder / "shop.csv"
    path.write_text("\n".join([columns, *lines]) + "\n", encoding="utf-8")
    return path


def write_brief(folder: Path, guardrails: str = "", *, extra: str = "") -> Path:
    """Write shop.toml for `write_shop`'s log; `guardrails` and `extra` are TOML put at its end."""
    path = folder / "shop.toml"
    path.write_text(
        f"""
[experiment]
source = "shop.csv"
customer = "customer"
offer = "offer"
control = "none"

[profit]
per_row = "spend"

[menu]
max_offers = 3

[evidence]
repetitions = 1
folds = 4
{extra}
{guardrails}
""",
        encoding="utf-8",
    )
    return path
