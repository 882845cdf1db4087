"""May this plan be used? A failed guardrail says no, unless somebody answers for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from handful.brief.guardrails import GuardrailsSpec
from handful.errors import BriefError, DataError, blocked
from handful.guardrails.results import GuardrailResult, Override


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def overrides_of(asked: GuardrailsSpec, results: Sequence[_Named]) -> tuple[Override, ...]:
    """Return the overrides of the brief, each for a guardrail of this plan.

    Args:
        asked: the [guardrails] table.
        results: of this plan.

    Raises:
        BriefError: G004 an override of a guardrail that this plan does not have.

    Example:
        >>> overrides_of(GuardrailsSpec(), ())
        ()
    """
    known = {result.name for result in results}
    strange = [name for name in asked.override if name not in known]
    if strange:
        message = f"guardrails.override names {', '.join(strange)}; no guardrail is called so."
        remedy = f"Use one of: {', '.join(sorted(known)) or 'none'}."
        raise BriefError(blocked("G004", message, remedy))
    return tuple(Override(name, by, why) for name, (by, why) in asked.override.items())


def failures(
    results: Sequence[GuardrailResult], overrides: Sequence[Override]
) -> tuple[GuardrailResult, ...]:
    """Return the failed guardrails that nobody answers for: () means that the plan may be used.

    Example:
        >>> failed = GuardrailResult("k", "smallest group", 9, None, None, 50, "fail", "Merge.")
        >>> failures((failed,), ())[0].name, failures((failed,), (Override("k", "Jo", "pilot"),))
        ('k', ())
    """
    answered = {override.name for override in overrides}
    return tuple(r for r in results if r.verdict == "fail" and r.name not in answered)


def failed_of(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what `failures` would, from the document of plan.json: (name, remedy) of each.

    Args:
        document: of a plan; its `guardrails` and `overrides` are believed, not its `releasable`.

    Example:
        >>> failed_of({"guardrails": [{"name": "k", "verdict": "fail", "remedy": "Merge."}],
        ...            "overrides": []})
        (('k', 'Merge.'),)
    """
    answered = {override["name"] for override in document["overrides"]}
    return tuple(
        (result["name"], result["remedy"])
        for result in document["guardrails"]
        if result["verdict"] == "fail" and result["name"] not in answered
    )


def refuse(failed: Sequence[tuple[str, str]]) -> None:
    """Refuse a plan that may not be used.

    Args:
        failed: (name, remedy) of every failed guardrail that nobody answers for.

    Raises:
        DataError: G001 for each, when there is any.
    """
    if failed:
        raise DataError(
            [
                blocked("G001", f"the plan may not be used: guardrail '{name}' failed.", remedy)
                for name, remedy in failed
            ]
        )
