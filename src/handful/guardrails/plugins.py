"""Guardrails of the user's own: a function in one file, named in the brief as "module:function"."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import cast, get_args

from handful.errors import BriefError, blocked
from handful.guardrails.records import Facts, Guardrail, GuardrailResult, GuardrailVerdict


def load_plugins(facts: Facts) -> tuple[tuple[str, Guardrail], ...]:
    """Load the guardrails of `guardrails.plugins`; nothing else of the user's is ever run.

    Args:
        facts: whose brief names them, and whose folder is looked in first.

    Raises:
        BriefError: G002 there is no such function.

    Cost: importing the modules.
    """
    if facts.brief is None:
        return ()
    folder = Path(facts.brief.folder)
    return tuple((name, _checked(name, _load(name, folder))) for name in facts.asked.plugins)


def _load(name: str, folder: Path) -> Callable[[Facts], object]:
    module_name, _, function_name = name.partition(":")
    try:
        function = getattr(_module(module_name, folder), function_name)
    except Exception as error:
        message = (
            f"guardrails.plugins: '{name}' cannot be loaded ({type(error).__name__}: {error})."
        )
        remedy = "Name it MODULE:FUNCTION, with MODULE.py beside the brief or installed."
        raise BriefError(blocked("G002", message, remedy)) from error
    return cast("Callable[[Facts], object]", function)


def _module(name: str, folder: Path) -> ModuleType:
    """Import the file beside the brief, or else an installed module."""
    file = folder / f"{name}.py"
    if not file.is_file():
        return import_module(name)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _checked(name: str, function: Callable[[Facts], object]) -> Guardrail:
    """Run a user's guardrail and refuse what is no tuple of results."""

    def run(facts: Facts) -> tuple[GuardrailResult, ...]:
        try:
            found = function(facts)
        except Exception as error:
            raise _broken(name, f"it raised {type(error).__name__}: {error}") from error
        if not isinstance(found, tuple) or not all(isinstance(r, GuardrailResult) for r in found):
            raise _broken(name, f"it returned {type(found).__name__}")
        for result in found:
            if result.verdict not in get_args(GuardrailVerdict):
                raise _broken(name, f"its verdict is {result.verdict!r}")
        return found

    return run


def _broken(name: str, what: str) -> BriefError:
    message = f"guardrails.plugins: expected '{name}' to return a tuple of GuardrailResult; {what}."
    return BriefError(blocked("G003", message, "Mend it; docs/guardrails.md shows an example."))
