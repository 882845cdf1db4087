"""The report: one self-contained HTML page that a marketer can read in two minutes."""

from __future__ import annotations

from handful.delivery.report.page import render_report

__all__ = ["render_report"]
