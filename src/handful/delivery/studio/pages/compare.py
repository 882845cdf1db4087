"""GET /compare: two plans side by side, or a plan beside a what-if of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from handful.delivery.studio.pages.answering import Told, tell
from handful.delivery.studio.pages.documents import as_answer
from handful.delivery.studio.pages.frame import framed
from handful.delivery.studio.pages.words import rails_line
from handful.delivery.studio.records import ComparePage, PlanView

_SAME_MEASURE: Final = ("data_sha256", "profit_sql", "currency")


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: whose plan, what it says."""

    view: PlanView
    title: str
    told: Told
    rails_line: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One fact on both sides; `differs` marks it."""

    name: str
    a: str
    b: str

    @property
    def differs(self) -> bool:
        """Tell whether the two say different things."""
        return self.a != self.b


def render_compare(compare: ComparePage) -> str:
    """Return two plans side by side; their values are never subtracted over different logs.

    Example:
        >>> from handful.delivery.studio.records import Frame
        >>> "Choose two plans" in render_compare(ComparePage(Frame(())))
        True
    """
    sides = _sides(compare)
    own = {
        "a": compare.a,
        "b": compare.b,
        "sides": sides,
        "facts": _facts(sides) if sides else (),
        "caution": _caution(compare) if sides else "",
        "refusal": compare.refusal,
    }
    return framed("compare.html", "compare", compare.frame, own)


def _sides(compare: ComparePage) -> tuple[Side, ...]:
    if compare.a is None or compare.b is None:
        return ()
    a, b, answer = compare.a, compare.b, compare.answer
    first = Side(a, a.line.name, tell(a, as_answer(a.document), None), rails_line(a.document))
    title = b.line.name if answer is None else f"What if, on {b.line.name}"
    second = Side(b, title, tell(b, as_answer(b.document), answer), rails_line(b.document))
    return (first, second)


def _caution(compare: ComparePage) -> str:
    """Say what may be made of two values beside each other."""
    if compare.a is None or compare.b is None:
        return ""
    a, b = (view.document["experiment"] for view in (compare.a, compare.b))
    if any(a[field] != b[field] for field in _SAME_MEASURE):
        return (
            "The two come from different logs, or count profit differently. Their values must not "
            "be subtracted: other customers, another time, another sum."
        )
    return (
        "Both come from the same log. Their values share customers, so the bands do not tell "
        "whether one is better: two bands that overlap may still differ. A difference with its "
        "interval needs both on the same folds, which “handful evaluate” gives."
    )


def _facts(sides: Sequence[Side]) -> tuple[Pair, ...]:
    a, b = (side.view.document["experiment"] for side in sides)
    named = (
        ("Log", "source"),
        ("Rows", "rows"),
        ("Profit per row", "profit_sql"),
        ("Population of a campaign", "population"),
        ("Seed", "seed"),
        ("Data sha256", "data_sha256"),
    )
    return tuple(Pair(name, _fact(a[field]), _fact(b[field])) for name, field in named)


def _fact(value: object) -> str:
    if value is None:
        return "n/a: not given in the brief"
    if isinstance(value, int | float):
        return f"{value:,.0f}"
    text = str(value)
    return f"{text[:12]} …" if len(text) == 64 else text
