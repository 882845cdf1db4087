"""Progress bars on stderr: only on a terminal, only for stages longer than two seconds."""

from __future__ import annotations

import sys

from tqdm import tqdm

from handful.progress import SILENT, Progress

_DELAY = 2.0


class Bars:
    """Draws each stage as one bar; a stage shorter than two seconds draws nothing."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None

    def start(self, label: str, total: int) -> None:
        """Begin a stage.

        Args:
            label: what is being done.
            total: its number of steps.
        """
        self.finish()
        self._bar = tqdm(
            total=total, desc=label, delay=_DELAY, file=sys.stderr, leave=False, dynamic_ncols=True
        )

    def advance(self, steps: int = 1) -> None:
        """Report steps done.

        Args:
            steps: how many.
        """
        if self._bar is not None:
            self._bar.update(steps)

    def finish(self) -> None:
        """End the stage and take its bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def progress_for(*, quiet: bool) -> Progress:
    """Choose bars on a terminal, silence elsewhere.

    Args:
        quiet: the person asked for silence.

    Returns:
        What the long jobs report to.

    Example:
        >>> progress_for(quiet=True) is SILENT
        True
    """
    return SILENT if quiet or not sys.stderr.isatty() else Bars()
