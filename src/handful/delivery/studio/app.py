"""The application: routes behind the fence, and how every refusal and accident is answered."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from handful.delivery.studio import api, views
from handful.delivery.studio.asking import Asker
from handful.delivery.studio.fence import Log, Rules, fenced
from handful.delivery.studio.refusing import NOT_FOUND, RefusalError, from_error, refusal
from handful.delivery.studio.shelf import Shelf
from handful.delivery.studio.state import Studio
from handful.delivery.studio.store import Store, see_plan
from handful.errors import HandfulError

_BROKEN = 500


def build_app(shelf: Shelf, store: Store, rules: Rules, log: Log) -> tuple[ASGIApp, Studio]:
    """Return the application, ready to be served, and the studio inside.

    Args:
        shelf: plans that can be looked at.
        store: what is remembered.
        rules: of the fence.
        log: told one line a request, and where an accident happened.
    """
    askers = {plan.id: Asker(plan.stored.folder) for plan in shelf.plans.values()}
    studio = Studio(shelf, store, rules, askers)
    for plan in shelf.plans.values():
        see_plan(store, plan.id, plan.sha256, plan.name, str(plan.stored.folder))

    def broken(request: Request, error: Exception) -> Response:
        log(f"{request.state.request} {type(error).__name__} at {_place(error)}")
        message = "something unexpected went wrong; nothing was changed."
        remedy = "Try again; the log of the studio says where under this number."
        return _answer(request.scope, refusal(_BROKEN, "F891", message, remedy))

    app = Starlette(
        routes=[*api.ROUTES, *views.ROUTES],
        exception_handlers={
            RefusalError: _refused,
            HandfulError: _told,
            HTTPException: _no_route,
            Exception: broken,
        },
    )
    app.state.studio = studio
    return fenced(app, rules, _answer, log), studio


def close_studio(studio: Studio) -> None:
    """Start nothing further and close the store."""
    for asker in studio.askers.values():
        asker.close()
    studio.store.database.close()


def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, RefusalError):
        return _answer(request.scope, error)
    raise error


def _told(request: Request, error: Exception) -> Response:
    if isinstance(error, HandfulError):
        return _answer(request.scope, from_error(error))
    raise error


def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else NOT_FOUND
    message, remedy = "there is nothing at this address.", "Go back to the first page."
    if status != NOT_FOUND:
        message, remedy = "this address does not take that method.", "See docs/studio.md."
    return _answer(request.scope, refusal(status, "F892", message, remedy))


def _answer(scope: Scope, refused: RefusalError) -> Response:
    """Return a refusal as JSON to a machine and as a page to a person."""
    number = scope["state"]["request"]
    if scope["method"] == "GET" and not scope["path"].startswith(("/api/", "/health", "/static/")):
        return views.problem(number, refused)
    return api.refuse(number, refused)


def _place(error: BaseException) -> str:
    """Return where in our code an accident happened; never its words, which may hold a row."""
    steps: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    last = steps[-1] if steps else None
    return "?" if last is None else f"{Path(last.filename).name}:{last.lineno}"


def log_to_stderr(line: str) -> None:
    """Write one line of the access log."""
    sys.stderr.write(line + "\n")
