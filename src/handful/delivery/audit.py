"""The audit file: every plan, decision, export and erasure on a line that seals the one before.

`handful-audit.jsonl` lies in the folder that holds the plans. Each line is sealed with the secret
of the deployment together with the seal before it; `handful-audit.head` holds the seal of the last.
An edit, a line put in or taken out, and a cut-off end all show. No id of a customer is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from handful.delivery.files import PRIVATE, publish_file
from handful.delivery.locks import exclusive
from handful.delivery.secret_key import SecretKey, secret_of
from handful.errors import Finding, blocked

AUDIT_NAME: Final = "handful-audit.jsonl"
HEAD_NAME: Final = "handful-audit.head"
_START: Final = "0" * 64


def keeps_audit(folder: Path) -> bool:
    """Tell whether plans in this folder are audited already."""
    return (folder / AUDIT_NAME).is_file()


def append_audit(folder: Path, event: str, facts: Mapping[str, Any]) -> None:
    """Add a line to the audit file of a folder.

    Args:
        folder: that holds the plan folders.
        event: plan, assign, export, forget or review.
        facts: plain values; never an id of a customer.

    Raises:
        MachineError: F801 another run writes it; F802, F803 it cannot be written.
        DataError: G073 the secret is gone.

    Cost: O(1), and one read of the last line.
    """
    file, head = folder / AUDIT_NAME, folder / HEAD_NAME
    secret = secret_of(folder)
    with exclusive(file):
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        previous = json.loads(lines[-1])["seal"] if lines else _START
        entry = {
            "number": len(lines) + 1,
            "time": datetime.now(tz=UTC).isoformat(timespec="seconds"),
            "event": event,
            "key_id": secret.key_id,
            **facts,
            "previous": previous,
        }
        entry["seal"] = secret.sealed(_canonical(entry))
        if not file.exists():
            file.touch(mode=PRIVATE)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
        with publish_file(head, mode=PRIVATE) as staging:
            staging.write_text(json.dumps(_head(entry, secret)) + "\n", encoding="utf-8")


def check_audit(folder: Path) -> tuple[Finding, ...]:
    """Return what is wrong with the audit file of a folder; () when every seal fits.

    Args:
        folder: that holds the plan folders.

    Raises:
        DataError: G073 the secret is gone.

    Cost: O(lines).
    """
    file, head = folder / AUDIT_NAME, folder / HEAD_NAME
    if not file.is_file():
        if head.is_file():
            return (_edited("the file is gone, though its head is there"),)
        return ()
    secret = secret_of(folder, create=False)
    lines = file.read_text(encoding="utf-8").splitlines()
    if not lines:
        return (_edited("it is empty"),)
    previous, last = _START, {}
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            seal = entry.pop("seal")
        except (ValueError, KeyError, AttributeError):
            return (_edited(f"line {number} cannot be read"),)
        fits = seal == secret.sealed(_canonical(entry))
        if not fits or entry["previous"] != previous or entry["number"] != number:
            return (_edited(f"line {number} is not what was written, or not in its place"),)
        previous = seal
        last = entry | {"seal": seal}
    try:
        said = json.loads(head.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return (_edited("its head is missing"),)
    if said != _head(last, secret):
        return (_edited("lines at its end are missing"),)
    return ()


def _head(entry: Mapping[str, Any], secret: SecretKey) -> dict[str, Any]:
    seal = secret.sealed(f"head {entry['number']} {entry['seal']}")
    return {"lines": entry["number"], "seal": seal}


def _canonical(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _edited(what: str) -> Finding:
    message = f"the audit file was changed: {what}."
    remedy = "Compare it with a backup, and ask who may write to this folder."
    return blocked("G075", message, remedy)
