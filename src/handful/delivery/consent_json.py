"""What plan.json says of a plan's consent: counts and rules, never a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from handful.experiment.consent_records import PURPOSES, Consented

_KEPT: Final = ("customer", "scope", "consent_only", "purposes", "implicit_sources")
"""Keys of [consent] that a later reading of the table needs again."""


def consent_document(found: Consented | None, offers: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the consent section of plan.json; None where the brief names no consent table.

    Args:
        found: the consent that the log was read under.
        offers: (G,) names.
    """
    if found is None:
        return None
    register, binding = found.gate.register, found.gate.binding
    control = binding.control
    return {
        **asdict(register.facts),
        "rows_left_out": found.rows_left_out,
        "left_out": dict(found.left_out),
        "refusing": {purpose: int(register.says_no(purpose).sum()) for purpose in PURPOSES},
        "default_offer": offers[binding.default],
        "control": None if control is None else offers[control],
        "channels": _named(offers, binding.channel, register.channels),
        "tiers": _named(offers, binding.tier, register.tiers),
        "table": {key: _plain(getattr(found.spec, key)) for key in _KEPT},
    }


def _named(offers: tuple[str, ...], places: np.ndarray, among: tuple[str, ...]) -> dict[str, str]:
    return {
        name: among[place]
        for name, place in zip(offers, places.tolist(), strict=True)
        if place >= 0
    }


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
