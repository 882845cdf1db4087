"""GET /plans/{id}: what if we could author fewer offers, if set-up cost more, if margins fell?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from handful.delivery.studio.pages.answering import tell
from handful.delivery.studio.pages.controls import box_text, controls, planned_text
from handful.delivery.studio.pages.documents import as_answer
from handful.delivery.studio.pages.frame import framed
from handful.delivery.studio.records import WhatIfPage


def render_whatif(whatif: WhatIfPage) -> str:
    """Return the page of one plan: what can be turned, and what then follows.

    The page is a form that is sent by GET, so that it works without a script and the address keeps
    the question; the script asks for the same address while a slider moves and swaps the answer.

    Args:
        whatif: the plan, its settings, the question and its answer.

    Returns:
        HTML text.

    Cost:
        O(menus + segments + guardrails).

    Example:
        >>> render_whatif.__name__
        'render_whatif'
    """
    view = whatif.plan
    settings = whatif.settings or as_answer(view.document)
    shown = tell(view, settings, whatif.answer)
    return framed(
        "whatif.html",
        "whatif",
        whatif.frame,
        {
            "live": whatif.live,
            "why_not": whatif.why_not,
            "refusal": whatif.refusal,
            "controls": controls(view.document, settings, whatif.question) if whatif.live else (),
            "box_text": box_text,
            "planned_text": planned_text,
            "beside": _beside(view.line.id, whatif.question),
            "told": shown,
            "currency": view.document["experiment"]["currency"],
        },
        view,
    )


def _beside(plan: str, question: Mapping[str, Any]) -> str:
    """Return the address that sets the plan beside this what-if of it."""
    tables = {"assumptions": "assumption", "capacities": "capacity"}
    asked: dict[str, Any] = {"a": plan, "b": plan}
    for name, value in question.items():
        if name in tables:
            asked |= {f"{tables[name]}.{key}": box_text(number) for key, number in value.items()}
        else:
            asked[name] = box_text(value)
    return f"/compare?{urlencode(asked)}"
