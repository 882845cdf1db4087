"""The report as Markdown: read off the page itself, so that it can say nothing else.

Headings, paragraphs, lists and tables are kept; a drawing is told by its description, since the
table beside it has its numbers. Text is escaped, so that a name stays a name.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_SKIPPED: Final = frozenset({"head", "script", "style", "svg", "nav", "title"})
_LINES: Final = frozenset(
    {"p", "h1", "h2", "h3", "li", "dt", "dd", "caption", "figcaption", "summary", "tr", "math"}
)
_MARKS: Final = {
    "h1": "# ", "h2": "## ", "h3": "### ", "li": "- ", "dd": "  ", "dt": "- ",
}  # fmt: skip
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~&])")
_HIDDEN: Final = ("skip", "csv", "chart narrow", "print-head", "eyebrow", "told")


def markdown_of(page: str) -> str:
    r"""Return a report as Markdown (CommonMark with tables).

    Args:
        page: the text of report.html.

    Returns:
        Text; the same page gives the same text.

    Cost: O(page).

    Example:
        >>> markdown_of("<h1>Run A</h1><p>It is worth <b>1</b>.</p>")
        '# Run A\n\nIt is worth 1.\n'
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    text = "\n".join(reader.lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


class _Reader(HTMLParser):
    """Reads tags from left to right, keeping one line of text at a time."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.words: list[str] = []
        self.cells: list[str] = []
        self.skipping: list[str] = []
        self.mark = ""
        self.describing = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, a cell or something to be left out."""
        if tag == "desc":
            self.describing = True
        if self.skipping:
            if tag == self.skipping[-1]:
                self.skipping.append(tag)
            return
        look = dict(attrs).get("class") or ""
        if tag in _SKIPPED or (look in _HIDDEN and tag in ("p", "div", "a", "summary")):
            self.skipping.append(tag)
            return
        if tag in _LINES:
            self._end_line()
            self.mark = _MARKS.get(tag, "")
        if tag in ("td", "th"):
            self.words = []

    def handle_endtag(self, tag: str) -> None:
        """End a line, a cell, a row or what was left out."""
        if tag == "desc":
            self.describing = False
            self._end_line()
        if self.skipping:
            if tag == self.skipping[-1]:
                self.skipping.pop()
            return
        if tag in ("td", "th"):
            self.cells.append(" ".join("".join(self.words).split()))
            self.words = []
        elif tag == "tr":
            self._end_row()
        elif tag == "thead":
            self.lines[-1:] = [self.lines[-1], "|" + " --- |" * (self.lines[-1].count(" | ") + 1)]
        elif tag in ("table", "ul", "ol", "dl"):
            self.lines.append("")
        elif tag in _LINES:
            self._end_line()

    def handle_data(self, data: str) -> None:
        """Keep text, escaped."""
        if self.skipping and not (self.describing and self.skipping[0] == "svg"):
            return
        self.words.append(_SPECIAL.sub(r"\\\1", data))

    def _end_row(self) -> None:
        if self.cells:
            self.lines.append(f"| {' | '.join(self.cells)} |")
        self.cells = []

    def _end_line(self) -> None:
        text = " ".join("".join(self.words).split())
        self.words = []
        if not text:
            return
        tight = self.mark in ("- ", "  ")
        self.lines += [f"{self.mark}{text}"] if tight else ["", f"{self.mark}{text}", ""]
        self.mark = ""
