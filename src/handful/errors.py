"""The exception tree, exit codes and findings: what was expected, found, where, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

Level: TypeAlias = Literal["block", "warn", "note"]

EXIT_OK = 0
EXIT_WARNED = 1
EXIT_DATA = 2
EXIT_USAGE = 3
EXIT_ENVIRONMENT = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed about the data, the brief or the machine.

    Attributes:
        code: stable code such as "D101"; docs/findings.md explains each.
        level: "block" stops the job, "warn" stays on the report, "note" is for the record.
        message: what was expected, what was found and where; never the value of an id.
        remedy: what the reader should do.
        count: rows, customers or columns concerned, where that makes sense.
        share: the same as a share of all, 0 to 1.
    """

    code: str
    level: Level
    message: str
    remedy: str
    count: int | None = None
    share: float | None = None


class HandfulError(Exception):
    """Every refusal of handful: carries all findings at once and an exit code."""

    exit_code: ClassVar[int] = EXIT_USAGE

    def __init__(self, findings: Finding | Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = (
            (findings,) if isinstance(findings, Finding) else tuple(findings)
        )
        super().__init__("\n".join(f"{f.code}: {f.message} {f.remedy}" for f in self.findings))


class DataError(HandfulError):
    """The data cannot carry the decision (exit code 2)."""

    exit_code: ClassVar[int] = EXIT_DATA


class BriefError(HandfulError):
    """The brief or the call is wrong (exit code 3)."""

    exit_code: ClassVar[int] = EXIT_USAGE


class MachineError(HandfulError):
    """Disk, memory, a lock or a missing service (exit code 4)."""

    exit_code: ClassVar[int] = EXIT_ENVIRONMENT


def blocked(code: str, message: str, remedy: str) -> Finding:
    """Return a blocking finding; raise it inside the error of the right kind.

    Example:
        >>> blocked("B101", "unknown key 'offr'.", "Did you mean 'offer'?").level
        'block'
    """
    return Finding(code=code, level="block", message=message, remedy=remedy)
