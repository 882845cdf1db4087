"""How a long job tells a person where it is: a protocol, and the silent default."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the steps of a job; the command line draws them as bars on stderr."""

    def start(self, label: str, total: int) -> None:
        """Begin a stage of `total` steps."""

    def advance(self, steps: int = 1) -> None:
        """Report that many more steps done."""

    def finish(self) -> None:
        """End the stage."""


class Silent:
    """Says nothing: the default in Python and wherever stderr is not a terminal."""

    def start(self, label: str, total: int) -> None:
        """Ignore the beginning of a stage."""

    def advance(self, steps: int = 1) -> None:
        """Ignore steps."""

    def finish(self) -> None:
        """Ignore the end of a stage."""


SILENT = Silent()
"""The shared silent progress."""
