"""What `handful plan` leaves behind: policy/, who gets which, report, records, plan.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handful.delivery.consent_file import CONSENT_NAME, write_register
from handful.delivery.decision import DECISION_NAME, render_decision
from handful.delivery.files import PRIVATE
from handful.delivery.limits_file import write_limits
from handful.delivery.manifest_json import write_manifest
from handful.delivery.plan_json import dump_document, plan_document
from handful.delivery.report import render_report
from handful.delivery.report.manifest_page import render_manifest
from handful.delivery.review_file import write_review
from handful.delivery.sinks import open_sink
from handful.delivery.stored import part_records
from handful.delivery.whatif_file import write_whatif
from handful.experiment.records import Features
from handful.notation import IntArray
from handful.planning.assignment_table import assignment_table, segment_numbers
from handful.planning.records import Plan
from handful.policy.artefact import write_policy


def write_plan(
    plan: Plan, folder: Path, probe: Features, probe_stratum: IntArray | None
) -> dict[str, Any]:
    """Write every part of a plan into a (staging) folder; the same plan gives the same bytes.

    Args:
        plan: the plan.
        folder: an empty folder, as `delivery.files.publish_folder` gives.
        probe: (m, p) the log's features; the policy's self-test rows are drawn from them.
        probe_stratum: (m,) the log's stratum codes.

    Returns:
        The document of plan.json, with the sha256 of the other files under `files`.

    Cost: O(customers + policy).

    Example:
        >>> write_plan.__name__
        'write_plan'
    """
    write_policy(plan.policy, folder / "policy", probe, probe_stratum)
    if plan.limits is not None:
        write_limits(plan.limits, plan.policy, folder, probe, probe_stratum)
    _write_assignments(plan, folder / "assignments.parquet")
    if plan.whatif is not None:
        write_whatif(plan.whatif, folder)
    if plan.consent is not None:
        write_register(plan.consent.gate.register, folder / CONSENT_NAME)
    (folder / "report.html").write_text(render_report(plan), encoding="utf-8")
    (folder / DECISION_NAME).write_text(render_decision(plan), encoding="utf-8")
    _write_data_use(plan, folder)
    write_review(plan.review, folder)
    document = plan_document(plan) | {"files": part_records(folder)}
    (folder / "plan.json").write_text(dump_document(document), encoding="utf-8")
    return document


def _write_data_use(plan: Plan, folder: Path) -> None:
    """Write what the plan uses of its customers, as data and as a page."""
    if plan.data_use is not None:
        manifest = write_manifest(plan.data_use, folder)
        (folder / "manifest.html").write_text(render_manifest(manifest), encoding="utf-8")


def _write_assignments(plan: Plan, path: Path) -> None:
    """Write who gets which; the file names persons, so only its owner may read it."""
    offers = plan.policy.model.offers
    segments = segment_numbers(offers, [segment.offer for segment in plan.segments])
    points = plan.policy.points
    table = assignment_table(plan.customers, plan.assignment, offers, segments, points)
    path.touch(mode=PRIVATE)
    with open_sink(path, table.schema, "parquet") as write:
        write(table)
