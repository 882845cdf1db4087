"""The review queue: what customers would read, looked at by a named person before a release.

A sample is a template rendered for a made-up typical member of a segment (kept with the plan in
review.json), a text written in the studio, or the offer's card where nobody wrote anything. No
sample is a customer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias

from handful.delivery.review_file import REVIEW_NAME
from handful.delivery.studio.bodies import Reviewed, plain_name, plain_words
from handful.delivery.studio.records import OfferContent, ReviewAnswer, Sample
from handful.delivery.studio.refusing import UNFIT, refusal
from handful.delivery.studio.shelf import Shelved, part_bytes
from handful.policy.points import offer_name

Kind: TypeAlias = Literal["message", "text", "card"]

_NOTE_LONGEST = 2_000
_ID_DIGITS = 12


def asks_for_reviews(plan: Shelved) -> bool:
    """Tell whether the brief makes a release wait for the review of samples.

    It does where it names reviews under [[guardrails.reviews]].
    """
    return bool(_sheet(plan).get("asked"))


def samples_of(
    plan: Shelved,
    content: Sequence[OfferContent],
    channels: Mapping[str, str],
    answers: Sequence[ReviewAnswer],
) -> tuple[Sample, ...]:
    """Return the samples of a plan with what was answered, those still open first.

    Args:
        plan: whose.
        content: names and texts as they are now.
        channels: offer -> channel, as far as it is known.
        answers: oldest first.
    """
    labels = {told.offer: told.label for told in content}
    found = []
    for sample in dict.fromkeys(_samples(plan, content, channels)):
        own = [answer for answer in reversed(answers) if answer.sample == sample.id]
        known = replace(sample, label=labels.get(sample.offer, sample.offer), answers=tuple(own))
        found.append(replace(known, done=_is_done(own)))
    return tuple(sorted(found, key=lambda sample: sample.done))


def open_samples(samples: Sequence[Sample]) -> int:
    """Return how many samples still wait for somebody to find them fine."""
    return sum(not sample.done for sample in samples)


def answer_of(samples: Sequence[Sample], asked: Reviewed) -> ReviewAnswer:
    """Return the answer that a body gives; its time is still open.

    Raises:
        RefusalError: 422 F875 there is no such sample now; 400 F880 no name.
    """
    if asked.sample not in {sample.id for sample in samples}:
        remedy = "Open the queue again: texts may have changed since."
        raise refusal(UNFIT, "F875", "there is no such sample now.", remedy)
    reviewer = plain_name(asked.reviewer, "a name of the reviewer")
    note = plain_words(asked.note, "a note", _NOTE_LONGEST) if asked.note.strip() else ""
    return ReviewAnswer(asked.sample, reviewer, asked.answer, note, "")


def _samples(
    plan: Shelved, content: Sequence[OfferContent], channels: Mapping[str, str]
) -> Iterator[Sample]:
    stored, kept = plan.stored, _sheet(plan).get("samples", ())
    offers, points = stored.policy.model.offers, stored.policy.points
    written = {told.offer: [cell for cell in told.cells if cell.text] for told in content}
    for number, segment in enumerate(plan.document["segments"], start=1):
        offer = offer_name(points, offers, segment["offer"])
        who = (offer, number, str(segment["rule"]))
        messages = [said for said in kept if said["segment"] == number]
        for said in messages:
            yield _sample(plan, who, said["channel"] or "", "message", said["text"])
        for cell in written.get(offer, []):
            yield _sample(plan, who, cell.channel, "text", cell.text)
        if not messages and not written.get(offer):
            channel = channels.get(offer, "")
            yield _sample(plan, who, channel, "card", _card(offer, channel, who[2]))


def _card(offer: str, channel: str, rule: str) -> str:
    """Say an offer as whoever receives it would meet it: what comes, how, and who else gets it."""
    way = f" by {channel}" if channel else ""
    return f"You receive “{offer}”{way}. So does everybody of this group: {rule}."


def _sample(
    plan: Shelved, who: tuple[str, int, str], channel: str, kind: Kind, text: str
) -> Sample:
    offer, number, rule = who
    said = json.dumps([plan.sha256, offer, number, channel, kind, text])
    name = hashlib.sha256(said.encode("utf-8")).hexdigest()[:_ID_DIGITS]
    return Sample(name, offer, offer, number, rule, channel, kind, text)


def _is_done(answers: Sequence[ReviewAnswer]) -> bool:
    """Is the latest answer of everybody who looked at the texts as they are now "fine"?"""
    latest: dict[str, str] = {}
    for answer in answers:
        if answer.current:
            latest.setdefault(answer.reviewer.casefold(), answer.answer)
    return bool(latest) and set(latest.values()) == {"fine"}


def _sheet(plan: Shelved) -> dict[str, Any]:
    if not any(part["name"] == REVIEW_NAME for part in plan.document["files"]):
        return {}
    sheet: dict[str, Any] = json.loads(part_bytes(plan, REVIEW_NAME))
    return sheet
