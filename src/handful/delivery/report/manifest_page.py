"""manifest.html: the data-use manifest in plain words, for customers and for data protection."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from handful.delivery.looks import looks
from handful.delivery.report.charts import Whisker, whisker_spec
from handful.delivery.report.drawing import WIDE, svg

_HERE: Final = Path(__file__).parent
_HOW: Final = {
    "declared": "you told us",
    "observed": "we see it when you use our services",
    "inferred": "we worked it out from other data about you",
    "third-party": "we got it from another company",
    "sensitive": "it is sensitive",
    "ours": "it is a fact about us",
}
_STATED: Final = ("how", "source", "purpose", "legal_basis", "retention", "recipients")
NOT_STATED: Final = "not stated"
_MORE_CSS: Final = """
main h2 { margin-top: 2rem; }
.sheet { max-width: 72rem; }
main th, main td { padding-right: 0.6rem; }
main th, main td, main tbody td:nth-child(2):not(.number) { min-width: 3.4rem; }
ul.uses { padding-left: 1.2rem; max-width: 46rem; } ul.uses li { margin-bottom: 0.6rem; }
.gap { color: var(--claim); font-weight: 600; }
th .band { display: block; font-weight: 400; color: var(--quiet); }
.proof dd { margin-bottom: 0.6rem; } .proof code { overflow-wrap: anywhere; }
"""


def render_manifest(document: Mapping[str, Any]) -> str:
    """Return manifest.json as a page without script that needs no network.

    Args:
        document: what `manifest_document` returns; all its text is escaped.

    Returns:
        HTML text, to be written as UTF-8; the same document gives the same bytes.

    Cost: O(fields).

    Example:
        >>> render_manifest.__name__
        'render_manifest'
    """
    css = looks() + (_HERE / "report.css").read_text(encoding="utf-8") + _MORE_CSS
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    return environment.get_template("manifest.html").render(
        css=Markup(css),  # noqa: S704 - our own file
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'",
        **_context(document),
    )


def _context(document: Mapping[str, Any]) -> dict[str, Any]:
    fields = document["fields"]
    used = [field for field in fields if field["status"] == "decides"]
    idle = [field for field in fields if field["status"] != "decides"]
    return {
        "opening": _opening(document, used),
        "used": [{"name": _name(f), "sentence": _sentence(f)} for f in used],
        "idle": idle,
        "idle_words": _idle_words(idle),
        "never_words": _never_words(document["held_for_testing_only"]),
        "choice_words": _choice_words(document["contact"]),
        "tracing_words": _tracing_words(document),
        "rows": [_row(field, document["currency"]) for field in fields],
        "gaps": _gaps(used),
        "not_needed": _not_needed(document["minimised"]),
        "curve": _curve(document["minimised"], document["currency"]),
        "policy_sha256": document["policy_sha256"],
        "sha256": document["sha256"],
    }


def _listed(names: Sequence[str]) -> str:
    """Join names as a sentence does."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _opening(document: Mapping[str, Any], used: Sequence[Mapping[str, Any]]) -> str:
    offers = document["offers"]
    purpose = f" Purpose: {document['purpose']}." if document["purpose"] else ""
    if len(offers) < 2:
        only = f"Everybody gets the same offer, {offers[0]}." if offers else "Nobody gets an offer."
        return f"{only} Nothing about you is used to choose it.{purpose}"
    chosen = f"To choose which of {len(offers)} offers to send you ({_listed(offers)}),"
    if not used:
        return f"{chosen} nothing about you decides.{purpose}"
    count = "one thing about you decides" if len(used) == 1 else f"{len(used)} things decide"
    return f"{chosen} {count}, and nothing else.{purpose}"


def _sentence(field: Mapping[str, Any]) -> str:
    """Say of one field how it was come by, what for, on what ground, how long, who else."""
    how = _HOW.get(field["how"] or "", "we have not yet written down how we got it")
    parts = [how + (f" ({field['source']})" if field["source"] else "")]
    if field["purpose"]:
        parts.append(f"collected for {field['purpose']}")
    if field["legal_basis"]:
        parts.append(f"used on the ground of {field['legal_basis']}")
    if field["retention"]:
        parts.append(f"kept for {field['retention']}")
    shared = field["recipients"]
    parts.append(f"shared with {shared}" if shared else "")
    return "; ".join(part for part in parts if part) + "."


