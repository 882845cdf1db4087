"""Markdown as text: names that cannot become markup, and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]#|~!])")
_SPACE: Final = re.compile(r"[\r\n\t\v\f\x00-\x1f\x7f\u2028\u2029]+")


def escaped(text: str) -> str:
    r"""Return text that Markdown shows as it is: no markup, no HTML, no link, one line.

    Example:
        >>> escaped("<b>10% | *off*</b>")
        '&lt;b&gt;10% \\| \\*off\\*&lt;/b&gt;'
    """
    plain = _SPACE.sub(" ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", plain)


def unescaped(text: str) -> str:
    r"""Return what `escaped` was given, line ends excepted.

    Example:
        >>> unescaped(escaped("a < b & [c]"))
        'a < b & [c]'
    """
    plain = re.sub(r"\\([\\`*_{}\[\]#|~!])", r"\1", text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int]) -> str:
    """Return a table of cells that are Markdown already; columns of `numeric` are set to the right.

    Example:
        >>> print(table(["Offer", "Share"], [["A", "60%"]], [1]))
        | Offer | Share |
        | --- | ---: |
        | A | 60% |
    """
    rule = ["---:" if at in numeric else "---" for at in range(len(titles))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows))
