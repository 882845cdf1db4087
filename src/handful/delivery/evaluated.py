"""What a policy is worth, in plain lines and as plain values."""

from __future__ import annotations

from typing import Any

from handful.delivery.plan_json import plain
from handful.delivery.summary import value_line
from handful.evidence.evaluate import Evaluation


def evaluation_document(evaluation: Evaluation) -> dict[str, Any]:
    """Lay an evaluation out for machines.

    Args:
        evaluation: value, references and leads of a policy.

    Returns:
        {value, reference: {name: estimate}, lead: {name: estimate}, winsorised, closed}.

    Example:
        >>> evaluation_document.__name__
        'evaluation_document'
    """
    return {
        "value": plain(evaluation.value),
        "reference": {name: plain(estimate) for name, estimate in evaluation.references},
        "lead": {name: plain(estimate) for name, estimate in evaluation.leads},
        "winsorised": plain(evaluation.winsorised),
        "closed": evaluation.closed,
    }


def evaluation_lines(evaluation: Evaluation, currency: str) -> list[str]:
    """Say what a policy is worth, beside the references and against each of them.

    Args:
        evaluation: its held-out value, the reference lines and the paired leads.
        currency: of the values.

    Returns:
        Five to nine lines.

    Example:
        >>> evaluation_lines.__name__
        'evaluation_lines'
    """
    lines = ["Profit per customer, with 95 % bands:"]
    lines.append(value_line("this policy", evaluation.value, currency))
    if evaluation.winsorised is not None:
        lines.append(value_line("the same, profit winsorised", evaluation.winsorised, currency))
    lines += [value_line(_plain(name), value, currency) for name, value in evaluation.references]
    lines.append("This policy less each of them:")
    lines += [value_line(_plain(name), lead, currency) for name, lead in evaluation.leads]
    return lines


def _plain(name: str) -> str:
    return name.replace("_", " ")
