"""A plan folder on disk: its parts listed with sha256, verified before anything is believed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handful.delivery.plan_json import load_document
from handful.delivery.sealed import check_sealed
from handful.errors import BriefError, DataError, Finding, blocked
from handful.notation import SCHEMA_PLAN
from handful.policy.artefact import read_policy
from handful.policy.records import Policy

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan as it was written: plan.json as plain values, and the policy ready to decide."""

    document: Mapping[str, Any]
    policy: Policy
    folder: Path = Path()
    """Where it lies."""


def read_plan(folder: str | Path) -> StoredPlan:
    """Read a plan folder and verify every part against the sha256 in plan.json.

    Args:
        folder: what `handful plan --out` wrote, or its plan.json.

    Returns:
        The document and the policy.

    Raises:
        BriefError: F810 no plan there.
        DataError: F811 plan.json is damaged or of another format; F812 parts were changed or are
            missing; G083 plan.json is not the one that the audit file beside tells of; and the
            codes of `read_policy`.

    Cost: O(size of the folder).

    Example:
        >>> try:
        ...     read_plan("nowhere")
        ... except BriefError as error:
        ...     print(error.findings[0].code)
        F810
    """
    place = Path(folder)
    place = place.parent if place.name == "plan.json" else place
    if not (place / "plan.json").is_file():
        raise BriefError(
            blocked(
                "F810",
                f"Expected a folder that `handful plan` wrote, found no plan.json in {folder}.",
                "Give the folder that was named with --out.",
            )
        )
    document = _read_document(place / "plan.json")
    damaged = _damaged(document, place) or check_sealed(document, place)
    if damaged:
        raise DataError(damaged)
    return StoredPlan(document, read_policy(place / "policy"), place)


def part_records(folder: Path) -> list[dict[str, str | int]]:
    """List the files of a folder, plan.json excepted, with size and sha256.

    Args:
        folder: the plan folder being written.

    Returns:
        One {name, bytes, sha256} per file, by name.

    Cost: O(bytes).

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     _ = (Path(home) / "report.html").write_text("hello")
        ...     [part["name"] for part in part_records(Path(home))]
        ['report.html']
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        {
            "name": path.relative_to(folder).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": _sha256(path),
        }
        for path in files
        if path != folder / "plan.json"
    ]


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = load_document(path.read_text(encoding="utf-8"))
        found = _format(document)
    except ValueError:
        found = "text that is not JSON"
    if found != SCHEMA_PLAN:
        raise DataError(
            blocked(
                "F811",
                f"Expected {path} of the format {SCHEMA_PLAN}, found {found}.",
                "Make the plan again with this version of handful.",
            )
        )
    return document


def _format(document: Mapping[str, Any]) -> str:
    """Name the format, or what is wrong with the fields that are read here."""
    files, facts = document.get("files"), document.get("experiment")
    parts = [part for part in files if isinstance(part, dict)] if isinstance(files, list) else []
    listed = bool(parts) and all({"name", "sha256"} <= set(part) for part in parts)
    told = isinstance(facts, dict) and {"customer", "columns"} <= set(facts)
    guarded = {"guardrails", "overrides"} <= set(document)
    if document.get("schema") == SCHEMA_PLAN and not (listed and told and guarded):
        return "a plan with fields missing"
    return str(document.get("schema"))


def _damaged(document: Mapping[str, Any], folder: Path) -> list[Finding]:
    """Compare the parts with their record; report and assignments may be absent, not changed."""
    wrong = [part["name"] for part in document["files"] if not _intact(part, folder)]
    if not any(part["name"].startswith("policy/") for part in document["files"]):
        wrong.append("policy/")
    if not wrong:
        return []
    return [
        blocked(
            "F812",
            f"Expected the parts of the plan as they were written; changed or missing: "
            f"{', '.join(wrong[:5])}.",
            "Copy the folder again from where it was made, or make the plan again.",
        )
    ]


def _intact(part: Mapping[str, Any], folder: Path) -> bool:
    path = folder / part["name"]
    if not path.is_file():
        return not str(part["name"]).startswith("policy/")
    return bool(_sha256(path) == part["sha256"])


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
