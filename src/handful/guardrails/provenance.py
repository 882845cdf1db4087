"""Where every feature comes from, and the score from caring to creepy that is made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from handful.brief.origins import origin_of
from handful.guardrails.channels import NOT_DECLARED, channel_of
from handful.guardrails.creepiness import (
    WEIGHTS,
    Creepiness,
    creepiness,
    distance_part,
    frequency_part,
    intimacy_part,
    leak_part,
    provenance_part,
)
from handful.guardrails.deny_list import live_offers
from handful.guardrails.records import Facts, GuardrailResult

DRIVES = 0.01
"""A feature drives a segment when permuting it moves more than this share of its customers."""


def check_provenance(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Warn of features of which the brief does not say how they were come by.

    Returns:
        One result: value = features without a provenance, bound 0.

    Cost: O(p).
    """
    origins = facts.asked.provenance
    names = facts.policy.model.schema.names
    unknown = [name for name in names if origin_of(origins, name).how is None]
    known = {name: origin_of(origins, name).how for name in names if name not in unknown}
    remedy = (
        f"Say under [guardrails.provenance] how these were come by: {', '.join(unknown[:12])}"
        f"{', ...' if len(unknown) > 12 else ''}."
        if unknown
        else "The brief says of every feature how it was come by."
    )
    return (
        GuardrailResult(
            name="provenance",
            measure="features of which nobody says how they were come by",
            value=float(len(unknown)),
            lo=None,
            hi=None,
            bound=0.0,
            verdict="warn" if unknown else "pass",
            remedy=remedy,
            detail={"not_stated": unknown, "stated": known},
        ),
    )


def check_creepiness(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse offers whose creepy-to-caring score passes `guardrails.max_creepiness`.

    Returns:
        One result: value = the highest score over offers, channels and segments, 0 to 100; () when
        the brief names no channel.

    Cost: O(offers x features).
    """
    asked = facts.asked
    if not asked.channels:
        return ()
    scores = tuple(_score(facts, name) for name in live_offers(facts) if not _control(facts, name))
    if not scores:
        return ()
    top = max(scores, key=lambda score: score.score)
    over = [score for score in scores if score.score > asked.max_creepiness]
    parts = sorted(WEIGHTS, key=lambda name: -WEIGHTS[name] * top.components[name])
    blame = ", ".join(f"{name} {top.components[name]:.2f}" for name in parts[:3])
    assumed = f" Not known and counted half: {', '.join(top.assumed)}." if top.assumed else ""
    word = "is over the bound" if over else "is the highest"
    return (
        GuardrailResult(
            name="creepiness",
            measure="creepy-to-caring score of the offer that scores highest, 0 to 100",
            value=top.score,
            lo=None,
            hi=None,
            bound=asked.max_creepiness,
            verdict="fail" if over else "pass",
            remedy=f"'{top.offer}' on channel {top.channel} {word}: {blame}.{assumed}",
            detail={"scores": [_as_row(score) for score in scores]},
            components=dict(top.components),
        ),
    )


def _control(facts: Facts, name: str) -> bool:
    control = facts.experiment.control
    return control is not None and facts.experiment.offers[control] == name


def _score(facts: Facts, offer: str) -> Creepiness:
    """Score one offer on its channel for the segment that gets it."""
    asked = facts.asked
    drivers = [
        origin_of(asked.provenance, use.field)
        for use in facts.trace.uses
        if dict(use.by_offer).get(offer, 0.0) > DRIVES
    ]
    channel = channel_of(offer, asked).name
    known = None if channel == NOT_DECLARED else channel
    components = {
        "leak": leak_part(leak_of(facts.results, offer)),
        "provenance": provenance_part(drivers),
        "distance": distance_part(drivers, asked.purpose),
        "intimacy": intimacy_part(known),
        "frequency": frequency_part(asked.messages_per_month),
    }
    score, assumed = creepiness(components)
    shown = {name: 0.5 if part is None else part for name, part in components.items()}
    at = next((n for n, s in enumerate(facts.segments, 1) if s.offer == offer), 0)
    return Creepiness(offer, channel, at, score, shown, assumed)


def leak_of(results: Sequence[GuardrailResult], offer: str) -> float | None:
    """Return the largest upper limit of |ln LR| that the disclosure tests found for an offer.

    Args:
        results: those of the disclosure tests among them.
        offer: its name.

    Returns:
        None where no sensitive attribute was tested, or the offer was not.

    Example:
        >>> leak_of((), "mail") is None
        True
    """
    found: list[float] = []
    for result in results:
        if not result.name.startswith("disclosure_") or result.value is None:
            continue
        if result.hi == 1.0:  # everybody gets the same: nothing can leak
            found.append(0.0)
        cells = result.detail.get("cells", ())
        rows = cells if isinstance(cells, Sequence) else ()
        found += [_most(c["ratio_lo"], c["ratio_hi"]) for c in rows if c["sight"] == offer]
    return max(found, default=None)


def _most(lo: float, hi: float) -> float:
    """Return the larger of |ln lo| and |ln hi|."""
    ends = (abs(math.log(end)) if 0.0 < end < math.inf else math.inf for end in (lo, hi))
    return max(ends)


def _as_row(score: Creepiness) -> dict[str, object]:
    return {
        "offer": score.offer,
        "channel": score.channel,
        "segment": score.segment,
        "score": score.score,
        "components": dict(score.components),
        "assumed": list(score.assumed),
    }
