"""Offers with dials, effects known: how much of one-to-one do a few offers recoup?

    python studies/dials_truth.py [--rows 100000] [--out studies/results]

100,000 simulated customers of the promotions world: a discount of 5 % to 35 % in steps of 1 %, over
a minimum basket of 0 to 60 in steps of 5, or no offer. Their true expected profits are given, so
there is nothing to estimate and nothing to hold out.

* frontier: share of one-to-one's gain recouped by the certified best menu of K of all 404 offers;
  beside it the menu of 110 candidates, certified, then polished on the 403 points.
* with noise, a share of the spread of the effects: an independent error for every customer and
  candidate, as estimates without structure would have. Menus of candidates, nothing to polish.
* one dial: the same with the discount alone.
* rivals, 20,000 customers: Lloyd from 10 starts, k-means on effects, an even grid, the best single.

Tables: dials_frontier.csv and dials_rivals.csv; figure: docs/img/dials-recouped.svg.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from dataclasses import replace
from pathlib import Path

import altair as alt
import numpy as np
from sklearn.cluster import KMeans

from handful.experiment.simulate import SCENARIOS, simulate, simulate_customers
from handful.experiment.simulated_dials import all_points, point_profit
from handful.menu.choose import choose_menu
from handful.menu.polish import Crowd, Lattice, menu_worth, polish_on_lattice

HETEROGENEITY = (0.25, 0.5, 1.0, 1.5, 2.0)
NOISE = 1.0
NOISY_ROWS = 20_000
MOST = 10
SHAPE = (31, 13)
STARTS = 10
POLISH_ROWS = 5_000
ORDER = ["certified best", "candidates, polished", "Lloyd, 10 starts", "k-means on effects",
         "even grid"]  # fmt: skip


def truth(rows: int, heterogeneity: float, noise: float) -> np.ndarray:
    """(n, 404) float32 true profits, no offer first, less those of no offer."""
    settings = replace(SCENARIOS["promotions_dials"], heterogeneity=heterogeneity)
    customers = simulate_customers(settings, n=rows, random_state=77)
    found = point_profit(settings, customers, all_points(settings))
    found -= found[:, :1]
    if noise:
        spread = float((found - found.mean(axis=0)).std())
        error = np.random.default_rng(5).standard_normal(found.shape, dtype=np.float32)
        found[:, 1:] += noise * spread * error[:, 1:]
    return found.astype(np.float32)


def worth(effects: np.ndarray, menu: list[int] | tuple[int, ...]) -> float:
    return float(effects[:, list(menu)].max(axis=1).mean(dtype=np.float64))


def candidates() -> list[int]:
    """Columns of the candidates that a plan would search first, no offer left out."""
    log = simulate("promotions_dials", n=4_000, random_state=1).experiment
    points = all_points(SCENARIOS["promotions_dials"])[1:]
    apart = np.abs(points[None] - log.dials.candidates[1:, None]).sum(axis=2)
    return (1 + apart.argmin(axis=1)).tolist()


def polished(effects: np.ndarray, menu: tuple[int, ...]) -> tuple[int, ...]:
    """Move a menu's points over the lattice, choosing on some customers."""
    part = effects[:POLISH_ROWS].astype(np.float64)
    fixed = 0 in menu
    floor = part[:, 0] if fixed else np.full(len(part), -np.inf)
    crowd = Crowd(part[:, 1:], floor, np.zeros(len(part)), np.zeros(len(part), dtype=np.int64))
    count = effects.shape[1] - 1
    lattice = Lattice(np.eye(count), np.ones((1, count), dtype=bool), SHAPE)
    start = [g - 1 for g in menu if g]
    points = polish_on_lattice(crowd, lattice, start)
    better = menu_worth(crowd, lattice, points) > menu_worth(crowd, lattice, start)
    moved = tuple(p + 1 for p in (points if better else start))
    return (0, *moved) if fixed else moved


def lloyd(effects: np.ndarray, k: int, rng: np.random.Generator) -> float:
    best = -np.inf
    for _ in range(STARTS):
        menu = rng.choice(effects.shape[1], k, replace=False)
        value = -np.inf
        while (found := worth(effects, menu)) > value + 1e-9:
            value = found
            taken = effects[:, menu].argmax(axis=1)
            sums = [effects[taken == j].sum(axis=0, dtype=np.float64) for j in range(k)]
            menu = np.array([int(s.argmax()) if s.any() else menu[j] for j, s in enumerate(sums)])
        best = max(best, value)
    return best


def k_means(effects: np.ndarray, k: int) -> float:
    centred = effects - effects.mean(axis=1, keepdims=True)
    part = centred[:10_000]
    labels = KMeans(k, n_init=2, random_state=0).fit(part).predict(centred)
    menu = [int(effects[labels == j].mean(axis=0).argmax()) for j in range(k)]
    return worth(effects, sorted(set(menu)))


