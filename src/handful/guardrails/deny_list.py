"""Guardrails on weird things: sensitive words in what decides and what is said, and children."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from handful.brief.guardrails import GuardrailsSpec
from handful.brief.origins import origin_of
from handful.errors import BriefError, blocked
from handful.guardrails.audience import few
from handful.guardrails.channels import channel_of
from handful.guardrails.records import Facts, GuardrailResult
from handful.guardrails.sensitive import (
    CHILD_AGE,
    Hit,
    children_in,
    find_classes,
    sensitive_features,
    sensitive_texts,
)
from handful.guardrails.templates import read_templates

SHOWN = 8
"""Findings named in one sentence; the detail holds them all."""


def live_offers(facts: Facts) -> tuple[str, ...]:
    """Return the offers that somebody gets, and those of the menu, in the order of the log.

    Cost: O(n).
    """
    used = set(np.unique(facts.assignment.offer).tolist()) | set(facts.policy.menu)
    return tuple(facts.policy.model.offers[code] for code in sorted(used))


def check_words(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse features, offers, segments and messages that speak of a sensitive class.

    Args:
        facts: features of the policy, live offers and their topics, rules of segments, templates.

    Returns:
        One result: value = findings that `guardrails.allow` does not answer for, bound 0.

    Raises:
        BriefError: G047 a topic or a template of an offer that the log does not have.

    Cost: O(names + levels).
    """
    asked = facts.asked
    _refuse_strange_offers(facts, asked)
    found = tuple(_hits(facts, asked))
    refused = [hit for hit in found if hit.name not in asked.allow]
    allowed = {hit.name: asked.allow[hit.name] for hit in found if hit.name in asked.allow}
    if refused:
        named = "; ".join(dict.fromkeys(_words(hit) for hit in refused[:SHOWN]))
        remedy = (
            f"Found {named}. Leave it out (experiment.exclude, menu.never), or answer for it with "
            f'guardrails.allow = {{"{refused[0].name}" = "why"}}.'
        )
    else:
        remedy = "No feature, offer, segment or message speaks of a sensitive class." + (
            f" Allowed by the brief: {', '.join(allowed)}." if allowed else ""
        )
    result = GuardrailResult(
        name="weird_things",
        measure="sensitive classes named by features, offers, segments and messages",
        value=float(len(refused)),
        lo=None,
        hi=None,
        bound=0.0,
        verdict="fail" if refused else "pass",
        remedy=remedy,
        detail={
            "found": [
                {"kind": hit.kind, "name": hit.name, "class": hit.number, "label": hit.label}
                for hit in refused
            ],
            "allowed": allowed,
        },
    )
    return (result,)


def _refuse_strange_offers(facts: Facts, asked: GuardrailsSpec) -> None:
    """A topic under a misspelt offer would never be looked at."""
    named = {"topics": asked.topics}
    if isinstance(asked.templates, Mapping):
        named["templates"] = asked.templates
    offers = facts.policy.model.offers
    wrong = [(key, name) for key, given in named.items() for name in given if name not in offers]
    if wrong:
        raise BriefError(
            [
                blocked(
                    "G047",
                    f"guardrails.{key} names '{name}', an offer that the log does not have.",
                    f"Use one of: {', '.join(offers[:20])}.",
                )
                for key, name in wrong
            ]
        )


def _hits(facts: Facts, asked: GuardrailsSpec) -> Iterator[Hit]:
    schema, live = facts.policy.model.schema, live_offers(facts)
    yield from sensitive_features(schema, asked.deny)
    for name in schema.names:
        if origin_of(asked.provenance, name).how == "sensitive":
            yield Hit("feature", name, 0, "sensitive by the brief's own provenance", "sensitive")
    yield from sensitive_texts("offer", {name: name for name in live}, asked.deny)
    topics = {name: asked.topics[name] for name in live if name in asked.topics}
    yield from sensitive_texts("topic", topics, asked.deny)
    rules = {f"segment {s.offer}": _without(s.rule, schema.names) for s in facts.segments}
    yield from sensitive_texts("segment", rules, asked.deny)
    if facts.brief is not None and asked.templates is not None:
        said = {t.name: t.spoken for t in read_templates(facts.brief)}
        yield from sensitive_texts("message", said, asked.deny)


def _without(rule: str, names: tuple[str, ...]) -> str:
    """Take the features' names out of a rule: they are looked at on their own."""
    for name in sorted(names, key=len, reverse=True):
        rule = re.sub(rf"\b{re.escape(name)}\b", " ", rule)
    return rule


def _words(hit: Hit) -> str:
    kind = "a level of feature" if hit.kind == "level" else hit.kind
    number = f"class {hit.number}, " if hit.number else ""
    return f"{kind} '{hit.name}' ({number}{hit.label})"


def check_children(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse a log that holds customers below 16, where an age says so.

    Returns:
        One result; () where no feature holds an age or a year of birth.

    Cost: O(n) per such feature.
    """
    time = facts.experiment.time
    year = None if time is None else int(time.max().astype("datetime64[Y]").astype(int)) + 1970
    found = children_in(facts.experiment.features, year)
    if not found:
        return ()
    asked = facts.asked
    young = {name: count for name, count in found if count and name not in asked.allow}
    most = max(young.values(), default=0)
    names = ", ".join(young)
    remedy = (
        f"{names} puts {few(most, asked.minimum_reported)} customers below {CHILD_AGE:.0f}: leave "
        "them out with experiment.where; their data needs a parent's consent."
        if young
        else f"No customer is below {CHILD_AGE:.0f}, as far as {found[0][0]} tells."
    )
    shown = float(most) if most >= asked.minimum_reported or not most else None
    return (
        GuardrailResult(
            name="children",
            measure=f"customers of the log below {CHILD_AGE:.0f}",
            value=shown,
            lo=None,
            hi=None,
            bound=0.0,
            verdict="fail" if young else "pass",
            remedy=remedy,
        ),
    )


def check_bystanders(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse offers of a sensitive class on channels that others in the home see too.

    An offer that `guardrails.allow` lets run counts all the same: allowed is not the same as shown
    to the family. A channel that the brief does not name counts as shared.

    Returns:
        One result; () where no live offer is of a sensitive class.
    """
    asked = facts.asked
    sensitive = [
        (name, classes[0][0].name)
        for name in live_offers(facts)
        if (classes := find_classes(f"{name} {asked.topics.get(name, '')}", asked.deny))
    ]
    if not sensitive:
        return ()
    seen = [(n, label, channel_of(n, asked)) for n, label in sensitive]
    shared = [(n, label, c) for n, label, c in seen if c.shared]
    named = "; ".join(f"'{n}' ({label}) on channel {c.name}" for n, label, c in shared[:SHOWN])
    return (
        GuardrailResult(
            name="bystanders",
            measure="offers of a sensitive class on a channel that others see",
            value=float(len(shared)),
            lo=None,
            hi=None,
            bound=0.0,
            verdict="fail" if shared else "pass",
            remedy=f"Found {named}. Send it on a private channel (guardrails.channels), or not."
            if shared
            else "Offers of a sensitive class go out on private channels only.",
            detail={"offers": [{"offer": n, "class": k, "channel": c.name} for n, k, c in seen]},
        ),
    )
