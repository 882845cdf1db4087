"""The frontier of an answer as a drawing: where everything stands, for the template to draw.

It says what the report's chart says, in the same marks: the held-out value with its band, the
claim dashed with open diamonds, the reference lines, the chosen menu ringed. A page that follows a
slider cannot wait for a charting library, so the positions are worked out here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class _Scales:
    """Where values and numbers of offers stand in a drawing of one size."""

    right: float
    foot: float
    low: float
    high: float
    at_k: Mapping[int, float]

    def up(self, value: float) -> float:
        return round(
            self.foot - (self.foot - _TOP) * (value - self.low) / (self.high - self.low), 2
        )

    def marks(self, points: Sequence[Document], field: str) -> tuple[Mark, ...]:
        return tuple(
            Mark(self.at_k[p["offers"]], self.up(p[field]), str(p["offers"]))
            for p in points
            if p["offers"] in self.at_k and known(p[field])
        )


def _scales(shown: Shown, size: tuple[int, int]) -> _Scales:
    points, right = shown.document["frontier"], size[0] - _RIGHT
    step = (right - _LEFT) / len(points)
    at_k = {p["offers"]: round(_LEFT + step * (at + 0.5), 2) for at, p in enumerate(points)}
    return _Scales(right, size[1] - _BOTTOM, *_domain(shown), at_k)


def _drawing(shown: Shown, ident: str, size: tuple[int, int]) -> Drawing:
    scales, points = _scales(shown, size), shown.document["frontier"]
    values, claims = scales.marks(points, "value"), scales.marks(points, "claimed")
    nets = scales.marks(points, "net") if _has_costs(shown) else ()
    lows, highs = scales.marks(points, "lo"), scales.marks(points, "hi")
    return Drawing(
        ident=ident,
        width=size[0],
        height=size[1],
        right=scales.right,
        foot=scales.foot,
        band=_path((*highs, *reversed(lows))),
        value=_path(values),
        claimed=_path(claims),
        net=_path(nets),
        before=_path(_before(shown, scales)),
        whiskers=tuple(Whisker(a.x, a.y, b.y) for a, b in zip(lows, highs, strict=True)),
        values=values,
        claims=claims,
        nets=nets,
        ring=next((mark for mark in values if mark.text == str(shown.chosen)), None),
        across=tuple(Mark(x, scales.foot, str(k)) for k, x in scales.at_k.items()),
        down=_ticks(scales, shown.currency),
        lines=tuple(
            Mark(scales.right, scales.up(value), name, kind) for name, value, kind in _lines(shown)
        ),
        labels=_labels(shown, scales),
    )


def _has_costs(shown: Shown) -> bool:
    return any(known(p["net"]) and p["net"] != p["value"] for p in shown.document["frontier"])


def _before(shown: Shown, scales: _Scales) -> tuple[Mark, ...]:
    """Return the plan's own net values, where the question moved them; () where it did not."""
    asked = [p["net"] for p in shown.document["frontier"]]
    made = [p["net"] for p in shown.before["frontier"]]
    return () if asked == made else scales.marks(shown.before["frontier"], "net")


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


def _ticks(scales: _Scales, currency: str) -> tuple[Mark, ...]:
    """Return round numbers along the height."""
    low, high = scales.low, scales.high
    raw = (high - low) / _TICKS
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * times for times in (1, 2, 2.5, 5, 10) if size * times >= raw * 0.999)
    place = max(0, -math.floor(math.log10(step)) + (1 if step / size == 2.5 else 0))
    first = math.ceil(low / step)
    return tuple(
        Mark(_LEFT, scales.up(at * step), money_text(at * step, currency, place))
        for at in range(first, math.floor(high / step) + 1)
    )


def _labels(shown: Shown, scales: _Scales) -> tuple[Mark, ...]:
    last = shown.document["frontier"][-1]
    named = [(name, scales.up(value), key) for name, value, key in _lines(shown)]
    ends = [("menu of K", "value", "value"), ("claimed", "claimed", "claimed")]
    ends += [("net of costs", "net", "net")] if _has_costs(shown) else []
    named += [
        (name, scales.up(last[field]), kind) for name, field, kind in ends if known(last[field])
    ]
    named.sort(key=lambda one: one[1])
    heights = spread([y for _, y, _ in named], _LABEL_GAP)
    return tuple(
        Mark(scales.right + 8, round(y, 2), name, kind)
        for (name, _, kind), y in zip(named, heights, strict=True)
    )


def _path(marks: Sequence[Mark]) -> str:
    return " ".join(f"{'M' if at == 0 else 'L'}{m.x},{m.y}" for at, m in enumerate(marks))
