"""The routes that machines and the pages' scripts call: JSON in, JSON out."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from handful.delivery.plan_json import plain
from handful.delivery.studio.bodies import (
    Asked,
    Body,
    Edited,
    Question,
    Returned,
    Reviewed,
    Signed,
    read_body,
)
from handful.delivery.studio.content import channel_by_offer, edit_of
from handful.delivery.studio.deciding import Counter, decide_asked, open_counter
from handful.delivery.studio.records import Release, Sample
from handful.delivery.studio.refusing import (
    CONFLICT,
    NOT_FOUND,
    RefusalError,
    obstacles_of,
    refusal,
)
from handful.delivery.studio.releasing import release, roll_back
from handful.delivery.studio.reviewing import answer_of, samples_of
from handful.delivery.studio.shelf import Shelved, too_old
from handful.delivery.studio.state import Studio, contents, current_hash, history
from handful.delivery.studio.store import add_edit, add_review, edited_history, reviews_of
from handful.errors import HandfulError
from handful.guardrails.releasing import failed_of


def respond(document: object, status: int = 200) -> Response:
    """Return records or plain values as JSON without NaN."""
    return Response(msgspec.json.encode(plain(document)), status, media_type="application/json")


def refuse(request: str, refused: RefusalError) -> Response:
    """Return a refusal as JSON: every reason, and the number of the request."""
    return respond({"request": request, "errors": refused.obstacles}, refused.status)


def health(request: Request) -> Response:
    """GET /health: is it up, and what does it serve?"""
    studio = studio_of(request)
    made, intact = history(studio)
    served = made[-1].plan if made else None
    return respond({
        "ok": intact,
        "plans": len(studio.shelf.plans),
        "refused": len(studio.shelf.refused),
        "served": served,
        "durability": "every release is on the disk before it is answered",
    })  # fmt: skip


def ask_whatif(request: Request) -> Response:
    """POST /api/plans/{id}/whatif."""
    plan, question = plan_of(request), _body(request, Question)
    return respond(studio_of(request).askers[plan.id].ask(question))


def explain_row(request: Request) -> Response:
    """GET /api/plans/{id}/customers/{row}."""
    plan = plan_of(request)
    return respond(explained(studio_of(request), plan, request.path_params["row"]))


def explained(studio: Studio, plan: Shelved, row: int) -> dict[str, Any]:
    """Return why one row gets its offer.

    Raises:
        RefusalError: 404 F875 no such row.
        HandfulError: F860 the plan kept nothing to ask.
    """
    rows = int(plan.document["experiment"]["rows"])
    if not 0 <= row < rows:
        message = f"the plan has rows 0 to {rows - 1:,}."
        raise refusal(NOT_FOUND, "F875", message, "Take a number of these.")
    return studio.askers[plan.id].explain(row)


def edit_content(request: Request) -> Response:
    """POST /api/plans/{id}/content."""
    plan, studio = plan_of(request), studio_of(request)
    edit = add_edit(studio.store, plan.id, edit_of(plan, _body(request, Edited)))
    return respond({"edit": edit, "content": current_hash(studio, plan)})


def add_answer(request: Request) -> Response:
    """POST /api/plans/{id}/reviews."""
    plan, studio = plan_of(request), studio_of(request)
    answer = answer_of(queue_of(studio, plan), _body(request, Reviewed))
    kept = add_review(studio.store, plan.id, current_hash(studio, plan), answer)
    return respond({"answer": kept, "open": sum(not s.done for s in queue_of(studio, plan))})


def queue_of(studio: Studio, plan: Shelved) -> tuple[Sample, ...]:
    """Return the review queue of a plan as it is now."""
    content = contents(studio, plan)
    answers = reviews_of(studio.store, plan.id, current_hash(studio, plan))
    return samples_of(plan, content, channel_by_offer(plan), answers)


def release_plan(request: Request) -> Response:
    """POST /api/plans/{id}/release."""
    plan, studio = plan_of(request), studio_of(request)
    return respond({"release": release(studio, plan, _body(request, Signed))})


def roll_plan_back(request: Request) -> Response:
    """POST /api/rollback."""
    return respond({"release": roll_back(studio_of(request), _body(request, Returned))})


def get_served(request: Request) -> Response:
    """GET /api/served: the latest release; `release` is null before the first."""
    studio = studio_of(request)
    made, intact = history(studio)
    if not intact:
        raise edited_history()
    latest: Release | None = made[-1] if made else None
    ready = latest is not None and latest.plan in studio.shelf.plans
    return respond({"release": latest, "ready": ready})


def decide_customer(request: Request) -> Response:
    """POST /api/decide: by the plan that is served."""
    asked = _body(request, Asked)
    return respond(decide_asked(_counter(studio_of(request)), asked))


def _counter(studio: Studio) -> Counter:
    """Return what decides for the plan that is served; its guardrails and age are looked at."""
    made, intact = history(studio)
    if not intact:
        raise edited_history()
    plan = studio.shelf.plans.get(made[-1].plan) if made else None
    if plan is None:
        what = "the plan that was released is not among those given" if made else "none is released"
        remedy = "Release a plan, or start the studio with the folder of the one released."
        raise refusal(CONFLICT, "F879", f"no plan is served: {what}.", remedy)
    why = too_old(plan)
    if why or failed_of(plan.document):
        raise RefusalError(CONFLICT, *why)
    if plan.id not in studio.counters:
        try:
            studio.counters[plan.id] = open_counter(plan)
        except HandfulError as error:
            raise RefusalError(CONFLICT, *obstacles_of(error.findings)) from None
    return studio.counters[plan.id]


def studio_of(request: Request) -> Studio:
    """Return the studio that a request is for."""
    studio: Studio = request.app.state.studio
    return studio


def plan_of(request: Request) -> Shelved:
    """Return the plan that an address names; raises 404 where there is none."""
    return studio_of(request).shelf.plan(request.path_params["plan"])


def _body(request: Request, kind: type[Body]) -> Body:
    return read_body(request.state.body, kind)


ROUTES = [
    Route("/health", health),
    Route("/api/plans/{plan}/whatif", ask_whatif, methods=["POST"]),
    Route("/api/plans/{plan}/customers/{row:int}", explain_row),
    Route("/api/plans/{plan}/content", edit_content, methods=["POST"]),
    Route("/api/plans/{plan}/reviews", add_answer, methods=["POST"]),
    Route("/api/plans/{plan}/release", release_plan, methods=["POST"]),
    Route("/api/rollback", roll_plan_back, methods=["POST"]),
    Route("/api/served", get_served),
    Route("/api/decide", decide_customer, methods=["POST"]),
]
