"""How the studio says no: a status, a code, what was expected and what to do; never a row."""

from __future__ import annotations

from collections.abc import Sequence

from handful.delivery.studio.records import Obstacle
from handful.errors import Finding, HandfulError, MachineError

BAD_BODY = 400
NOT_ALLOWED = 403
NOT_FOUND = 404
CONFLICT = 409
TOO_LARGE = 413
WRONG_TYPE = 415
UNFIT = 422
UNREADY = 503


class RefusalError(Exception):
    """A request that is refused on purpose; its words may be shown to whoever asked."""

    def __init__(self, status: int, *obstacles: Obstacle) -> None:
        self.status = status
        self.obstacles = obstacles
        super().__init__("; ".join(obstacle.code for obstacle in obstacles))


def refusal(status: int, code: str, message: str, remedy: str) -> RefusalError:
    """Return a refusal with one reason.

    Example:
        >>> refusal(404, "F875", "no such plan.", "Look at the list.").obstacles[0].code
        'F875'
    """
    return RefusalError(status, Obstacle(code, message, remedy))


def obstacles_of(findings: Sequence[Finding]) -> tuple[Obstacle, ...]:
    """Return findings as the reasons of a refusal."""
    return tuple(Obstacle(found.code, found.message, found.remedy) for found in findings)


def from_error(error: HandfulError) -> RefusalError:
    """Return what an error of the package means to whoever asked: 422, or 503 for the machine."""
    status = UNREADY if isinstance(error, MachineError) else UNFIT
    return RefusalError(status, *obstacles_of(error.findings))
