"""GET /plans/{id}/release: what would be released, and what is in the way."""

from __future__ import annotations

from handful.delivery.studio.pages.answering import tell
from handful.delivery.studio.pages.documents import as_answer
from handful.delivery.studio.pages.frame import framed
from handful.delivery.studio.pages.words import rails_line
from handful.delivery.studio.records import ReleasePage


def render_release(release: ReleasePage) -> str:
    """Return what would be released: verdict, value, guardrails, and a form to sign.

    Example:
        >>> render_release.__name__
        'render_release'
    """
    view = release.plan
    own = {
        "told": tell(view, as_answer(view.document), None),
        "rails_line": rails_line(view.document),
        "obstacles_found": release.obstacles,
        "after": release.after,
    }
    return framed("release.html", "release", release.frame, own, view)
