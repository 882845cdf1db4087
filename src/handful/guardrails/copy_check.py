"""The copy guardrail: every message template is read before anybody gets the message."""

from __future__ import annotations

from handful.guardrails.copy_lint import CopyFault, lint_template
from handful.guardrails.records import Facts, GuardrailResult
from handful.guardrails.templates import read_templates

SHOWN = 6
ONE_CLICK = (
    "E-mails need the headers List-Unsubscribe: <https://...> and List-Unsubscribe-Post: "
    "List-Unsubscribe=One-Click as well (RFC 8058)."
)


def check_copy(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse templates that say what was guessed, bought or never declared.

    Returns:
        One result: value = faults, bound 0; () where the brief names no templates.

    Raises:
        BriefError: G040, G041 as in `read_templates`.

    Cost: O(characters).
    """
    if facts.brief is None or facts.asked.templates is None:
        return ()
    templates = read_templates(facts.brief)
    faults = [
        (template.name, fault)
        for template in templates
        for fault in lint_template(template.text, facts.asked.provenance, email=template.by_email)
    ]
    email = any(template.by_email for template in templates)
    return (
        GuardrailResult(
            name="copy",
            measure="places where a message says what it may not, or lacks a link it must have",
            value=float(len(faults)),
            lo=None,
            hi=None,
            bound=0.0,
            verdict="fail" if faults else "pass",
            remedy=_remedy(faults, len(templates)) + (f" {ONE_CLICK}" if email else ""),
            detail={
                "faults": [
                    {"template": name, "line": f.line, "field": f.field, "reason": f.reason}
                    for name, f in faults
                ],
                "templates": [template.name for template in templates],
            },
        ),
    )


def _remedy(faults: list[tuple[str, CopyFault]], templates: int) -> str:
    if not faults:
        return f"Templates read: {templates}. They speak of declared and observed fields only."
    named = "; ".join(_words(name, fault) for name, fault in faults[:SHOWN])
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return f"{named}{more}. Say it another way, or declare the field in guardrails.provenance."


def _words(name: str, fault: CopyFault) -> str:
    place = f"{name}, line {fault.line}" if fault.line else name
    return f"{place}: {fault.field} {fault.reason}".replace(":  ", ": ")
