"""How a page is made: one template, one context, everything escaped, nothing undefined."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from handful.delivery.studio.pages.words import when

_TEMPLATES: Final = Path(__file__).parent.parent / "templates"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["when"] = when
    return made


def page(template: str, context: Mapping[str, object]) -> str:
    """Return a page as HTML text.

    Args:
        template: file name in the folder of templates.
        context: what it may speak of; all text in it is escaped.

    Returns:
        HTML text, to be sent as UTF-8.
    """
    return _environment().get_template(template).render(context)
