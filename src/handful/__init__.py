"""handful: which few offers to run and who gets which, from the log of a randomised experiment.

Public names are loaded on first use, so that `import handful` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handful.brief.reader import read_brief
    from handful.brief.schema import Brief
    from handful.delivery.stored import StoredPlan, read_plan
    from handful.errors import BriefError, DataError, Finding, HandfulError, MachineError
    from handful.experiment.records import Experiment
    from handful.menu.choose import choose_menu
    from handful.planning.evaluate import evaluate
    from handful.planning.records import Plan
    from handful.planning.run import plan

__version__ = "0.1.0"

_HOMES = {
    "Brief": "handful.brief.schema",
    "BriefError": "handful.errors",
    "DataError": "handful.errors",
    "Experiment": "handful.experiment.records",
    "Finding": "handful.errors",
    "HandfulError": "handful.errors",
    "MachineError": "handful.errors",
    "Plan": "handful.planning.records",
    "StoredPlan": "handful.delivery.stored",
    "choose_menu": "handful.menu.choose",
    "evaluate": "handful.planning.evaluate",
    "plan": "handful.planning.run",
    "read_brief": "handful.brief.reader",
    "read_plan": "handful.delivery.stored",
}

__all__ = [
    "Brief",
    "BriefError",
    "DataError",
    "Experiment",
    "Finding",
    "HandfulError",
    "MachineError",
    "Plan",
    "StoredPlan",
    "choose_menu",
    "evaluate",
    "plan",
    "read_brief",
    "read_plan",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'handful' has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
