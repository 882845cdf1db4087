"""Results appear under their final name only when whole: lock, stage beside, sync, rename.

Everything is written to a hidden staging path on the same file system as the target; one rename
makes it visible. A run that fails, is interrupted or is killed leaves the old result (or nothing);
what a killed run staged is removed by the next run on the same target.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from handful.delivery.locks import exclusive
from handful.delivery.swap import exchange
from handful.errors import BriefError, MachineError, blocked

PLAN_PARTS = frozenset(
    {
        "plan.json",
        "report.html",
        "assignments.parquet",
        "consent.parquet",
        "consent-certificate.json",
        "decision.md",
        "review.json",
        "policy",
        "limits",
        "manifest.json",
        "manifest.html",
        "whatif",
    }
)
"""What a plan folder holds; a folder with anything else is never replaced."""

PRIVATE = 0o600
"""Mode of files that name persons."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextlib.contextmanager
def publish_folder(
    target: Path, *, parts: frozenset[str] = PLAN_PARTS, mark: str = "plan.json"
) -> Iterator[Path]:
    """Give a staging folder that becomes `target` when the block ends well.

    Args:
        target: the final folder; a former one of ours is replaced whole.
        parts: top-level names that belong to us; any other name in the way is refused.
        mark: the part that a former folder of ours is known by.

    Yields:
        The empty staging folder to write into.

    Raises:
        MachineError: F801 another run writes it; F802 disk full; F803 it cannot be written.
        BriefError: F804 the path is taken by something that handful did not write.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     with publish_folder(Path(home) / "plan") as staging:
        ...         _ = (staging / "plan.json").write_text("{}")
        ...     sorted(p.name for p in Path(home).iterdir())
        ['plan']
    """
    target = _resolved(target)
    with _prepared(target):
        _recover(target)
        _refuse_foreign(target, parts, mark)
        staging = target.parent / f".{target.name}.staging-{os.getpid()}"
        try:
            staging.mkdir()
            yield staging
            _sync_tree(staging)
            _put_folder(staging, target)
        except OSError as error:
            _explain(error, target, staging)
            raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def publish_file(target: Path, *, mode: int = 0o644) -> Iterator[Path]:
    """Give a staging path that becomes the file `target` when the block ends well.

    Args:
        target: the final file; a former one is replaced.
        mode: permissions of the file; `PRIVATE` for files that name persons.

    Yields:
        The staging file, created empty with that mode.

    Raises:
        MachineError: F801 another run writes it; F802 disk full; F803 it cannot be written.
        BriefError: F804 the path is a folder.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     with publish_file(Path(home) / "who.csv") as staging:
        ...         _ = staging.write_text("customer")
        ...     [p.name for p in Path(home).iterdir()]
        ['who.csv']
    """
    target = _resolved(target)
    with _prepared(target):
        _recover(target)
        if target.is_dir():
            raise BriefError(
                blocked("F804", f"Expected a file name, found the folder {target}.", "Name a file.")
            )
        staging = target.parent / f".{target.name}.staging-{os.getpid()}"
        try:
            os.close(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
            yield staging
            _sync(staging)
            staging.replace(target)
            _sync(target.parent)
        except OSError as error:
            _explain(error, target, staging)
            raise
        finally:
            staging.unlink(missing_ok=True)


def _resolved(target: Path) -> Path:
    """Follow links, so that the lock and the rename concern the real place."""
    resolved = target.resolve()
    if not resolved.name:
        raise BriefError(
            blocked("F804", f"Expected a path to write, found {target}.", "Name a new folder.")
        )
    return resolved


@contextlib.contextmanager
def _prepared(target: Path) -> Iterator[None]:
    """Make the parents, hold the lock; on failure take away the parents that were made."""
    made = [folder for folder in target.parents if not folder.exists()]
    try:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            lock = contextlib.ExitStack()
            lock.enter_context(exclusive(target))
        except OSError as error:
            _explain(error, target, None)
            raise
        with lock:
            yield
    except BaseException:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _recover(target: Path) -> None:
    """Clean up after a killed run: put a set-aside folder back, drop what was only staged."""
    aside = target.parent / f".{target.name}.previous"
    if aside.exists() and not target.exists():
        aside.rename(target)
    prefix = f".{target.name}.staging-"
    for stale in [p for p in target.parent.iterdir() if p.name.startswith(prefix)] + [aside]:
        if stale.is_dir() and not stale.is_symlink():
            shutil.rmtree(stale, ignore_errors=True)
        else:
            stale.unlink(missing_ok=True)


def _refuse_foreign(target: Path, parts: frozenset[str], mark: str) -> None:
    """Refuse a target that holds anything handful did not write: it would be lost."""
    if not target.exists():
        return
    if not target.is_dir():
        found = "a file"
    else:
        names = sorted(p.name for p in target.iterdir())
        foreign = [name for name in names if name not in parts]
        if not foreign and (not names or mark in names):
            return
        found = (
            f"a folder that also holds {', '.join(foreign[:3])}"
            if foreign
            else f"a folder without {mark}"
        )
    raise BriefError(
        blocked(
            "F804",
            f"Expected {target} to be new, empty or a former plan, found {found}.",
            "Give another --out, or move what is there away first.",
        )
    )


def _put_folder(staging: Path, target: Path) -> None:
    """Show the staged folder under its final name; a former folder stays until that moment."""
    if not target.exists():
        staging.rename(target)
    elif not exchange(staging, target):
        aside = target.parent / f".{target.name}.previous"
        target.rename(aside)
        staging.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
    _sync(target.parent)


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else iter((path,))
    return sum(p.stat().st_size for p in files if p.is_file())


def _explain(error: OSError, target: Path, staging: Path | None) -> None:
    """Raise what a failed write means for the person; errors of other files pass."""
    if error.errno in _FULL:
        free = shutil.disk_usage(_nearest(target)).free
        written = 0 if staging is None else _size(staging)
        raise MachineError(
            blocked(
                "F802",
                f"Writing {target} needs more than the {_bytes(written)} written so far, but the "
                f"disk or quota is full: {_bytes(free)} free on the disk. Nothing was left behind.",
                "Free some space, or give an --out on a larger disk.",
            )
        ) from error
    if staging is None or _concerns(error, target, staging):
        raise MachineError(
            blocked(
                "F803",
                f"Expected to be able to write {target}; the system says: {error.strerror}.",
                "Give an --out in a folder that you may write to.",
            )
        ) from error


def _concerns(error: OSError, target: Path, staging: Path) -> bool:
    """Tell whether the error is about our own output and not about a file that was read."""
    if not isinstance(error.filename, str | bytes | os.PathLike):
        return False
    place = Path(os.fsdecode(error.filename))
    return target == place or staging in (place, *place.parents)


def _nearest(path: Path) -> Path:
    """Return the path itself or its nearest existing parent."""
    return next(place for place in (path, *path.parents) if place.exists())


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
