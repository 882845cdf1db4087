"""Short lists for messages: a few names, then how many more."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 6
NAME_LENGTH = 60


def listed(names: Sequence[str]) -> str:
    """Return the first few names in quotes, and how many more there are.

    Example:
        >>> listed(["age", "zip"])
        "'age', 'zip'"
    """
    shown = ", ".join(repr(name[:NAME_LENGTH]) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return shown + more
