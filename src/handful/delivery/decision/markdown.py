"""decision.md: the parts of the record as Markdown, and at its end every number it cites.

A number in the text carries a mark such as [3]; the table at the end says from which field of
plan.json it was read and what it is exactly, so that a reader, or `check_decision`, can compare.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from handful.delivery.decision.content import Part, parts, status
from handful.delivery.markdown import escaped, table
from handful.delivery.report.figures import Figure, Interval
from handful.delivery.report.wording import Sentence
from handful.planning.records import Plan

DECISION_NAME: Final = "decision.md"
CITED: Final = "## Numbers cited"
ENDS: Final = ("value", "lo", "hi")


@dataclass(frozen=True, slots=True)
class _Citations:
    """Numbers cited so far: (shown, field, exact) in the order of their marks."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def mark(self, shown: str, name: str, exact: str) -> str:
        """Return the text with its mark; the same number keeps its mark."""
        entry = (shown, name, exact)
        if entry not in self.rows:
            self.rows.append(entry)
        return f"{escaped(shown)} [{self.rows.index(entry) + 1}]"


def render_decision(plan: Plan) -> str:
    """Return the decision record of a plan as Markdown; the same plan gives the same bytes.

    Args:
        plan: the plan.

    Returns:
        Markdown text, in which names of offers are text and nothing else.

    Cost: O(menus + rivals + guardrails).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> from handful.planning.run import plan
        >>> from handful.planning.settings import PlanSettings
        >>> log = simulate("null", n=600, offers=2, random_state=1).experiment
        >>> made = plan(log, settings=PlanSettings(repetitions=1))
        >>> render_decision(made).splitlines()[0]
        '# Decision record'
    """
    cited = _Citations()
    lines = ["# Decision record", "", f"**{_said(status(plan), cited)}**", ""]
    for part in parts(plan):
        lines += _part(part, cited)
    names = ("No.", "As shown", "Field of plan.json", "Exactly")
    rows = [
        (str(at), escaped(shown), f"`{name}`", exact)
        for at, (shown, name, exact) in enumerate(cited.rows, start=1)
    ]
    lines += [CITED, "", table(names, rows, (0, 3)), ""]
    return "\n".join(lines)


def _part(part: Part, cited: _Citations) -> list[str]:
    lines = [f"## {part.title}", ""]
    for sentence in part.words:
        if sentence:
            lines += [_said(sentence, cited), ""]
    lines += [f"- {_said(sentence, cited)}" for sentence in part.points]
    lines += [""] if part.points else []
    if part.rows:
        rows = [tuple(_said(cell, cited) for cell in row) for row in part.rows]
        lines += [table(part.titles, rows, ()), ""]
    return lines


def _said(sentence: Sentence, cited: _Citations) -> str:
    return "".join(_piece(piece, cited) for piece in sentence)


def _piece(piece: str | Figure | Interval, cited: _Citations) -> str:
    if isinstance(piece, str):
        return escaped(piece)
    if isinstance(piece, Figure):
        if piece.raw is None:
            return escaped(f"{piece.text} ({piece.why_missing})")
        times = "" if piece.times is None else f" x {piece.times!r}"
        return cited.mark(piece.text, piece.field + times, _exact(piece.raw))
    if piece.value.raw is None:
        return escaped(f"{piece.value.text} ({piece.value.why_missing})")
    band = "exactly" if piece.exact else f"({piece.lo.text} to {piece.hi.text})"
    shown = f"{piece.value.text} {band}"
    exact = "; ".join(_exact(end.raw) for end in (piece.value, piece.lo, piece.hi))
    return cited.mark(shown, piece.value.field.removesuffix(".value"), exact)


def _exact(raw: float | None) -> str:
    return "n/a" if raw is None else repr(raw)
