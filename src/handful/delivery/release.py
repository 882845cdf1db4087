"""What goes with a plan that is released: its certificate, and a line in the audit file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handful.brief.schema import Brief
from handful.delivery.audit import append_audit, keeps_audit
from handful.delivery.certificate import policy_digest, write_certificate
from handful.delivery.plan_json import load_document
from handful.delivery.sealed import document_digest
from handful.delivery.secret_key import secret_of
from handful.planning.records import Plan


def certify(plan: Plan, staging: Path, out: Path) -> None:
    """Write the consent certificate of a plan that was made under consent.

    Args:
        plan: the plan.
        staging: its folder, not yet under its name.
        out: the name it will have; the secret lies beside it.

    Raises:
        DataError, MachineError: as `secret_of`.
    """
    if plan.consent is not None:
        write_certificate(plan, staging, secret_of(out.resolve().parent))


def record_plan(plan: Plan, brief: Brief, out: Path, document: Mapping[str, Any]) -> None:
    """Add a plan to the audit file, where the brief has consent or asks for one, or one is kept.

    Args:
        plan: the plan.
        brief: what it was made from.
        out: its folder.
        document: of plan.json.

    Raises:
        DataError, MachineError: as `append_audit`.
    """
    folder = out.resolve().parent
    if plan.consent is None and not brief.guardrails.audit and not keeps_audit(folder):
        return
    facts = {
        "plan": out.name,
        "policy_sha256": policy_digest(out),
        "document_sha256": document_digest(load_document((out / "plan.json").read_text("utf-8"))),
        "brief_sha256": plan.experiment.brief_sha256,
        "data_sha256": plan.experiment.data_sha256,
        "rows": plan.experiment.rows,
        "releasable": document["releasable"],
        "failed": document["failed"],
        "overrides": document["overrides"],
        "version": plan.experiment.version,
    }
    append_audit(folder, "plan", facts)


def record_use(plan: Path, event: str, facts: Mapping[str, Any]) -> None:
    """Add a use of a plan to the audit file, where one is kept beside it.

    Args:
        plan: the plan folder.
        event: assign or export.
        facts: counts; never an id.
    """
    folder = plan.resolve().parent
    if keeps_audit(folder):
        digest = policy_digest(plan)
        append_audit(folder, event, {"plan": plan.resolve().name, "policy_sha256": digest, **facts})
