"""What a guardrail says, and who answers for one that failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

GuardrailVerdict: TypeAlias = Literal["pass", "fail", "warn", "not_applicable"]


def _nothing() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class GuardrailResult:
    """One guardrail: what was measured, within what bound, and what to do.

    Attributes:
        name: the same in every plan, such as "consent_trained"; `[guardrails.override.NAME]`.
        measure: what the value is, in words, with its unit.
        value: what was measured; None where nothing can be.
        lo, hi: ends of its 95 % interval; None where the value is counted, not estimated.
        bound: what `value` (or `hi`) may not pass; None where there is none.
        verdict: "pass", "fail" (the plan may not be released), "warn" or "not_applicable".
        remedy: what to do; for a pass, why it holds. Never the value of an id.
        detail: tables and curves behind the value: texts, numbers, lists, mappings.
        components: parts that the value is made of, name -> number.
    """

    name: str
    measure: str
    value: float | None
    lo: float | None
    hi: float | None
    bound: float | None
    verdict: GuardrailVerdict
    remedy: str
    detail: Mapping[str, object] = field(default_factory=_nothing)
    components: Mapping[str, object] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Override:
    """A failed guardrail that somebody answers for: its name, who, and why."""

    name: str
    by: str
    reason: str
