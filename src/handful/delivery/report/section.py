"""A section of the page as records: what one topic says, without a word of HTML.

A topic is one module beside this one with a function `section(plan) -> Section | None`, named in
`topics.py`. The page lays all sections out alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from markupsafe import Markup

from handful.delivery.report.tables import Table
from handful.delivery.report.wording import Sentence

Tone: TypeAlias = Literal["plain", "quiet", "good", "warn", "bad"]
"""How a paragraph is set: as text, small and grey, or as a remark with a sign beside it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing in two sizes; the style sheet shows the one that fits."""

    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph: text and figures."""

    parts: Sentence
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Points:
    """A list of short sentences."""

    items: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawing with its caption, and the table of what it draws, kept folded below it."""

    chart: Chart
    caption: str
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A table that stands open."""

    table: Table


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks behind a line that is clicked on: terms, formulas, long tables."""

    summary: str
    blocks: tuple[Words | Points | Drawn | Listed, ...]


Block: TypeAlias = Words | Points | Drawn | Listed | Folded


@dataclass(frozen=True, slots=True)
class Section:
    """One topic of the page.

    Attributes:
        ident: anchor of the section, a word.
        title: the question it answers, in the reader's words.
        short: its name in the list of contents.
        blocks: from the answer down to the detail.
    """

    ident: str
    title: str
    short: str
    blocks: tuple[Block, ...]
