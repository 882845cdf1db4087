"""Real experiments that ship with the package, each with its brief; PROVENANCE.md says whence."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from handful.errors import BriefError, blocked

DEMOS: Final = ("hillstrom", "thornton")
"""Names of the packaged experiments."""


def demo_path(name: str) -> Path:
    """Return the path of a packaged brief; its data file lies beside it.

    Args:
        name: one of `DEMOS`.

    Raises:
        BriefError: B190 where no packaged experiment has that name.

    Cost: O(1).

    Example:
        >>> demo_path("hillstrom").name
        'hillstrom.toml'
    """
    if name not in DEMOS:
        raise BriefError(
            blocked(
                "B190",
                f"no packaged experiment is called {name!r}.",
                f"Choose one of: {', '.join(DEMOS)}.",
            )
        )
    return Path(str(files(__name__) / f"{name}.toml"))
