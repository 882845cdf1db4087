"""The certificate of respect for the no: hashes of who refuses, who was learned from, who is sent.

It names nobody: ids are HMACs under the deployment's secret, sorted, so that even their order says
nothing. Whoever holds the secret can check it again, against the parts of the plan and against the
consent table of any later day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from handful.delivery.files import PRIVATE
from handful.delivery.secret_key import SecretKey
from handful.errors import Finding, blocked
from handful.experiment.consent_records import KEEPS_OUT, PURPOSES, ConsentRegister
from handful.planning.records import Plan

CERTIFICATE_NAME: Final = "consent-certificate.json"
SCHEMA: Final = "handful.certificate/1"
CHANNEL: Final = "channel:"
TRAIN: Final = "train"
_HOW: Final = {
    "collect": "read",
    "train": "learned from",
    "measure": "measured",
    "personalise": "personalised for",
}


@dataclass(frozen=True, slots=True)
class Answers:
    """Who says what, by purpose and by channel, as sorted hashes.

    Attributes:
        known: everybody in the register.
        refused: those of them who refuse, silence counted.
        silence_means_no: purposes and channels refused by everybody who is not known.
    """

    known: list[str]
    refused: Mapping[str, list[str]]
    silence_means_no: list[str]


def write_certificate(plan: Plan, folder: Path, secret: SecretKey) -> None:
    """Write the certificate of a plan that was made under consent, mode 0600.

    Args:
        plan: the plan.
        folder: its folder, the policy written already.
        secret: of the deployment.

    Cost: O(customers), about 2 microseconds an id.
    """
    if plan.consent is None:
        return
    register = plan.consent.gate.register
    own = np.array(secret.hashed(plan.customers.tolist()), dtype=object)
    content = {
        "schema": SCHEMA,
        "key_id": secret.key_id,
        "policy_sha256": policy_digest(folder),
        "data_sha256": plan.experiment.data_sha256,
        "as_of": register.facts.as_of,
        **asdict(answers(register, secret)),
        "used": _used(plan, own),
    }
    content["seal"] = secret.sealed(canonical(content))
    file = folder / CERTIFICATE_NAME
    file.touch(mode=PRIVATE)
    file.write_text(json.dumps(content) + "\n", encoding="utf-8")


def answers(register: ConsentRegister, secret: SecretKey) -> Answers:
    """Return who of a register says what, as sorted hashes."""
    hashes = np.array(secret.hashed(register.ids.to_pylist()), dtype=object)
    no = {purpose: register.says_no(purpose) for purpose in PURPOSES}
    no |= {
        CHANNEL + channel: register.channel_refused[:, at]
        for at, channel in enumerate(register.channels)
    }
    silent = dict(zip(PURPOSES, register.unseen.tolist(), strict=True))
    return Answers(
        known=sorted(hashes.tolist()),
        refused={name: sorted(hashes[said].tolist()) for name, said in no.items()},
        silence_means_no=[name for name in no if silent.get(name, silent["contact"])],
    )


def policy_digest(folder: Path) -> str:
    """Return one sha256 for the policy of a plan folder."""
    whole = hashlib.sha256()
    for file in sorted((folder / "policy").iterdir()):
        whole.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def check_certificate(
    folder: Path, secret: SecretKey, today: ConsentRegister | None = None
) -> tuple[Finding, ...]:
    """Check a certificate again: its seal, the policy, and every intersection that must be empty.

    Args:
        folder: of the plan.
        secret: of the deployment.
        today: the consent of another day, to check against in place of the plan's own.

    Returns:
        G076 it was changed; G077 it is not this plan's; G078 somebody who refuses was used.

    Cost: O(customers).
    """
    file = folder / CERTIFICATE_NAME
    if not file.is_file():
        return (_changed("it is missing"),)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        seal = content.pop("seal")
    except (ValueError, KeyError, AttributeError):
        return (_changed("it cannot be read"),)
    if content.get("key_id") != secret.key_id or seal != secret.sealed(canonical(content)):
        return (_changed("its seal does not fit"),)
    findings = list(_wrong_plan(folder, content, secret))
    parts = (content["known"], content["refused"], content["silence_means_no"])
    said = answers(today, secret) if today else Answers(*parts)
    when = "" if today is None else f" as of {today.facts.as_of}"
    findings += [
        blocked(
            "G078",
            f"{count:,} customers who refuse '{name}'{when} were {_HOW.get(name, 'contacted')}.",
            "Plan again: they are then left out, or given the default.",
        )
        for name, count in _wrong(content["used"], said).items()
        if count
    ]
    return tuple(findings)


def _wrong(used: Mapping[str, list[str]], said: Answers) -> dict[str, int]:
    """Count, for each use, the customers who refuse it: must be 0."""
    counts = {}
    for name in dict.fromkeys((*KEEPS_OUT, *used)):
        # Every row that is read is learned from and valued: one list stands for the three.
        found = set(used[TRAIN] if name in KEEPS_OUT else used[name])
        wrong = found & set(said.refused.get(name, ()))
        if name in said.silence_means_no:
            wrong |= found.difference(said.known)
        counts[name] = len(wrong)
    return counts


def _used(plan: Plan, own: np.ndarray) -> dict[str, list[str]]:
    """Return, for each purpose and channel, the hashes of those it was really used for."""
    decided, consent = plan.assignment, plan.consent
    used = {TRAIN: sorted(set(own.tolist()))}
    used["personalise"] = sorted(set(own[np.isfinite(decided.expected_profit)].tolist()))
    if consent is None:
        return used
    binding, register = consent.gate.binding, consent.gate.register
    sent = decided.offer != (-1 if binding.control is None else binding.control)
    way = binding.channel[decided.offer]
    used["contact"] = sorted(set(own[sent & (way < 0)].tolist()))
    for at, channel in enumerate(register.channels):
        used[CHANNEL + channel] = sorted(set(own[sent & (way == at)].tolist()))
    return used


def _wrong_plan(folder: Path, content: Mapping[str, Any], secret: SecretKey) -> tuple[Finding, ...]:
    if policy_digest(folder) != content["policy_sha256"]:
        message = "the policy is not the one that the consent certificate was written for."
        return (blocked("G077", message, "Copy the plan folder again, or plan again."),)
    assignments = folder / "assignments.parquet"
    if assignments.is_file():
        ids = pc.cast(pq.read_table(assignments, columns=["customer"])["customer"], pa.string())
        if not set(secret.hashed(ids.to_pylist())) <= set(content["used"][TRAIN]):
            message = "assignments.parquet holds customers that the certificate does not know."
            return (blocked("G077", message, "Copy the plan folder again, or plan again."),)
    return ()


def canonical(content: Mapping[str, Any]) -> str:
    """Return the one spelling of a certificate's content that is sealed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def _changed(what: str) -> Finding:
    message = f"the consent certificate was changed: {what}."
    return blocked("G076", message, "Copy the plan folder again, or plan again.")
