"""GET /history: what was released by whom, and the way back."""

from __future__ import annotations

from handful.delivery.studio.pages.frame import framed
from handful.delivery.studio.records import HistoryPage


def render_history(history: HistoryPage) -> str:
    """Return every release, the newest first, each with a way back to it.

    Example:
        >>> from handful.delivery.studio.records import Frame
        >>> "Nothing was released" in render_history(HistoryPage(Frame(()), (), 0))
        True
    """
    own = {
        "releases": history.releases,
        "after": history.after,
        "can_return": history.can_return,
        "intact": history.intact,
        "served": history.frame.served,
    }
    return framed("history.html", "history", history.frame, own)
