"""The fence around the studio: what every request passes before a route sees it.

Order: name of the host -> where the request comes from -> the token -> size and type of the body.
Every answer, refusals too, leaves with the same headers and a number to find it in the log by.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, TypeAlias

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handful.delivery.studio.refusing import (
    BAD_BODY,
    NOT_ALLOWED,
    TOO_LARGE,
    WRONG_TYPE,
    RefusalError,
    refusal,
)

COOKIE: Final = "handful-studio"
LARGEST_BODY: Final = 2**20
OPEN_PATHS: Final = ("/login", "/health", "/static/")
"""Reached without a token."""
FORMS: Final = frozenset({"/login", "/logout"})
"""Posted by a plain form; everything else is JSON."""

POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_UNSIGNED: Final = 401

Answer: TypeAlias = Callable[[Scope, RefusalError], Response]
Log: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the fence lets through.

    Attributes:
        hosts: names that the studio is reached by, with and without port.
        token: asked of everybody; "" where none is.
        session: secret of this process; a cookie made with another is worth nothing.
    """

    hosts: frozenset[str]
    token: str = ""
    session: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def cookie(self) -> str:
        """Return what a browser keeps in place of the token."""
        return hmac.digest(self.session, self.token.encode(), "sha256").hex()

    def is_token(self, said: str) -> bool:
        """Tell in constant time whether this is the token."""
        return hmac.compare_digest(said.encode(), self.token.encode())


def fenced(app: ASGIApp, rules: Rules, answer: Answer, log: Log) -> ASGIApp:
    """Return the application behind the fence.

    Args:
        app: the routes; they find the body in `request.state.body`.
        rules: what is let through.
        answer: turns a refusal into a response.
        log: told one line a request: number, method, route, status, time; no id, no query.

    Cost: O(bytes of the body).
    """

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        number = secrets.token_hex(6)
        scope["state"] = {**scope.get("state", {}), "request": number, "body": b""}

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = number
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await _pass(app, rules, (scope, receive, marked))
        except RefusalError as refused:
            await answer(scope, refused)(scope, receive, marked)
        except Exception as error:  # noqa: BLE001 - answered and logged inside, with its place
            # The server would write it out with its words, which may hold a row.
            log(f"{number} ended by {type(error).__name__}")
        finally:
            spent = 1000 * (time.perf_counter() - began)
            log(f"{number} {scope['method']} {_route(scope)} {status} {spent:.0f}ms")

    return run


async def _pass(app: ASGIApp, rules: Rules, call: tuple[Scope, Receive, Send]) -> None:
    scope, receive, send = call
    headers = Headers(scope=scope)
    _check_host(headers, rules)
    _check_origin(scope, headers)
    if rules.token and not _signed_in(scope, headers, rules):
        if scope["method"] == "GET" and not scope["path"].startswith("/api/"):
            await RedirectResponse("/login", 303)(scope, receive, send)
            return
        remedy = "Send it as `Authorization: Bearer TOKEN`, or sign in at /login."
        raise refusal(_UNSIGNED, "F881", "the token of this studio is missing or wrong.", remedy)
    if scope["method"] == "POST":
        _check_type(scope, headers)
        scope["state"]["body"] = await _body(headers, receive)
    await app(scope, receive, send)


def _check_host(headers: Headers, rules: Rules) -> None:
    """Refuse a name that is not ours: a page elsewhere may have pointed its own name at us."""
    if headers.get("host", "").lower() not in rules.hosts:
        message = "the studio is not reached by this name."
        remedy = "Use the address that `handful serve` printed, or add a name with --name."
        raise refusal(BAD_BODY, "F882", message, remedy)


def _check_origin(scope: Scope, headers: Headers) -> None:
    """Refuse what another site made a browser send; a link to a page may be followed."""
    site = headers.get("sec-fetch-site", "same-origin")
    followed = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
    origin = headers.get("origin")
    own = origin is None or origin.partition("://")[2] == headers.get("host", "").lower()
    if (site not in {"same-origin", "none"} and not followed) or not own:
        message = "the request comes from another site."
        raise refusal(NOT_ALLOWED, "F883", message, "Open the studio itself and try there.")


def _signed_in(scope: Scope, headers: Headers, rules: Rules) -> bool:
    path = scope["path"]
    if any(path == free or (free[-1] == "/" and path.startswith(free)) for free in OPEN_PATHS):
        return True
    kind, _, said = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return rules.is_token(said.strip())
    try:
        kept = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return kept is not None and hmac.compare_digest(kept.value.encode(), rules.cookie().encode())


def _check_type(scope: Scope, headers: Headers) -> None:
    """Ask for JSON: a form of another site cannot send it without asking first."""
    wanted = "application/x-www-form-urlencoded" if scope["path"] in FORMS else "application/json"
    if headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
        message = f"expected a body of the type {wanted}."
        raise refusal(WRONG_TYPE, "F884", message, f"Send the header Content-Type: {wanted}.")


async def _body(headers: Headers, receive: Receive) -> bytes:
    if not headers.get("content-length", "0").isdigit():
        raise refusal(BAD_BODY, "F880", "the length of the body is no number.", "Send it again.")
    content = bytearray()
    if int(headers.get("content-length", "0")) <= LARGEST_BODY:
        more = True
        while more and len(content) <= LARGEST_BODY:
            message: Any = await receive()
            if message["type"] == "http.disconnect":
                break
            content += message.get("body", b"")
            more = message.get("more_body", False)
        if len(content) <= LARGEST_BODY:
            return bytes(content)
    message = f"the body is larger than {LARGEST_BODY:,} bytes."
    raise refusal(TOO_LARGE, "F885", message, "Send less at once.")


def _route(scope: Scope) -> str:
    """Return the name of the route: ids, row numbers and strangers' paths stay out of the log."""
    return str(getattr(scope.get("endpoint"), "__name__", "-"))
