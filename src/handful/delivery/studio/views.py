"""The routes that people open: each fills one record and lets `pages/` draw it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from handful.delivery.studio.api import explained, plan_of, queue_of, studio_of
from handful.delivery.studio.asking import read_address
from handful.delivery.studio.bodies import Question
from handful.delivery.studio.content import channels_of
from handful.delivery.studio.fence import COOKIE
from handful.delivery.studio.pages.compare import render_compare
from handful.delivery.studio.pages.content import render_content
from handful.delivery.studio.pages.customers import render_customers
from handful.delivery.studio.pages.history import render_history
from handful.delivery.studio.pages.home import render_home
from handful.delivery.studio.pages.login import render_login
from handful.delivery.studio.pages.problem import render_problem
from handful.delivery.studio.pages.release import render_release
from handful.delivery.studio.pages.reviews import render_reviews
from handful.delivery.studio.pages.whatif import render_whatif
from handful.delivery.studio.records import (
    ComparePage,
    ContentPage,
    CustomersPage,
    Frame,
    HistoryPage,
    HomePage,
    LoginPage,
    Obstacle,
    PlanView,
    ProblemPage,
    ReleasePage,
    ReviewsPage,
    WhatIfPage,
)
from handful.delivery.studio.refusing import NOT_FOUND, RefusalError, from_error, refusal
from handful.delivery.studio.releasing import obstacles
from handful.delivery.studio.reviewing import asks_for_reviews
from handful.delivery.studio.shelf import REPORT, Shelved, part_bytes, too_old
from handful.delivery.studio.state import Studio, contents, frame, history, view
from handful.delivery.studio.store import edits_of
from handful.errors import HandfulError
from handful.guardrails.releasing import failed_of

STATIC: Final = Path(__file__).parent / "static"
LOOKS: Final = Path(__file__).parent.parent / "looks.css"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_REPORT_POLICY: Final = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; "
    "frame-ancestors 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
)
"""A report is a page of its own with its own, stricter policy inside; here it has no origin."""


def home(request: Request) -> Response:
    """GET /."""
    return HTMLResponse(render_home(HomePage(frame(studio_of(request)))))


def whatif(request: Request) -> Response:
    """GET /plans/{id}: the address may carry a question."""
    studio, plan = studio_of(request), plan_of(request)
    around = frame(studio)
    why_not = studio.askers[plan.id].why_not()
    shown = view(studio, plan, around)
    if why_not:
        return HTMLResponse(render_whatif(WhatIfPage(around, shown, live=False, why_not=why_not)))
    settings = studio.askers[plan.id].show(Question())
    question, answer, why = _asked(studio, plan, request)
    return HTMLResponse(
        render_whatif(WhatIfPage(around, shown, True, "", settings, question, answer, why))
    )


def customers(request: Request) -> Response:
    """GET /plans/{id}/customers?row=17."""
    studio, plan = studio_of(request), plan_of(request)
    around, text = frame(studio), request.query_params.get("row", "").strip()
    shown, rows = view(studio, plan, around), int(plan.document["experiment"]["rows"])
    why_not = studio.askers[plan.id].why_not()
    if why_not:
        return HTMLResponse(render_customers(CustomersPage(around, shown, rows, False, why_not)))
    row: int | None = None
    found: Mapping[str, Any] | None = None
    why: tuple[Obstacle, ...] = ()
    if text:
        try:
            row = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
            found = explained(studio, plan, row)
        except (HandfulError, RefusalError) as error:
            why = _reasons(error)
    return HTMLResponse(
        render_customers(CustomersPage(around, shown, rows, True, "", row, found, why))
    )


def compare(request: Request) -> Response:
    """GET /compare?a=ID&b=ID; a question in the address is asked of b."""
    studio = studio_of(request)
    around = frame(studio)
    a, b = (_chosen(studio, request.query_params.get(side, ""), around) for side in "ab")
    if b is None:
        return HTMLResponse(render_compare(ComparePage(around, a, b)))
    question, answer, why = _asked(studio, studio.shelf.plan(b.line.id), request)
    return HTMLResponse(render_compare(ComparePage(around, a, b, question, answer, why)))


def content(request: Request) -> Response:
    """GET /plans/{id}/content."""
    studio, plan = studio_of(request), plan_of(request)
    around = frame(studio)
    edits = tuple(reversed(edits_of(studio.store, plan.id)))
    told, shown = contents(studio, plan), view(studio, plan, around)
    return HTMLResponse(render_content(ContentPage(around, shown, told, channels_of(plan), edits)))


def reviews(request: Request) -> Response:
    """GET /plans/{id}/reviews."""
    studio, plan = studio_of(request), plan_of(request)
    around = frame(studio)
    shown, queue = view(studio, plan, around), queue_of(studio, plan)
    return HTMLResponse(render_reviews(ReviewsPage(around, shown, queue, asks_for_reviews(plan))))


def release(request: Request) -> Response:
    """GET /plans/{id}/release."""
    studio, plan = studio_of(request), plan_of(request)
    around = frame(studio)
    after = len(history(studio)[0])
    shown, found = view(studio, plan, around), obstacles(studio, plan)
    return HTMLResponse(render_release(ReleasePage(around, shown, found, after)))


def releases(request: Request) -> Response:
    """GET /history."""
    studio = studio_of(request)
    made, intact = history(studio)
    here = studio.shelf.plans
    can = {
        one.id
        for one in made[:-1]
        if one.plan in here
        and not failed_of(here[one.plan].document)
        and not too_old(here[one.plan])
    }
    newest = tuple(reversed(made))
    return HTMLResponse(
        render_history(HistoryPage(frame(studio), newest, len(made), frozenset(can), intact))
    )


def report(request: Request) -> Response:
    """GET /plans/{id}/report: report.html as it was written."""
    found = part_bytes(plan_of(request), REPORT)
    return Response(
        found, media_type="text/html", headers={"content-security-policy": _REPORT_POLICY}
    )


def login(request: Request) -> Response:
    """GET and POST /login."""
    rules = studio_of(request).rules
    if request.method == "GET":
        return HTMLResponse(render_login(LoginPage()))
    form = parse_qs(request.state.body.decode("utf-8", "replace"))
    if not rules.token or not rules.is_token(form.get("token", [""])[0].strip()):
        return HTMLResponse(render_login(LoginPage(failed=True)), 401)
    answer = RedirectResponse("/", 303)
    # Behind a proxy with TLS the browser says so itself; the cookie then never leaves TLS.
    secure = request.headers.get("origin", "").startswith("https://")
    answer.set_cookie(
        COOKIE, rules.cookie(), httponly=True, secure=secure, samesite="strict", path="/"
    )
    return answer


def logout(_request: Request) -> Response:
    """POST /logout."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
    return answer


