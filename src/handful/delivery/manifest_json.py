"""manifest.json: what a plan uses of its customers, bound by sha256 to the policy it speaks of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handful.delivery.plan_json import dump_document, load_document, plain
from handful.errors import Finding, blocked
from handful.guardrails.tracing import artefact_reads
from handful.notation import SCHEMA_DATA_USE
from handful.policy.artefact import read_policy
from handful.policy.records import Policy

if TYPE_CHECKING:
    # Who only checks a manifest need not load what measured it.
    from handful.guardrails.data_use import DataUse, ManifestField

MANIFEST_FILE = "manifest.json"
PLAN_AGAIN = "Plan again; nothing in a plan folder may be edited by hand."


def write_manifest(use: DataUse, folder: Path) -> dict[str, Any]:
    """Write manifest.json of a plan folder whose policy/ is written already.

    Args:
        use: what the plan uses.
        folder: the plan folder.

    Returns:
        The document.

    Cost: O(bytes of the policy).
    """
    document = manifest_document(use, policy_sha256(folder / "policy"))
    (folder / MANIFEST_FILE).write_text(dump_document(document), encoding="utf-8")
    return document


def manifest_document(use: DataUse, policy: str) -> dict[str, Any]:
    """Lay the manifest out as plain values, its own sha256 last.

    Args:
        use: what the plan uses.
        policy: sha256 of the policy folder.

    Example:
        >>> from handful.guardrails.data_use import DataUse
        >>> use = DataUse("offers", "EUR", ("none", "mail"), (), 100, ())
        >>> manifest_document(use, "0" * 64)["schema"]
        'handful.data-use/1'
    """
    document: dict[str, Any] = {
        "schema": SCHEMA_DATA_USE,
        "purpose": use.purpose,
        "contact": use.contact,
        "currency": use.currency,
        "offers": list(use.offers),
        "fields": [_field(field) for field in use.fields],
        "held_for_testing_only": list(use.apart),
        "minimised": plain(use.minimised),
        "traced_on_customers": use.traced_on,
        "policy_sha256": policy,
    }
    return document | {"sha256": _digest(document)}


def _field(field: ManifestField) -> dict[str, Any]:
    return {
        "field": field.field,
        "status": field.status,
        "reason": field.reason,
        **plain(field.origin),
        "made_from": field.made_from,
        "share_missing": field.missing,
        "share_of_decisions_changed": field.changed,
        "worth": plain(field.worth),
    }


def policy_sha256(folder: Path) -> str:
    """Return one sha256 over the names and bytes of a policy folder's files.

    Cost: O(bytes).
    """
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            whole.update(path.relative_to(folder).as_posix().encode() + b"\0")
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def verify_manifest(folder: Path) -> tuple[Finding, ...]:
    """Check that manifest.json is as it was written and speaks of the policy beside it.

    Args:
        folder: a plan folder.

    Returns:
        () when all is well; else G060 it is missing or no manifest, G061 it was edited, G062 the
        policy is another, G063 it leaves out a field that the policy reads.

    Raises:
        DataError, MachineError: as `read_policy`.

    Cost: O(bytes of the policy).
    """
    try:
        document = load_document((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        listed = {str(field["field"]) for field in document["fields"]}
    except (OSError, ValueError, KeyError, TypeError):
        message = f"expected {MANIFEST_FILE} in {folder}; there is none that can be read."
        return (blocked("G060", message, PLAN_AGAIN),)
    findings = []
    own = document.pop("sha256", "")
    if own != _digest(document):
        message = f"{MANIFEST_FILE}: the content does not match its own sha256."
        findings.append(blocked("G061", message, PLAN_AGAIN))
    if document.get("policy_sha256") != policy_sha256(folder / "policy"):
        message = f"{MANIFEST_FILE} speaks of another policy than the one in {folder}."
        findings.append(blocked("G062", message, PLAN_AGAIN))
    missing = _fields_of(read_policy(folder / "policy")) - listed
    if missing:
        message = f"{MANIFEST_FILE} leaves out what the policy reads: {', '.join(sorted(missing))}."
        findings.append(blocked("G063", message, PLAN_AGAIN))
    return tuple(findings)


def _fields_of(policy: Policy) -> set[str]:
    """Name every field that a policy reads, by the artefact."""
    names = policy.model.schema.names
    return {names[column] for column in artefact_reads(policy)} | set(policy.strata_columns)


def _digest(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
