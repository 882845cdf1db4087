"""Can this log carry a decision? Every check, all findings at once, in three levels.

The families are independent, one file each: outcome, columns, overlap, sample_ratio, randomisation
(balance), leaks, times, people. Where profit itself is unusable, only its findings are returned.
Cost O(n p + n log n + p G^3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from handful.brief.schema import Brief
from handful.errors import Finding
from handful.experiment.checks.columns import usable_features
from handful.experiment.checks.leaks import leak_findings
from handful.experiment.checks.outcome import outcome_findings
from handful.experiment.checks.overlap import overlap_findings
from handful.experiment.checks.people import people_findings
from handful.experiment.checks.randomisation import randomisation_findings
from handful.experiment.checks.sample_ratio import sample_ratio_findings
from handful.experiment.checks.times import time_findings
from handful.experiment.propensity import estimate_propensity
from handful.experiment.records import Experiment

__all__ = ["CheckResult", "check_experiment"]

ORDER = {"block": 0, "warn": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the checks found, and the experiment with its usable features.

    Attributes:
        findings: all of them, those made while reading included; blocks first.
        experiment: without constant, empty and id-like features, with estimated probabilities
            where the brief asks for them; carries the same findings.
    """

    findings: tuple[Finding, ...]
    experiment: Experiment

    @property
    def blocked(self) -> bool:
        """True where a finding stops the job."""
        return any(finding.level == "block" for finding in self.findings)


def check_experiment(
    experiment: Experiment, brief: Brief | None = None, today: datetime | None = None
) -> CheckResult:
    """Return every finding on an experiment, and the experiment that effects may be learned from.

    Args:
        experiment: what happened, n rows, p features, G offers, S strata.
        brief: says whether repeated rows of a customer were asked for.
        today: the day the age of the log is counted to; now unless given.

    Returns:
        Findings with stable codes (docs/findings/checks.md), blocks first; nothing is raised, so
        that every page can show them: the caller refuses a blocked experiment.

    Cost O(n p + n log n + p G^3).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> check_experiment(simulate("null", n=2000).experiment).blocked
        False
        >>> check_experiment(simulate("observational", n=2000).experiment).blocked
        True
    """
    found = list(experiment.findings)
    usable, dropped = usable_features(experiment)
    found += dropped
    unusable = outcome_findings(usable)
    found += unusable
    if not any(finding.level == "block" for finding in unusable):
        if usable.design.kind == "estimate":
            usable = estimate_propensity(usable)
        found += leak_findings(usable)
    found += overlap_findings(usable)
    found += sample_ratio_findings(usable)
    found += randomisation_findings(usable)
    found += time_findings(usable, today)
    found += people_findings(usable, brief)
    findings = tuple(sorted(dict.fromkeys(found), key=lambda finding: ORDER[finding.level]))
    return CheckResult(findings, replace(usable, findings=findings))
