"""Names and texts that people gave the offers of a plan, and a hash that says which they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

from handful.delivery.studio.bodies import Edited, plain_name
from handful.delivery.studio.records import Cell, Edit, OfferContent
from handful.delivery.studio.refusing import BAD_BODY, UNFIT, refusal
from handful.delivery.studio.shelf import Shelved

NO_CHANNEL: Final = "default"
"""The channel of a text where the brief names none."""


def channels_of(plan: Shelved) -> tuple[str, ...]:
    """Return the channels that a plan's offers go out on; one called "default" where none is known.

    Args:
        plan: whose consent section names them.
    """
    return tuple(sorted(set(channel_by_offer(plan).values()))) or (NO_CHANNEL,)


def channel_by_offer(plan: Shelved) -> Mapping[str, str]:
    """Return offer -> channel, as far as plan.json says."""
    consent = plan.document.get("consent")
    return {} if consent is None else dict(consent["channels"])


def edit_of(plan: Shelved, asked: Edited) -> Edit:
    """Return the edit that a body asks for; its time is still open.

    Args:
        plan: whose offer it is.
        asked: a label, or a channel with a text.

    Raises:
        RefusalError: 422 F875 no such offer; 400 F880 neither a label nor a text, or both.
    """
    if asked.offer not in plan.offers:
        remedy = "Use the name that plan.json has under `segments`."
        raise refusal(UNFIT, "F875", "the plan has no offer of that name in use.", remedy)
    by = plain_name(asked.by, "a name of who writes") if asked.by.strip() else ""
    if asked.label is not None and asked.channel is None and asked.text is None:
        label = plain_name(asked.label, "a label")
        if label != asked.offer and label in plan.stored.policy.model.offers:
            message = "that is the name of another offer of this plan."
            raise refusal(UNFIT, "F875", message, "Choose a name that tells them apart.")
        return Edit(asked.offer, None, label, by, "")
    if asked.label is None and asked.channel is not None and asked.text is not None:
        channel = plain_name(asked.channel, "a channel", 80)
        return Edit(asked.offer, channel, asked.text.strip(), by, "")
    message = "expected a label, or a channel with its text."
    raise refusal(BAD_BODY, "F880", message, "Send one edit at a time.")


def content_of(plan: Shelved, edits: Sequence[Edit]) -> tuple[OfferContent, ...]:
    """Return the names and texts as they are now, one entry an offer in use.

    Args:
        plan: whose.
        edits: all, oldest first; the last of a cell counts.
    """
    latest = {(edit.offer, edit.channel): edit for edit in edits}
    known = channel_by_offer(plan)
    found = []
    for offer in plan.offers:
        label = latest.get((offer, None))
        own = {edit.channel: edit for edit in latest.values() if edit.offer == offer}
        first = known.get(offer, NO_CHANNEL)
        names = dict.fromkeys((first, *(name for name in own if name is not None)))
        cells = tuple(_cell(name, own.get(name)) for name in names)
        found.append(OfferContent(offer, offer if label is None else label.text, cells))
    return tuple(found)


def content_hash(content: Sequence[OfferContent]) -> str:
    """Return one sha256 for the names and texts of a plan; who wrote them does not count.

    Example:
        >>> content_hash([OfferContent("mail", "Mail", ())])[:8]
        'af3fb6bb'
    """
    said = [
        [offer.offer, offer.label, sorted((cell.channel, cell.text) for cell in offer.cells)]
        for offer in content
    ]
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def labels_of(content: Sequence[OfferContent], offers: Sequence[str]) -> dict[str, str]:
    """Return offer -> the name people gave it, for every offer of the log."""
    return {offer: offer for offer in offers} | {told.offer: told.label for told in content}


def _cell(channel: str, edit: Edit | None) -> Cell:
    return Cell(channel, "") if edit is None else Cell(channel, edit.text, edit.by, edit.at)
