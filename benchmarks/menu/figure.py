"""Draw the benchmark's two figures from its tables: quality against K, time against n.

.venv/bin/python benchmarks/menu/figure.py
"""

from __future__ import annotations

import csv
from pathlib import Path

import altair as alt

HERE = Path(__file__).resolve().parent
IMAGES = HERE.parent.parent / "docs" / "img"
NAMES = {
    "handful": "handful, gap 0.1 %",
    "handful_close": "handful, gap 0.001 %",
    "greedy": "greedy (numpy)",
    "submodlib": "submodlib greedy",
    "lloyd_10": "Lloyd, 10 starts",
    "k_means_effects": "k-means on effects",
    "k_means_profits": "k-means on profits",
}
QUALITY = ("handful", "greedy", "lloyd_10", "k_means_effects", "k_means_profits")
SPEED = ("handful", "handful_close", "submodlib", "greedy")
COLOURS = ["#0b5d8a", "#5aa9c9", "#c8553d", "#8a6d3b", "#7a7a7a", "#4f7a4f"]


def rows(name: str) -> list[dict[str, str]]:
    with (HERE / "results" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def chart(data, x: alt.X, y: alt.Y, order: list[str]) -> alt.LayerChart:
    colour = alt.Color("method:N", sort=order, title=None, scale=alt.Scale(range=COLOURS))
    shape = alt.Shape("method:N", sort=order, legend=None)
    base = alt.Chart(alt.Data(values=data)).encode(x=x, y=y, color=colour, shape=shape)
    return (base.mark_line() + base.mark_point(filled=True, size=50)).properties(
        width=420, height=280
    )


def quality() -> alt.LayerChart:
    data = [
        {
            "k": int(r["size"]),
            "captured": float(r["captured_percent"]),
            "method": NAMES[r["method"]],
        }
        for r in rows("quality")
        if r["method"] in QUALITY and r["instance"] == "logit" and r["rows"] == "200000"
    ]
    x = alt.X(
        "k:Q",
        title="offers in the menu",
        axis=alt.Axis(values=[2, 3, 5, 8, 10], grid=False),
        scale=alt.Scale(domain=[1.5, 10.5], nice=False),
    )
    y = alt.Y(
        "captured:Q", title="share of personalisation captured, %", scale=alt.Scale(zero=False)
    )
    return chart(data, x, y, [NAMES[name] for name in QUALITY])


def speed() -> alt.LayerChart:
    data = [
        {"n": int(r["rows"]), "seconds": float(r["cpu_s"]), "method": NAMES[r["method"]]}
        for r in [*rows("speed"), *rows("large")]
        if r["instance"] == "logit" and r["offers"] == "64" and r["size"] == "10"
    ]
    x = alt.X(
        "n:Q",
        title="customers (64 offers, K = 1 to 10)",
        axis=alt.Axis(values=[1e4, 1e5, 1e6, 1e7], grid=False),
        scale=alt.Scale(type="log"),
    )
    y = alt.Y(
        "seconds:Q",
        title="processor seconds",
        axis=alt.Axis(values=[0.01, 0.1, 1, 10]),
        scale=alt.Scale(type="log", domain=[0.005, 40], nice=False),
    )
    return chart(data, x, y, [NAMES[name] for name in SPEED])


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    quality().save(IMAGES / "menu-quality.svg")
    speed().save(IMAGES / "menu-time.svg")


if __name__ == "__main__":
    main()
