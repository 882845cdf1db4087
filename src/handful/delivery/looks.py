"""The one visual language of report, manifest and studio: where its style sheet lies."""

from __future__ import annotations

from pathlib import Path
from typing import Final

LOOKS: Final = Path(__file__).with_name("looks.css")


def looks() -> str:
    """Return the style sheet: tokens for light, dark and paper, elements, tables, drawings.

    Returns:
        CSS text, to stand before a page's own rules.

    Example:
        >>> ":root" in looks()
        True
    """
    return LOOKS.read_text(encoding="utf-8")
