"""The frontier of an answer as a drawing: where everything stands, for the template to draw.

It says what the report's chart says, in the same marks: the held-out value with its band, the
claim dashed with open diamonds, the reference lines, the chosen menu ringed. A page that follows a
slider cannot wait for a charting library, so the positions are worked out here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from handful.delivery.report.figures import money_text
from handful.delivery.report.labels import spread
from handful.delivery.studio.pages.numbers import Document, known

WIDE: Final = (720, 340)
NARROW: Final = (336, 300)
_LEFT: Final = 58
_RIGHT: Final = 92
_TOP: Final = 14
_BOTTOM: Final = 46
_LABEL_GAP: Final = 15
_TICKS: Final = 5
_REFERENCES: Final = (
    ("best single", "best_single"),
    ("one-to-one", "one_to_one"),
    ("no offer", "no_offer"),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a place: a tick, a line's end, a point; `kind` is its class in the drawing."""

    x: float
    y: float
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Whisker:
    """The band of one menu."""

    x: float
    lo: float
    hi: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """The frontier at one size, in pixels; lines and areas are SVG paths, "" where absent."""

    ident: str
    width: int
    height: int
    right: float
    foot: float
    band: str
    value: str
    claimed: str
    net: str
    before: str
    whiskers: tuple[Whisker, ...]
    values: tuple[Mark, ...]
    claims: tuple[Mark, ...]
    nets: tuple[Mark, ...]
    ring: Mark | None
    across: tuple[Mark, ...]
    down: tuple[Mark, ...]
    lines: tuple[Mark, ...]
    labels: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a frontier chart is drawn from.

    Attributes:
        document: an answer.
        before: the plan as it was made; the same as `document` where nothing was asked.
        chosen: offers of the menu to ring; None for none.
        currency: of every value.
    """

    document: Document
    before: Document
    chosen: int | None
    currency: str


def drawings(shown: Shown) -> tuple[Drawing, ...]:
    """Return the frontier at both sizes, () where no menu was valued.

    Cost: O(menus).
    """
    if not shown.document["frontier"]:
        return ()
    return tuple(_drawing(shown, f"frontier-{size[0]}", size) for size in (WIDE, NARROW))


def _drawing(shown: Shown, ident: str, size: tuple[int, int]) -> Drawing:
    width, height = size
    points = shown.document["frontier"]
    right, foot = width - _RIGHT, height - _BOTTOM
    low, high = _domain(shown)
    step = (right - _LEFT) / len(points)
    at_k = {p["offers"]: _LEFT + step * (at + 0.5) for at, p in enumerate(points)}

    def up(value: float) -> float:
        return round(foot - (foot - _TOP) * (value - low) / (high - low), 2)

    def marks(field: str) -> tuple[Mark, ...]:
        return tuple(
            Mark(round(at_k[p["offers"]], 2), up(p[field]), str(p["offers"]))
            for p in points
            if known(p[field])
        )

    values, claims = marks("value"), marks("claimed")
    nets = marks("net") if _has_costs(shown) else ()
    ring = next((mark for mark in values if mark.text == str(shown.chosen)), None)
    lows = [Mark(w.x, w.lo, "") for w in _whiskers(points, at_k, up)]
    highs = [Mark(w.x, w.hi, "") for w in _whiskers(points, at_k, up)]
    return Drawing(
        ident=ident,
        width=width,
        height=height,
        right=right,
        foot=foot,
        band=_path((*highs, *reversed(lows))),
        value=_path(values),
        claimed=_path(claims),
        net=_path(nets),
        before=_path(_before(shown, at_k, up)),
        whiskers=_whiskers(points, at_k, up),
        values=values,
        claims=claims,
        nets=nets,
        ring=ring,
        across=tuple(Mark(round(x, 2), foot, str(k)) for k, x in at_k.items()),
        down=_ticks(low, high, up, shown.currency),
        lines=tuple(Mark(right, up(v), name, kind) for name, v, kind in _lines(shown)),
        labels=_labels(shown, up, right),
    )


def _has_costs(shown: Shown) -> bool:
    return any(known(p["net"]) and p["net"] != p["value"] for p in shown.document["frontier"])


def _whiskers(
    points: Sequence[Document], at_k: dict[int, float], up: Callable[[float], float]
) -> tuple[Whisker, ...]:
    return tuple(
        Whisker(round(at_k[p["offers"]], 2), up(p["lo"]), up(p["hi"]))
        for p in points
        if known(p["lo"]) and known(p["hi"])
    )


def _before(shown: Shown, at_k: dict[int, float], up: Callable[[float], float]) -> tuple[Mark, ...]:
    """Return the plan's own net values, where the question moved them; () where it did not."""
    if shown.before is shown.document:
        return ()
    asked = [p["net"] for p in shown.document["frontier"]]
    made = [p["net"] for p in shown.before["frontier"]]
    if asked == made:
        return ()
    return tuple(
        Mark(round(at_k[p["offers"]], 2), up(p["net"]), "")
        for p in shown.before["frontier"]
        if p["offers"] in at_k and known(p["net"])
    )


def _lines(shown: Shown) -> list[tuple[str, float, str]]:
    reference = shown.document["reference"]
    return [
        (name, reference[key]["value"], key)
        for name, key in _REFERENCES
        if reference[key] is not None and known(reference[key]["value"])
    ]


def _domain(shown: Shown) -> tuple[float, float]:
    points = shown.document["frontier"]
    ends = [p[end] for p in points for end in ("lo", "hi", "value", "claimed", "net")]
    ends += [value for _, value, _ in _lines(shown)]
    if shown.before is not shown.document:
        ends += [p["net"] for p in shown.before["frontier"]]
    finite = [float(end) for end in ends if known(end)]
    low, high = min(finite), max(finite)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _ticks(
    low: float, high: float, up: Callable[[float], float], currency: str
) -> tuple[Mark, ...]:
    """Return round numbers along the height."""
    raw = (high - low) / _TICKS
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * times for times in (1, 2, 2.5, 5, 10) if size * times >= raw * 0.999)
    place = max(0, -math.floor(math.log10(step)) + (1 if step / size == 2.5 else 0))
    first = math.ceil(low / step)
    return tuple(
        Mark(_LEFT, up(at * step), money_text(at * step, currency, place))
        for at in range(first, math.floor(high / step) + 1)
    )


def _labels(shown: Shown, up: Callable[[float], float], right: float) -> tuple[Mark, ...]:
    last = shown.document["frontier"][-1]
    named = [(name, up(value), key) for name, value, key in _lines(shown)]
    ends = [("menu of K", "value", "value"), ("claimed", "claimed", "claimed")]
    ends += [("net of costs", "net", "net")] if _has_costs(shown) else []
    named += [(name, up(last[field]), kind) for name, field, kind in ends if known(last[field])]
    named.sort(key=lambda one: one[1])
    heights = spread([y for _, y, _ in named], _LABEL_GAP)
    return tuple(
        Mark(right + 8, round(y, 2), name, kind)
        for (name, _, kind), y in zip(named, heights, strict=True)
    )


def _path(marks: Sequence[Mark]) -> str:
    return " ".join(f"{'M' if at == 0 else 'L'}{m.x},{m.y}" for at, m in enumerate(marks))
