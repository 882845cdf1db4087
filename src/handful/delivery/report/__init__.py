"""The report: one self-contained HTML page that a marketer can read in two minutes.

The drawing library is loaded on first use: the studio words numbers as the report does and draws
nothing with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handful.delivery.report.page import render_report

__all__ = ["render_report"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("handful.delivery.report.page"), name)
