"""The decision record: decision.md, written from the plan and checked against plan.json."""

from handful.delivery.decision.checking import check_decision
from handful.delivery.decision.markdown import DECISION_NAME, render_decision

__all__ = ["DECISION_NAME", "check_decision", "render_decision"]
