"""What the firm's own data are worth: the same plan learned on features that everybody has.

The models are learned again, on the same folds, with commodity features alone. Both decide for
customers they never saw and are valued by the same scores, so the difference is paired:

    d_i = Gamma_i,all(i) - Gamma_i,commodity(i).

Cost: one cross-fit and J menu paths.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np

from handful.brief.differentiation import DifferentiationSpec
from handful.effects.scores import close_cells
from handful.errors import BriefError, Finding, blocked
from handful.evidence.bands import difference_rows, make_family
from handful.evidence.evidence import Evidence
from handful.evidence.ladder import AGE_NAMES, ENGAGED_NAMES, INCOME_NAMES, PLACE_NAMES
from handful.evidence.ledger import Ledger, means
from handful.evidence.names import BEST_SINGLE, ONE_TO_ONE, menu_name
from handful.evidence.ratios import gain_ratio, together
from handful.evidence.records import Verdict
from handful.evidence.splits import standard_codes
from handful.evidence.stage_records import Differentiated, DifferentiationFacts
from handful.experiment.records import Experiment
from handful.guardrails.minimise import feature_columns
from handful.notation import FloatArray, IntArray
from handful.planning.job import Job
from handful.planning.splits import OwnSplits

SPEND_NAMES: Final = r"monetary|spend|spent|history|amount|basket|turnover|^ltv|lifetime"
INTEREST_NAMES: Final = r"interest|channel|device|newbie|gender|^sex$|female|_fem$"
COMMODITY_NAMES: Final = "|".join(
    (AGE_NAMES, PLACE_NAMES, INCOME_NAMES, ENGAGED_NAMES, SPEND_NAMES, INTEREST_NAMES)
)
ALL, LESS = ":all", ":commodity"


def differentiate(
    job: Job, evidence: Evidence, verdict: Verdict, asked: DifferentiationSpec | None
) -> DifferentiationFacts | None:
    """Return how much of the gain commodity features keep; None where the brief does not ask.

    Args:
        job: the log and the settings.
        evidence: of the plan on all features.
        verdict: the plan's, whose number of offers is compared.
        asked: the [differentiation] table.

    Raises:
        BriefError: G115 a feature that the log does not have, or none that sounds like one
            everybody has; G116 offers with dials, or effects of another library.

    Cost: one cross-fit and J menu paths.
    """
    if asked is None:
        return None
    log = job.experiment
    if log.dials is not None or not evidence.first.models:
        what = "offers with dials" if log.dials is not None else "effects of another library"
        message = f"[differentiation] does not work for {what}."
        raise BriefError(blocked("G116", message, "Leave the table out."))
    names = commodity_features(log, asked)
    codes = _commodity_codes(job, evidence, names)
    policies = tuple(name for name in _compared(evidence, verdict) if name in codes)
    own = tuple(name for name in log.features.schema.names if name not in names)
    compared = _compare(job, evidence, codes, policies)
    return DifferentiationFacts(names, not asked.commodity, own, compared)


def commodity_features(log: Experiment, asked: DifferentiationSpec) -> tuple[str, ...]:
    """Return the features that every competitor has too, as named or by the words in their names.

    Raises:
        BriefError: G115.
    """
    there = log.features.schema.names
    problems = [_unknown(name, there) for name in asked.commodity if name not in there]
    found = asked.commodity or tuple(
        name for name in there if re.search(COMMODITY_NAMES, name.lower())
    )
    if not found:
        message = "no feature of the log sounds like age, place, income, recency or spend."
        remedy = "Name those that competitors have too in differentiation.commodity."
        problems.append(blocked("G115", message, remedy))
    if problems:
        raise BriefError(problems)
    return found


def _unknown(name: str, there: tuple[str, ...]) -> Finding:
    shown = ", ".join(there[:12]) + (", ..." if len(there) > 12 else "")
    message = f"differentiation.commodity names '{name}'; the features are {shown}."
    return blocked("G115", message, "Use some of these.")


def _compared(evidence: Evidence, verdict: Verdict) -> tuple[str, ...]:
    """Return the policies compared: the plan's menu, or the best of two or more, and one-to-one."""
    several = [point for point in evidence.frontier if point.offers >= 2]
    if not several:
        return (ONE_TO_ONE,)
    best = max(several, key=lambda point: point.net).offers
    size = verdict.offers if verdict.offers >= 2 else best
    return (menu_name(size), ONE_TO_ONE)


def _commodity_codes(job: Job, evidence: Evidence, names: tuple[str, ...]) -> dict[str, IntArray]:
    """Learn again on some features, on the same folds, and decide out of fold."""
    log = job.experiment
    less = replace(log, features=feature_columns(log.features, names))
    fit = OwnSplits(less, job.settings, job.random_state, job.progress).split(0)
    fit = replace(fit, amounts=evidence.first.amounts)
    return standard_codes(less, fit, replace(job.terms, by_rule=False))


def _compare(
    job: Job, evidence: Evidence, codes: dict[str, IntArray], policies: tuple[str, ...]
) -> tuple[Differentiated, ...]:
    log, first = job.experiment, evidence.first
    scores = close_cells(first.scores, log.open_cells, job.terms.fallback)

    def picked(given: IntArray) -> FloatArray:
        chosen: FloatArray = scores[np.arange(len(given)), given]
        return chosen

    columns = {BEST_SINGLE: picked(evidence.codes[BEST_SINGLE])}
    for name in policies:
        columns |= {name + ALL: picked(evidence.codes[name]), name + LESS: picked(codes[name])}
    kept = means(Ledger(columns, 1), log.cluster)
    pairs = [
        pair
        for name in policies
        for pair in (
            (name + ALL, BEST_SINGLE),
            (name + LESS, BEST_SINGLE),
            (name + ALL, name + LESS),
        )
    ]
    family = make_family(kept, difference_rows(kept, pairs), job.random_state)
    critical = together(len(policies))
    return tuple(
        Differentiated(
            policy=name.replace("_", "-").replace("menu:", "menu of "),
            gain=family.estimate(3 * at),
            commodity=family.estimate(3 * at + 1),
            difference=family.estimate(3 * at + 2),
            survives=gain_ratio(kept, pairs[3 * at + 1], pairs[3 * at], critical),
        )
        for at, name in enumerate(policies)
    )
