"""What the routes of a running studio share: the shelf, the store, and the fence's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from handful.delivery.studio.asking import Asker
from handful.delivery.studio.content import content_hash, content_of, labels_of
from handful.delivery.studio.deciding import Counter
from handful.delivery.studio.fence import Rules
from handful.delivery.studio.records import Frame, OfferContent, PlanView, Release
from handful.delivery.studio.shelf import Shelf, Shelved, line_of
from handful.delivery.studio.store import Store, edits_of, releases


@dataclass(frozen=True, slots=True)
class Studio:
    """A running studio.

    Attributes:
        shelf: plans that can be looked at.
        store: what is remembered.
        rules: of the fence.
        askers: plan id -> who answers its what-if questions, one at a time.
        counters: plan id -> what decides for one customer, made when it is first served.
    """

    shelf: Shelf
    store: Store
    rules: Rules
    askers: Mapping[str, Asker]
    counters: dict[str, Counter] = field(default_factory=dict)


def history(studio: Studio) -> tuple[tuple[Release, ...], bool]:
    """Return the releases, oldest first, and whether none was edited."""
    return releases(studio.store)


def frame(studio: Studio) -> Frame:
    """Return what every page shows around its own matter."""
    made, intact = history(studio)
    served = made[-1] if made else None
    now = None if served is None else served.plan
    return Frame(
        plans=tuple(line_of(plan, now) for plan in studio.shelf.plans.values()),
        refused=studio.shelf.refused,
        served=served,
        served_ready=intact and (now is None or now in studio.shelf.plans),
        signed_in=bool(studio.rules.token),
    )


def contents(studio: Studio, plan: Shelved) -> tuple[OfferContent, ...]:
    """Return the names and texts of a plan as they are now."""
    return content_of(plan, edits_of(studio.store, plan.id))


def current_hash(studio: Studio, plan: Shelved) -> str:
    """Return the hash of the names and texts of a plan as they are now."""
    return content_hash(contents(studio, plan))


def view(studio: Studio, plan: Shelved, around: Frame) -> PlanView:
    """Return a plan as its pages show it."""
    served = None if around.served is None else around.served.plan
    labels = labels_of(contents(studio, plan), plan.stored.policy.model.offers)
    return PlanView(line_of(plan, served), plan.document, labels)
