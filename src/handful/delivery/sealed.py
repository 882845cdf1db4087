"""Is plan.json the one that was written? The audit file beside a plan holds its digest, sealed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from handful.delivery.audit import AUDIT_NAME
from handful.delivery.certificate import policy_digest
from handful.delivery.consent_file import CONSENT_NAME
from handful.errors import Finding, blocked

_ERASABLE: Final = ("assignments.parquet", CONSENT_NAME)
"""Parts that `handful forget` may write anew, and the folder of rows beside them."""
_ROWS: Final = "whatif/"


def erasable(name: str) -> bool:
    """Tell whether `handful forget` may write a part of a plan anew.

    Example:
        >>> erasable("whatif/head.json"), erasable("report.html")
        (True, False)
    """
    return name in _ERASABLE or name.startswith(_ROWS)


def document_digest(document: Mapping[str, Any]) -> str:
    """Return one sha256 for all that plan.json says, save the parts that an erasure changes.

    Args:
        document: of plan.json, as read from the file.

    Example:
        >>> document_digest({"files": [], "failed": []})[:8]
        '2dbd8766'
    """
    files = [part for part in document["files"] if not erasable(part["name"])]
    text = json.dumps({**document, "files": files}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def check_sealed(
    document: Mapping[str, Any], folder: Path, *, recorded: bool = False
) -> tuple[Finding, ...]:
    """Compare plan.json with the latest line that the audit file has of this plan.

    Whether the line itself was changed is `check_audit`'s to say.

    Args:
        document: of plan.json.
        folder: of the plan.
        recorded: True where such a line must be there.

    Returns:
        G083 plan.json is another, or the line is missing where it must be there.

    Cost: O(lines of the audit file).
    """
    place = folder.resolve()
    lines = _plan_lines(place.parent / AUDIT_NAME)
    policy = policy_digest(place)
    of_policy = [line for line in lines if line.get("policy_sha256") == policy]
    # A folder that was copied keeps its policy, not its name.
    named = [line for line in of_policy if line.get("plan") == place.name] or of_policy
    if not named:
        return (_unlike("no line of the audit file tells of this plan"),) if recorded else ()
    said = named[-1].get("document_sha256")
    if said is None or said == document_digest(document):
        return ()
    return (_unlike("plan.json is not what was written"),)


def _plan_lines(file: Path) -> list[dict[str, Any]]:
    if not file.is_file():
        return []
    found = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("event") == "plan":
            found.append(entry)
    return found


def _unlike(what: str) -> Finding:
    remedy = "Copy the plan folder again from where it was made, or plan again."
    return blocked("G083", f"{what}.", remedy)
