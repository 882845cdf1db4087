"""One writer per result: an exclusive lock on a small file beside the target.

The lock belongs to the process, so a killed run frees it; the file itself is removed on release.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from handful.errors import MachineError, blocked


@contextlib.contextmanager
def exclusive(target: Path) -> Iterator[None]:
    """Hold the only right to write `target` until the block ends.

    Args:
        target: the final path; the lock file is `.NAME.lock` beside it.

    Yields:
        Nothing; the lock is held inside the block.

    Raises:
        MachineError: F801 when another run holds the lock.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, exclusive(Path(folder) / "plan"):
        ...     (Path(folder) / ".plan.lock").exists()
        True
    """
    path = target.parent / f".{target.name}.lock"
    handle = _acquire(path, target)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _acquire(path: Path, target: Path) -> int:
    """Open and lock `path`; try again when its last holder removed it in between."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise MachineError(
                blocked(
                    "F801",
                    f"Expected to be the only run that writes {target}, but another run is "
                    "writing it now.",
                    "Wait for the other run to end, or give another --out.",
                )
            ) from None
        if _is_same_file(handle, path):
            return handle
        os.close(handle)


def _is_same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
