"""The figure: every method on every data set, and what each costs in CPU time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import vl_convert

if TYPE_CHECKING:
    from report import Arena

INK, ACCENT, PALE = "#3b3b3b", "#0b6e4f", "#8f8f8f"
INDEX_TITLE = "share of what can be gained over random offers"


def points(arenas: list[Arena], kinds: dict[str, str]) -> list[dict[str, object]]:
    return [
        {"data set": arena.name, "method": method, "kind": kind, "index": arena.index[method]}
        for arena in arenas
        for method, kind in kinds.items()
        if method in arena.against
    ]


def costs(arenas: list[Arena], kinds: dict[str, str]) -> list[dict[str, object]]:
    """Mean over the simulated sets: there the index is the truth's, not a judge's estimate."""
    found = []
    for method, kind in kinds.items():
        held = [arena for arena in arenas if arena.simulated and method in arena.against]
        seconds = float(np.mean([arena.usage[method]["fit_cpu"] for arena in held]))
        index = float(np.mean([arena.index[method] for arena in held]))
        label = method.replace("_", " ")
        found.append({"method": label, "kind": kind, "seconds": max(seconds, 1e-3), "index": index})
    found.sort(key=lambda row: (row["kind"] == "handful", row["index"]))
    return [{**row, "place": place} for place, row in enumerate(found)]


def by_data_set(rows: list[dict[str, object]], names: list[str]) -> alt.Chart:
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_point(filled=True, opacity=0.85)
        .encode(
            x=alt.X("index:Q", title=INDEX_TITLE, scale=alt.Scale(domain=[-0.5, 1.0], clamp=True)),
            y=alt.Y("data set:N", sort=names, title=None),
            color=colour(),
            shape=alt.Shape("kind:N", legend=None),
            size=alt.condition("datum.kind == 'handful'", alt.value(110), alt.value(40)),
        )
        .properties(width=380, height=26 * len(names), title="Policy value, each data set")
    )


def by_cost(rows: list[dict[str, object]]) -> alt.LayerChart:
    decades = alt.Axis(values=[0.001, 0.01, 0.1, 1, 10], gridColor="#eeeeee")
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X(
            "seconds:Q", title="CPU seconds to learn", scale=alt.Scale(type="log"), axis=decades
        ),
        y=alt.Y("index:Q", title="mean share gained", scale=alt.Scale(zero=False)),
        color=colour(),
    )
    dots = base.mark_point(filled=True).encode(
        shape=alt.Shape("kind:N", legend=None),
        size=alt.condition("datum.kind == 'handful'", alt.value(110), alt.value(40)),
    )
    upper, lower = (
        base.transform_filter(f"datum.place % 2 == {odd}")
        .mark_text(align="left", dx=7, dy=3 - 8 * odd, fontSize=9)
        .encode(text="method:N")
        for odd in (0, 1)
    )
    title = "Value against CPU time, mean over simulated sets"
    return (dots + upper + lower).properties(width=420, height=300, title=title)


def colour() -> alt.Color:
    scale = alt.Scale(domain=["handful", "peer"], range=[ACCENT, PALE])
    return alt.Color("kind:N", scale=scale, title=None)


def draw(arenas: list[Arena], folder: Path) -> None:
    methods = {m for arena in arenas for m in arena.against if not m.startswith("handful_")}
    kinds = {
        m: "handful" if m == "handful" else "peer" for m in sorted(methods, key="handful".__eq__)
    }
    names = [arena.name for arena in arenas]
    chart = (
        alt.hconcat(by_data_set(points(arenas, kinds), names), by_cost(costs(arenas, kinds)))
        .configure_view(stroke=None)
        .configure_axis(labelColor=INK, titleColor=INK, gridColor="#eeeeee")
        .configure_title(color=INK, anchor="start")
    )
    folder.mkdir(parents=True, exist_ok=True)
    spec = chart.to_json()
    (folder / "peers.svg").write_text(vl_convert.vegalite_to_svg(spec))
    (folder / "peers.png").write_bytes(vl_convert.vegalite_to_png(spec, scale=1.5))
