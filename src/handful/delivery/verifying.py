"""Checks every proof of a plan: its parts, its manifest, its certificate, the audit file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handful.delivery.audit import AUDIT_NAME, HEAD_NAME, check_audit
from handful.delivery.certificate import CERTIFICATE_NAME, check_certificate
from handful.delivery.consent_file import CONSENT_NAME, read_gate
from handful.delivery.decision import DECISION_NAME, check_decision
from handful.delivery.manifest_json import verify_manifest
from handful.delivery.sealed import check_sealed
from handful.delivery.secret_key import secret_of
from handful.delivery.stored import read_plan
from handful.errors import BriefError, Finding, blocked


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked, in words, and what is wrong."""

    checked: tuple[str, ...]
    findings: tuple[Finding, ...]


def verify_plan(plan: Path, consent: str | None = None) -> Verified:
    """Check that nothing of a plan was changed and that nobody who refuses was used.

    Args:
        plan: the plan folder, or its plan.json.
        consent: the consent table of another day, to check against in place of the plan's copy.

    Returns:
        What was checked and found in order, and a finding for all that is not.

    Raises:
        BriefError: F810 no plan there; G081 a consent table for a plan made without.
        DataError: F811, F812 parts of the plan changed; G073 the secret is gone.

    Cost: O(size of the plan).
    """
    stored = read_plan(plan)
    folder = stored.folder.resolve()
    checked = [f"{len(stored.document['files'])} parts of the plan are as they were written"]
    findings: list[Finding] = list(verify_manifest(folder))
    if not findings:
        checked.append("the data-use manifest names every field that this policy reads")
    if (folder / DECISION_NAME).is_file():
        text = (folder / DECISION_NAME).read_text(encoding="utf-8")
        miscited = check_decision(stored.document, text)
        findings += miscited
        if not miscited:
            checked.append("every number that the decision record cites is the plan's")
    under_consent = stored.document.get("consent") is not None
    if consent is not None and not under_consent:
        message = "the plan was made without a consent table."
        raise BriefError(blocked("G081", message, "Add [consent] to the brief and plan again."))
    if under_consent or (folder / CERTIFICATE_NAME).is_file() or (folder / CONSENT_NAME).is_file():
        secret = secret_of(folder.parent, create=False)
        offers = stored.policy.model.offers
        gate = read_gate(stored.document, folder, offers, consent) if consent else None
        found = check_certificate(folder, secret, None if gate is None else gate.register)
        found += check_sealed(stored.document, folder, recorded=under_consent)
        findings += found
        if not found:
            when = (
                stored.document["consent"]["as_of"] if gate is None else gate.register.facts.as_of
            )
            checked.append(
                "the consent certificate: nobody who refuses was learned from, personalised for or "
                f"contacted, as of {when}"
            )
    if any((folder.parent / name).is_file() for name in (AUDIT_NAME, HEAD_NAME)):
        wrong = check_audit(folder.parent)
        findings += wrong
        if not wrong:
            checked.append("every line of the audit file is as it was written")
    return Verified(tuple(checked), tuple(findings))
