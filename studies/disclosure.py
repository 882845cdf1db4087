"""Does the disclosure test keep its word? Planted leaks of known strength, many times over.

    python studies/disclosure.py [--replicates 1000] [--out studies/results] [--figures docs/img]

Three offers. People without the trait get them with probabilities 0.2, 0.3 and 0.5; among people
with it the first is LR times as likely and the other two share the rest as before. Each replicate
draws who has the trait and who gets what, and asks the test for its verdict:

* failed: a leak was shown and its estimate is over the bound (LR = 1: a false alarm);
* passed: the upper limit is within the bound;
* warned: neither: too little power;
* held: ALL simultaneous limits of the plan hold the true ratios; upper: the upper limit of the
  largest |ln LR| holds the true one.

The cells named "households" draw four people at a time who share both trait and offer; `naive` is
what fails when that is not known to the test.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import altair as alt
import numpy as np
import vl_convert

from handful.guardrails.disclosure_limits import (
    LogRatio,
    exact_shares,
    group_shares,
    log_ratio,
    shown_over,
    shown_within,
    tail_of,
)

LACKING = np.array([0.2, 0.3, 0.5])
BASES = (0.01, 0.05, 0.20)
STRENGTHS = (1.0, 1.1, 1.25, 1.5, 2.0, 4.0)
SIZES = (2_000, 10_000, 64_000)
BOUNDS = {"shared": 1.25, "private": 2.0}
HOUSEHOLD = 4
HEADER = [
    *("people", "base_rate", "n", "channel", "bound", "leak", "replicates"),
    *("failed", "warned", "passed", "held", "upper", "typical_upper_limit", "naive"),
]


@dataclass(frozen=True)
class Cell:
    """One setting of the study."""

    base: float
    n: int
    leak: float


def having(leak: float) -> np.ndarray:
    """Return the shares of people with the trait."""
    rest = (1 - leak * LACKING[0]) / (1 - LACKING[0])
    return np.array([leak * LACKING[0], *(LACKING[1:] * rest)])


def alone(cell: Cell, replicates: int, rng: np.random.Generator) -> LogRatio:
    """Draw independent people; one row per replicate."""
    with_trait = rng.binomial(cell.n, cell.base, replicates)
    with_trait = np.clip(with_trait, 1, cell.n - 1)
    tail = tail_of(LACKING.size)
    first = rng.multinomial(with_trait, having(cell.leak))
    second = rng.multinomial(cell.n - with_trait, LACKING)
    return log_ratio(
        exact_shares(first, with_trait[:, None], tail),
        exact_shares(second, (cell.n - with_trait)[:, None], tail),
    )


def together(cell: Cell, replicates: int, rng: np.random.Generator) -> tuple[LogRatio, LogRatio]:
    """Draw households that share trait and offer; return the test with and without knowing it."""
    found: dict[bool, list[LogRatio]] = {True: [], False: []}
    tail, homes = tail_of(LACKING.size), cell.n // HOUSEHOLD
    for _ in range(replicates):
        trait = rng.random(homes) < cell.base
        trait[0], trait[1] = True, False
        draw = rng.random(homes)
        cuts = np.where(trait[:, None], np.cumsum(having(cell.leak)), np.cumsum(LACKING))
        offer = np.repeat((draw[:, None] > cuts[:, :-1]).sum(axis=1), HOUSEHOLD)
        trait, home = np.repeat(trait, HOUSEHOLD), np.repeat(np.arange(homes), HOUSEHOLD)
        for known in (True, False):
            unit = home if known else np.arange(cell.n)
            shares = [
                group_shares(offer[group], LACKING.size, unit[group], tail)
                for group in (trait, ~trait)
            ]
            found[known].append(log_ratio(*shares))
    return stacked(found[True]), stacked(found[False])


def stacked(ratios: list[LogRatio]) -> LogRatio:
    return LogRatio(*(np.array([getattr(r, f) for r in ratios]) for f in ("estimate", "lo", "hi")))


def row(cell: Cell, channel: str, found: LogRatio, naive: LogRatio | None) -> dict[str, object]:
    """Count the verdicts of all replicates of a cell on one kind of channel."""
    bound = BOUNDS[channel]
    truth = np.log(having(cell.leak) / LACKING)
    failed = shown_over(found, bound).any(axis=1)
    passed = shown_within(found, bound).all(axis=1) & ~failed
    held = ((found.lo <= truth) & (truth <= found.hi)).all(axis=1)
    upper = found.most.max(axis=1)
    blind = "" if naive is None else float(shown_over(naive, bound).any(axis=1).mean())
    return {
        "people": "alone" if naive is None else "households of 4",
        "base_rate": cell.base,
        "n": cell.n,
        "channel": channel,
        "bound": bound,
        "leak": cell.leak,
        "replicates": len(failed),
        "failed": failed.mean(),
        "warned": (~failed & ~passed).mean(),
        "passed": passed.mean(),
        "held": held.mean(),
        "upper": (upper >= np.abs(truth).max()).mean(),
        "typical_upper_limit": float(np.exp(np.median(upper))),
        "naive": blind,
    }


def rows(replicates: int, seed: int) -> Iterator[dict[str, object]]:
    for number, (base, n, leak) in enumerate(product(BASES, SIZES, STRENGTHS)):
        cell = Cell(base, n, leak)
        found = alone(cell, replicates, np.random.default_rng([seed, number]))
        yield from (row(cell, channel, found, None) for channel in BOUNDS)
    for number, (base, leak) in enumerate(product((0.05, 0.20), (1.0, 2.0))):
        cell = Cell(base, 10_000, leak)
        known, naive = together(cell, replicates, np.random.default_rng([seed, 1000 + number]))
        yield from (row(cell, channel, known, naive) for channel in BOUNDS)


def figure(found: list[dict[str, object]]) -> dict[str, object]:
    """Share of plans failed and passed against the strength of the leak, by base rate."""
    panels = [panel(found, base, legend=base == BASES[-1]) for base in BASES]
    chart = alt.hconcat(*panels).resolve_scale(color="independent", strokeDash="independent")
    chart = chart.configure(font="Liberation Sans, Arial, sans-serif")
    return chart.configure_axis(titleFontWeight="normal").to_dict()


def panel(found: list[dict[str, object]], base: float, *, legend: bool) -> alt.LayerChart:
    shown = [
        {
            "leak": r["leak"],
            "share": float(r[verdict]),  # type: ignore[arg-type]
            "customers": f"{r['n']:,}",
            "verdict": verdict,
        }
        for r in found
        if r["people"] == "alone" and r["channel"] == "shared" and r["base_rate"] == base
        for verdict in ("failed", "passed")
    ]
    named: dict[str, object] = {} if legend else {"legend": None}
    dashed = {"legend": alt.Legend(symbolType="stroke")} if legend else named
    ticks = alt.Axis(values=[1, 1.25, 1.5, 2, 4], format="~g", labelOverlap=False)
    lines = (
        alt.Chart(alt.Data(values=shown))
        .mark_line(point=alt.OverlayMarkDef(size=28))
        .encode(
            x=alt.X("leak:Q", title="true likelihood ratio", axis=ticks).scale(
                type="log", domain=[1, 4], nice=False
            ),
            y=alt.Y("share:Q", title="share of plans").axis(format="%"),
            color=alt.Color("customers:N", sort=[f"{n:,}" for n in SIZES], **named).scale(
                domain=[f"{n:,}" for n in SIZES], range=["#a8500c", "#5b626c", "#1f5a96"]
            ),
            strokeDash=alt.StrokeDash("verdict:N", **dashed),
        )
    )
    bound = alt.Chart(alt.Data(values=[{"leak": BOUNDS["shared"]}]))
    rule = bound.mark_rule(color="#8a8f98", strokeDash=[2, 3]).encode(x="leak:Q")
    title = f"{base:.0%} have the trait"
    return alt.layer(rule, lines).properties(width=210, height=210, title=title)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("studies/results"))
    parser.add_argument("--figures", type=Path, default=Path("docs/img"))
    asked = parser.parse_args()
    found = list(rows(asked.replicates, asked.seed))
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / "disclosure.csv").open("w", newline="") as file:
        write = csv.DictWriter(file, HEADER, lineterminator="\n")
        write.writeheader()
        for line in found:
            write.writerow({k: round(v, 4) if isinstance(v, float) else v for k, v in line.items()})
    asked.figures.mkdir(parents=True, exist_ok=True)
    drawing = vl_convert.vegalite_to_svg(figure(found))
    (asked.figures / "disclosure.svg").write_text(drawing)


if __name__ == "__main__":
    main()
