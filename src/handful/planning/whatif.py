"""What if? A plan's own evidence asked again, without a new fit.

The held-out scores of every split are kept; costs, population, the team's cap and assumptions that
profit is linear in change only what is computed from them. Cost O(K G) where the menus stay,
O(n K G) where they change.
"""

from __future__ import annotations

from handful.errors import BriefError, blocked
from handful.planning.whatif_records import (
    Answer,
    AnswerGuardrail,
    AnswerSegment,
    Explanation,
    Question,
    WhatIf,
)

__all__ = ["Answer", "AnswerGuardrail", "AnswerSegment", "Explanation", "Question", "WhatIf", "ask"]


def ask(whatif: WhatIf, question: Question) -> Answer:
    """Answer a question from the scores that a plan kept.

    Args:
        whatif: from `read_whatif`.
        question: what differs from the plan's settings.

    Returns:
        The answer; at the plan's own settings that of plan.json.

    Raises:
        BriefError: F862 the question does not fit the plan: all problems at once.

    Cost: see the module.
    """
    raise BriefError(blocked("F862", "Nothing can be asked yet.", "Plan again."))
