"""What every page shares: the words and links around its own matter."""

from __future__ import annotations

from collections.abc import Mapping

from handful.delivery.studio.pages.environment import page
from handful.delivery.studio.records import Frame, PlanView


def framed(
    template: str,
    here: str,
    frame: Frame,
    own: Mapping[str, object],
    view: PlanView | None = None,
) -> str:
    """Return a page inside the studio's frame.

    Args:
        template: file name.
        here: key of the page in the navigation.
        frame: around.
        own: what the page itself speaks of.
        view: the plan that the page is about, for its tabs; None for none.
    """
    around = {"frame": frame, "here": here, "plan": view, "tabs": tabs}
    return page(template, around | dict(own))


def tabs(view: PlanView) -> tuple[tuple[str, str, str], ...]:
    """Return the pages of a plan: key, address, words."""
    root = f"/plans/{view.line.id}"
    found = [
        ("whatif", root, "What if?"),
        ("customers", f"{root}/customers", "Customers"),
        ("content", f"{root}/content", "Content"),
        ("reviews", f"{root}/reviews", "Reviews"),
        ("release", f"{root}/release", "Release"),
    ]
    found += [("report", f"{root}/report", "Report")] if view.line.has_report else []
    return tuple(found)
