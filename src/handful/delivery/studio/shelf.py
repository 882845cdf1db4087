"""The plans that the studio was given: each read and proved, or set aside with its reasons."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from handful.delivery.aging import ready
from handful.delivery.sealed import document_digest
from handful.delivery.stored import StoredPlan, read_plan
from handful.delivery.studio.records import NotServed, Obstacle, PlanLine
from handful.delivery.studio.refusing import CONFLICT, NOT_FOUND, obstacles_of, refusal
from handful.errors import HandfulError
from handful.guardrails.releasing import failed_of
from handful.policy.points import offer_name

ID_DIGITS: Final = 12
REPORT: Final = "report.html"
WHATIF: Final = "whatif"


@dataclass(frozen=True, slots=True)
class Shelved:
    """A plan on the shelf, as it was when the studio started.

    Attributes:
        id: first 12 hex digits of `sha256`.
        sha256: of all that plan.json says, save the parts that an erasure changes: a plan stays
            the same when a customer is forgotten.
        name: of the folder.
        stored: the document and the policy.
    """

    id: str
    sha256: str
    name: str
    stored: StoredPlan

    @property
    def document(self) -> Mapping[str, Any]:
        """plan.json as plain values."""
        return self.stored.document

    @property
    def offers(self) -> tuple[str, ...]:
        """Names of the offers in use, in the order of the segments."""
        names, points = self.stored.policy.model.offers, self.stored.policy.points
        said = [offer_name(points, names, part["offer"]) for part in self.document["segments"]]
        return tuple(dict.fromkeys(said))


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was given on the command line: plans by id, and folders that cannot be shown."""

    plans: Mapping[str, Shelved]
    refused: tuple[NotServed, ...]

    def plan(self, plan: str) -> Shelved:
        """Return a plan by its id.

        Raises:
            RefusalError: 404 F875 there is none.
        """
        if plan not in self.plans:
            message = "no plan of that id is shown here."
            raise refusal(NOT_FOUND, "F875", message, "Choose one of the list on the first page.")
        return self.plans[plan]


def fill_shelf(folders: Sequence[Path]) -> Shelf:
    """Read plans; one that cannot be believed is set aside and the others stay.

    Args:
        folders: that `handful plan --out` named.

    Raises:
        HandfulError: of the first folder, where none of them can be shown.

    Cost: O(bytes of the folders).
    """
    plans: dict[str, Shelved] = {}
    refused: list[NotServed] = []
    errors: list[HandfulError] = []
    for folder in folders:
        try:
            plan = read_shelved(folder)
        except HandfulError as error:
            errors.append(error)
            refused.append(_set_aside(folder, error))
        else:
            plans.setdefault(plan.id, plan)
    if errors and not plans:
        raise errors[0]
    return Shelf(plans, tuple(refused))


def read_shelved(folder: Path) -> Shelved:
    """Read one plan folder and prove its parts.

    Raises:
        HandfulError: as `read_plan`.
    """
    stored = read_plan(folder)
    place = stored.folder.resolve()
    digest = document_digest(stored.document)
    resolved = StoredPlan(stored.document, stored.policy, place)
    return Shelved(digest[:ID_DIGITS], digest, place.name, resolved)


def line_of(plan: Shelved, served: str | None) -> PlanLine:
    """Return a plan as a list shows it.

    Args:
        plan: which.
        served: id of the plan that is served.
    """
    document = plan.document
    verdict = document["verdict"]
    point = _advised(document)
    return PlanLine(
        id=plan.id,
        name=plan.name,
        verdict=verdict["kind"],
        offers=len(plan.offers),
        value=point.get("value"),
        lo=point.get("lo"),
        hi=point.get("hi"),
        currency=document["experiment"]["currency"],
        served=plan.id == served,
        releasable=not failed_of(document),
        live=(plan.stored.folder / WHATIF).is_dir(),
        has_report=(plan.stored.folder / REPORT).is_file(),
    )


def part_bytes(plan: Shelved, name: str) -> bytes:
    """Return a part of a plan as it was written.

    Args:
        plan: whose.
        name: such as report.html.

    Raises:
        RefusalError: 404 F875 it is not there; 409 F890 it was changed since the plan was made.
    """
    file = plan.stored.folder / name
    said = [part["sha256"] for part in plan.document["files"] if part["name"] == name]
    if not said or not file.is_file():
        message = f"this plan has no {name}."
        raise refusal(NOT_FOUND, "F875", message, "Make the plan again to have one.")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != said[0]:
        message = f"{name} is not what was written with the plan."
        raise refusal(CONFLICT, "F890", message, "Copy the plan folder again, or plan again.")
    return content


def too_old(plan: Shelved) -> tuple[Obstacle, ...]:
    """Return why a plan may not be used today: what it rests on is too old, or a yes ran out."""
    try:
        ready(plan.stored, datetime.now(tz=UTC).date(), None)
    except HandfulError as error:
        return obstacles_of([found for found in error.findings if found.level == "block"])
    return ()


def _set_aside(folder: Path, error: HandfulError) -> NotServed:
    """Return why a folder is not shown, without where on the machine it lies."""
    name = _name(folder)
    told = obstacles_of(error.findings)
    said = [replace(one, message=one.message.replace(str(folder), name)) for one in told]
    return NotServed(name, tuple(said))


def _advised(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the frontier's line of the menu that is advised; the reference for no offer."""
    verdict = document["verdict"]
    if verdict["kind"] == "no_offer":
        return document["reference"]["no_offer"] or {}
    lines = [line for line in document["frontier"] if line["offers"] == verdict["offers"]]
    return lines[0] if lines else {}


def _name(folder: Path) -> str:
    place = folder.parent if folder.name == "plan.json" else folder
    return place.resolve().name