def even_grid(effects: np.ndarray, k: int) -> float:
    """k offers spread over the box: the most even split of k into discounts x minimums."""
    rows = max(d for d in range(1, int(k**0.5) + 1) if k % d == 0)
    discounts = np.linspace(0, SHAPE[0] - 1, k // rows + 2)[1:-1].round().astype(int)
    minimums = np.linspace(0, SHAPE[1] - 1, rows + 2)[1:-1].round().astype(int)
    return worth(effects, [1 + d * SHAPE[1] + m for d in discounts for m in minimums])


def frontier(rows: int) -> list[dict[str, object]]:
    found = []
    for heterogeneity in HETEROGENEITY:
        effects = truth(rows, heterogeneity, 0.0)
        one_dial = [0, *range(1, effects.shape[1], SHAPE[1])]  # a minimum basket of 0
        found += recouped(effects[:, one_dial], ("discount alone", heterogeneity, 0.0))
        found += recouped(effects, ("discount x minimum basket", heterogeneity, 0.0))
        noisy = truth(min(rows, NOISY_ROWS), heterogeneity, NOISE)[:, [0, *candidates()]]
        found += recouped(noisy, ("discount x minimum basket", heterogeneity, NOISE))
        print(heterogeneity, round(time.process_time()), "s", flush=True)
    return found


def recouped(effects: np.ndarray, setting: tuple[str, float, float]) -> list[dict[str, object]]:
    effects = np.ascontiguousarray(effects)
    one = worth(effects, range(effects.shape[1]))
    single = float(effects.mean(axis=0, dtype=np.float64).max())
    grid = [0, *candidates()]
    beside = effects.shape[1] > len(grid)
    start = choose_menu(effects[:, grid], max_offers=MOST) if beside else None
    rows = []
    for best in choose_menu(effects, max_offers=MOST):
        value = worth(effects, best.menu)
        own = None
        if start is not None:
            menu = tuple(grid[g] for g in start.menu(best.offers))
            own = 100 * (1 - worth(effects, polished(effects, menu)) / value)
        rows.append(
            {
                "dials": setting[0],
                "heterogeneity": setting[1],
                "noise": setting[2],
                "customers": len(effects),
                "offers": best.offers,
                "value": value,
                "certified_gap": 100 * best.gap,
                "candidates_polished_below": own,
                "one_to_one": one,
                "best_single": single,
                "recouped_over_no_offer": 100 * value / one,
                "recouped_over_best_single": 100 * (value - single) / (one - single),
            }
        )
    return rows


def rivals(rows: int) -> list[dict[str, object]]:
    effects = truth(min(rows, NOISY_ROWS), 1.0, 0.0)
    grid = [0, *candidates()]
    one = worth(effects, range(effects.shape[1]))
    single = float(effects.mean(axis=0, dtype=np.float64).max())
    best = {c.offers: c.menu for c in choose_menu(effects, max_offers=MOST)}
    coarse = {c.offers: c.menu for c in choose_menu(effects[:, grid], max_offers=MOST)}
    rng = np.random.default_rng(3)
    part = effects[:20_000]
    found = []
    for k in range(1, MOST + 1):
        values = {
            ORDER[0]: worth(effects, best[k]),
            ORDER[1]: worth(effects, polished(effects, tuple(grid[g] for g in coarse[k]))),
            ORDER[2]: lloyd(part, k, rng) * one / worth(part, range(part.shape[1])),
            ORDER[3]: k_means(effects, k),
            ORDER[4]: even_grid(effects, k),
            "best single": single,
        }
        for name, value in values.items():
            found.append(
                {
                    "offers": k,
                    "method": name,
                    "value": value,
                    "recouped_over_no_offer": 100 * value / one,
                    "recouped_over_best_single": 100 * (value - single) / (one - single),
                }
            )
    return found


def save(rows: list[dict[str, object]], path: Path) -> None:
    with path.open("w", newline="") as file:
        file.write("# python studies/dials_truth.py; percent where recouped, gap or below\n")
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()})


def draw(front: list[dict[str, object]], beside: list[dict[str, object]], path: Path) -> None:
    shown = [
        {
            "k": r["offers"],
            "share": r["recouped_over_no_offer"],
            "world": r["dials"] + (", noise" if r["noise"] else ""),
            "heterogeneity": f"{r['heterogeneity']:g}",
        }
        for r in front
    ]
    kept = [
        {"k": r["offers"], "share": r["recouped_over_best_single"], "method": r["method"]}
        for r in beside
        if r["method"] in ORDER
    ]
    x = alt.X("k:Q", title="offers in the menu", axis=alt.Axis(grid=False, values=[1, 3, 5, 7, 10]))
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=400)
    worlds = ["discount alone", "discount x minimum basket", "discount x minimum basket, noise"]
    rule = alt.Chart(alt.Data(values=[{"y": 99.5}])).mark_rule(strokeDash=[4, 3], color="#777")
    left = alt.Chart(alt.Data(values=shown)).mark_line(opacity=0.7).encode(
        x=x,
        y=alt.Y("share:Q", title="share of one-to-one's gain over no offer, %"),
        color=alt.Color("world:N", sort=worlds, title=None, legend=legend,
                        scale=alt.Scale(domain=worlds, range=["#0b5d8a", "#c8553d", "#7a7a7a"])),
        detail="heterogeneity:N",
    )  # fmt: skip
    right = alt.Chart(alt.Data(values=kept)).mark_line(point=True).encode(
        x=x,
        y=alt.Y("share:Q", title="share of one-to-one's gain over the best single, %",
                scale=alt.Scale(domain=[-60, 100], clamp=True)),
        color=alt.Color("method:N", sort=ORDER, title=None, legend=legend),
    )  # fmt: skip
    size = {"width": 360, "height": 280}
    both = alt.hconcat((left + rule.encode(y="y:Q")).properties(**size), right.properties(**size))
    both.resolve_scale(color="independent").save(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=Path("studies/results"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    front, beside = frontier(asked.rows), rivals(asked.rows)
    save(front, asked.out / "dials_frontier.csv")
    save(beside, asked.out / "dials_rivals.csv")
    draw(front, beside, Path(__file__).parent.parent / "docs" / "img" / "dials-recouped.svg")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
