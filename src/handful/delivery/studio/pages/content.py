"""GET /plans/{id}/content: the names of the offers and what each says on each channel."""

from __future__ import annotations

from handful.delivery.studio.pages.frame import framed
from handful.delivery.studio.records import ContentPage


def render_content(content: ContentPage) -> str:
    """Return the names and texts of the offers in use, each with a form to change it.

    Example:
        >>> render_content.__name__
        'render_content'
    """
    own = {"offers": content.offers, "channels": content.channels, "edits": content.edits}
    return framed("content.html", "content", content.frame, own, content.plan)