def _idle_words(idle: Sequence[Mapping[str, Any]]) -> str:
    names = _listed([_name(field) for field in idle]) if idle else ""
    many = "them, so they" if len(idle) > 1 else "it, so it"
    return f"{names}: no decision depends on {many} need not be collected for this."


def _name(field: Mapping[str, Any]) -> str:
    """Return what customers call a field, or else its own name."""
    return str(field["words"] or field["field"])


def _never_words(apart: Sequence[str]) -> str:
    if not apart:
        return "Anything that is not listed on this page."
    return (
        f"{_listed(list(apart))}. Held only to test that the offers do not give it away. "
        "Nor do we use anything else that is not listed on this page."
    )


def _choice_words(contact: str | None) -> str:
    if contact is None:
        return "To be completed: where to ask and to say no (guardrails.contact of the brief)."
    return (
        "You may ask what we hold, have the standard offer instead of a chosen one, or have no "
        f"messages at all. Say so here: {contact}."
    )


def _tracing_words(document: Mapping[str, Any]) -> str:
    return (
        "The list was traced, not declared. Every field that the policy reads is on it; each "
        f"was shuffled over {document['traced_on_customers']:,} customers, all else as it is, to "
        "see whose offer changes. Its worth is the money per customer that the plan loses, on "
        "customers it was not learned on, when the field is shuffled, with a 95 % interval that "
        "holds for all fields together. It is not told of a field that never decides, nor where "
        "offers are given within limits: what one customer does not get another does."
    )


def _row(field: Mapping[str, Any], currency: str) -> dict[str, Any]:
    worth = field["worth"]
    return {
        "name": field["field"],
        "made_from": field["made_from"],
        "cells": [field["status"], *(field[key] or NOT_STATED for key in _STATED)],
        "missing": "" if field["share_missing"] is None else _share(field["share_missing"]),
        "changed": _share(field["share_of_decisions_changed"]),
        "worth": "not told" if worth is None else f"{_money(worth['value'])} {currency}",
        "band": "" if worth is None else f"({_money(worth['lo'])} to {_money(worth['hi'])})",
    }


def _money(amount: float) -> str:
    """Write an amount per customer without powers of ten."""
    shown = f"{amount:.4f}"
    return "0.0000" if float(shown) == 0 else shown


def _share(share: float) -> str:
    return "none" if share == 0 else "below 0.1%" if share < 0.001 else f"{share:.1%}"


def _gaps(used: Sequence[Mapping[str, Any]]) -> str:
    """Name what is still to be written down about the fields that decide."""
    missing = [f["field"] for f in used if any(f[key] is None for key in _STATED[:-1])]
    if not missing:
        return ""
    return f"To be completed under [guardrails.provenance] of the brief: {_listed(missing)}."


def _not_needed(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    if not found["proven"]:
        return "No gain over one offer for all is proven, so no field is needed: stop collecting."
    if not found["not_needed"]:
        return "No field can go without losing more than 5 % of the gain."
    return f"Not needed, stop collecting for this: {_listed(found['not_needed'])}."


def _curve(found: Mapping[str, Any] | None, currency: str) -> Markup | None:
    """Draw what each number of fields gains."""
    if found is None or not found["curve"]:
        return None
    kept = len(found["needed"])
    rows = [
        Whisker(_count(point["features"]), gain["value"], gain["lo"], gain["hi"], chosen)
        for point in found["curve"]
        for gain, chosen in [(point["gain"], point["features"] == kept)]
    ]
    title = "What each number of fields gains over one offer for all"
    axis = f"Held-out gain, {currency} per customer; the fewest that keep 95 % are marked"
    description = f"{title}: {len(rows)} rows, each a point with its band."
    return Markup(svg(whisker_spec(rows, axis, WIDE), "curve", title, description))  # noqa: S704


def _count(fields: int) -> str:
    return "no field" if fields == 0 else f"{fields} field{'s' if fields > 1 else ''}"