def static(request: Request) -> Response:
    """GET /static/NAME: a style sheet, a script or a picture of the pages."""
    name = request.path_params["name"]
    known = {file.name: file for file in (LOOKS, *STATIC.iterdir()) if file.suffix in _TYPES}
    if name not in known:
        raise refusal(NOT_FOUND, "F875", "there is no such file.", "Go back to the first page.")
    return Response(known[name].read_bytes(), media_type=_TYPES[known[name].suffix])


def problem(request: str, refused: RefusalError) -> Response:
    """Return a refusal as a page."""
    first = refused.obstacles[0]
    title = {404: "Not here", 403: "Not allowed", 401: "Sign in"}.get(refused.status, "Refused")
    page = ProblemPage(refused.status, title, first.message, first.remedy, request)
    return HTMLResponse(render_problem(page), refused.status)


def _asked(
    studio: Studio, plan: Shelved, request: Request
) -> tuple[Mapping[str, Any], Mapping[str, Any] | None, tuple[Obstacle, ...]]:
    """Return what an address asks, the answer, and why there is none."""
    try:
        question = read_address(request.query_params)
    except ValueError:
        wrong = Obstacle("F880", "the address asks something that is no number.", "Correct it.")
        return {}, None, (wrong,)
    if not question:
        return {}, None, ()
    try:
        return question, studio.askers[plan.id].show(Question(**question)), ()
    except (HandfulError, RefusalError) as error:
        return question, None, _reasons(error)


def _reasons(error: HandfulError | RefusalError) -> tuple[Obstacle, ...]:
    return (from_error(error) if isinstance(error, HandfulError) else error).obstacles


def _chosen(studio: Studio, plan: str, around: Frame) -> PlanView | None:
    return view(studio, studio.shelf.plan(plan), around) if plan else None


ROUTES = [
    Route("/", home),
    Route("/plans/{plan}", whatif),
    Route("/plans/{plan}/customers", customers),
    Route("/plans/{plan}/content", content),
    Route("/plans/{plan}/reviews", reviews),
    Route("/plans/{plan}/release", release),
    Route("/plans/{plan}/report", report),
    Route("/compare", compare),
    Route("/history", releases),
    Route("/login", login, methods=["GET", "POST"]),
    Route("/logout", logout, methods=["POST"]),
    Route("/static/{name}", static),
]
