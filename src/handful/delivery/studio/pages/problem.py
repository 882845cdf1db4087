"""Any page that is refused: what is wrong and what to do, without a stack or a row."""

from __future__ import annotations

from handful.delivery.studio.pages.environment import page
from handful.delivery.studio.records import ProblemPage


def render_problem(problem: ProblemPage) -> str:
    """Return a refusal as a page.

    Example:
        >>> told = ProblemPage(404, "Not found", "No such plan.", "Look at the list.", "a1")
        >>> "No such plan." in render_problem(told)
        True
    """
    return page("problem.html", {"problem": problem})
