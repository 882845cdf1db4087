"""Release and roll-back: what stands in the way, and the line that makes a plan the one served."""

from __future__ import annotations

from dataclasses import replace

from handful.delivery.release import record_use
from handful.delivery.sealed import document_digest
from handful.delivery.stored import read_plan
from handful.delivery.studio.bodies import Returned, Signed, plain_name, plain_words
from handful.delivery.studio.content import channel_by_offer
from handful.delivery.studio.records import Obstacle, Release
from handful.delivery.studio.refusing import (
    CONFLICT,
    NOT_FOUND,
    RefusalError,
    obstacles_of,
    refusal,
)
from handful.delivery.studio.reviewing import asks_for_reviews, open_samples, samples_of
from handful.delivery.studio.shelf import Shelved, too_old
from handful.delivery.studio.state import Studio, contents, current_hash, history
from handful.delivery.studio.store import add_release, edited_history, reviews_of
from handful.errors import HandfulError
from handful.guardrails.releasing import failed_of

_REASON_LONGEST = 2_000


def obstacles(studio: Studio, plan: Shelved) -> tuple[Obstacle, ...]:
    """Return all that stands in the way of a release now; () where nothing does.

    Failed guardrails that nobody answers for, age, reviews that are still open, and any part of the
    folder that is not what was written.

    Cost: O(bytes of the folder).
    """
    found = [
        Obstacle("G001", f"the plan may not be used: guardrail '{name}' failed.", remedy)
        for name, remedy in failed_of(plan.document)
    ]
    found += too_old(plan)
    found += _unreviewed(studio, plan)
    found += _changed(plan)
    return tuple(found)


def release(studio: Studio, plan: Shelved, asked: Signed) -> Release:
    """Release a plan in somebody's name.

    Raises:
        RefusalError: 409 with every obstacle; 409 F876 another release came first.
        MachineError: the audit file or the store cannot be written.
    """
    after = _seen(studio, asked.after)
    return _sign(studio, plan, Release(
        id=0,
        plan=plan.id,
        name=plan.name,
        by=plain_name(asked.by, "a name of who signs"),
        reason=plain_words(asked.reason, "a reason", _REASON_LONGEST),
        at="",
        action="release",
        content=current_hash(studio, plan),
    ), after)  # fmt: skip


def roll_back(studio: Studio, asked: Returned) -> Release:
    """Serve the plan of an earlier release again; its guardrails and its age are looked at anew.

    Raises:
        RefusalError: 404 F875 no such release; 409 F879 its plan is not here; and as `release`.
    """
    after = _seen(studio, asked.after)
    made = {one.id: one for one in history(studio)[0]}
    if asked.to not in made:
        remedy = "Take a number of the history."
        raise refusal(NOT_FOUND, "F875", "there is no release of that number.", remedy)
    back = made[asked.to]
    plan = studio.shelf.plans.get(back.plan)
    if plan is None:
        message = f"the plan of release {back.id} ({back.name}) is not among those served here."
        remedy = "Start the studio with its folder, too."
        raise refusal(CONFLICT, "F879", message, remedy)
    return _sign(studio, plan, Release(
        id=0,
        plan=plan.id,
        name=plan.name,
        by=plain_name(asked.by, "a name of who signs"),
        reason=plain_words(asked.reason, "a reason", _REASON_LONGEST),
        at="",
        action="rollback",
        content=current_hash(studio, plan),
        back_to=back.id,
    ), after)  # fmt: skip


def _seen(studio: Studio, after: int | None) -> int:
    """Return the latest release that this one follows: as seen by whoever asked, or now."""
    made, intact = history(studio)
    if not intact:
        raise edited_history()
    return len(made) if after is None else after


def _sign(studio: Studio, plan: Shelved, wanted: Release, after: int) -> Release:
    found = obstacles(studio, plan)
    if found:
        raise RefusalError(CONFLICT, *found)

    def told(made: Release) -> None:
        # Nobody else writes now: what was looked at above must still be so.
        if current_hash(studio, plan) != made.content or _unreviewed(studio, plan):
            message = "names, texts or reviews changed while the plan was being released."
            raise refusal(CONFLICT, "F876", message, "Look at them, then release again.")
        facts = {"release": made.id, "by": made.by, "reason": made.reason, "content": made.content}
        facts |= {"plan_sha256": plan.sha256, "back_to": made.back_to}
        record_use(plan.stored.folder, made.action, facts)

    return add_release(studio.store, wanted, after, told)


def _unreviewed(studio: Studio, plan: Shelved) -> list[Obstacle]:
    if not asks_for_reviews(plan):
        return []
    content = contents(studio, plan)
    answers = reviews_of(studio.store, plan.id, current_hash(studio, plan))
    left = open_samples(samples_of(plan, content, channel_by_offer(plan), answers))
    if not left:
        return []
    message = f"{left} samples wait for a reviewer who answers “fine” to the texts as they are now."
    return [Obstacle("F877", message, "Answer them in the review queue.")]


def _changed(plan: Shelved) -> list[Obstacle]:
    """Read the folder again: it must still hold the plan of the shelf, every part proved."""
    # Loaded with the first look at a release: it reads every proof, and the rest needs none.
    from handful.delivery.verifying import verify_plan

    try:
        if document_digest(read_plan(plan.stored.folder).document) != plan.sha256:
            message = "the folder holds another plan.json than when the studio started."
            return [Obstacle("F890", message, "Start the studio again to see what is there now.")]
        return list(obstacles_of(verify_plan(plan.stored.folder).findings))
    except HandfulError as error:
        # Whoever looks at a page need not know where on the machine the folder lies.
        place = str(plan.stored.folder)
        told = obstacles_of(error.findings)
        return [replace(one, message=one.message.replace(place, plan.name)) for one in told]
    except OSError as error:
        message = f"the plan folder cannot be read: {error.strerror}."
        return [Obstacle("F890", message, "Put the folder back.")]
