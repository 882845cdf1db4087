"""GET /login: the token, where one is asked for."""

from __future__ import annotations

from handful.delivery.studio.pages.environment import page
from handful.delivery.studio.records import LoginPage


def render_login(login: LoginPage) -> str:
    """Return the form that takes the token.

    Example:
        >>> 'type="password"' in render_login(LoginPage())
        True
    """
    return page("login.html", {"failed": login.failed})
