"""The chosen menu's segments: who, how many, worth what, and the rule that says it aloud.

A segment's value is the mean held-out score of the rows that a model without their fold gives the
offer. Its rule is a tree learned outside the fold: how often it agrees, and what it loses.
Cost O(n (G + p)) and J trees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from handful.effects.crossfit import CrossFit
from handful.effects.scores import close_cells
from handful.evidence.limited_split import limits_of
from handful.evidence.limits import codes_by_fold
from handful.evidence.records import Estimate, Segment
from handful.evidence.ruling import rule_out_of_fold
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.policy import assign_codes
from handful.policy.records import RuleTree
from handful.policy.wording import rule_text

UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """Out-of-fold decisions for every row, for one menu.

    Attributes:
        policy: (n,) what the plan gives: `free`, or `rule` where a rule decides.
        rule: (n,) what the sayable rule gives.
        scores: (n, G) held-out scores, closed cells holding the fallback's.
        free: (n,) what the predictions give.
    """

    policy: IntArray
    rule: IntArray
    scores: FloatArray
    free: IntArray


def segment_rows(
    experiment: Experiment, fit: CrossFit, terms: Terms, menu: tuple[int, ...], seed: int
) -> SegmentRows:
    """Return what models and rules that never saw a row's fold would give it from this menu.

    Cost: J rules and O(n G).
    """
    cells = experiment.open_cells
    if terms.limits is None:
        free = assign_codes(fit.predicted, menu, cells, terms.fallback)
    else:
        limits = limits_of(terms)
        free = codes_by_fold(experiment, fit, menu, limits, terms.fallback)
    rule = rule_out_of_fold(experiment, fit, terms, menu, seed)
    scores = close_cells(fit.scores, cells, terms.fallback)
    return SegmentRows(rule if terms.by_rule else free, rule, scores, free)


def make_segments(
    experiment: Experiment,
    rows: SegmentRows,
    assigned: IntArray,
    menu: tuple[int, ...],
    tree: RuleTree,
) -> tuple[Segment, ...]:
    """Describe the customers of every offer of the menu.

    Args:
        experiment: the log.
        rows: from `segment_rows`.
        assigned: (n,) offers of the final policy: who is counted where.
        menu: offer codes.
        tree: the rule over the menu, from `final_rule`.

    Cost: O(n G).
    """
    said: dict[str, list[str]] = {}
    for offer, sentence in rule_text(tree, experiment.features.schema, experiment.offers):
        said.setdefault(offer, []).append(sentence)
    critical = critical_of(len(menu))
    segments = []
    for g in menu:
        name = experiment.offers[g]
        inside = rows.policy == g
        count = int(np.sum(assigned == g))
        rule = "; or ".join(said.get(name, ["no short rule finds them"]))
        value = _mean(rows, rows.policy, inside, experiment.cluster, critical)
        loss = _loss(rows, inside, experiment.cluster, critical)
        agree = float(np.mean(rows.rule[inside] == g)) if inside.any() else float("nan")
        segments.append(
            Segment(
                offer=name,
                customers=count,
                share=count / experiment.n_rows,
                value=value,
                rule=rule,
                rule_fidelity=agree,
                rule_loss=loss,
                card=_card(name, count, experiment.n_rows, rule, agree),
            )
        )
    return tuple(segments)


def critical_of(segments: int) -> float:
    """Return the critical value of that many intervals together, each on customers of its own."""
    return float(norm.ppf(0.5 + 0.5 * 0.95 ** (1 / max(segments, 1))))


def everybody(
    experiment: Experiment, value: Estimate, code: int, assigned: IntArray
) -> tuple[Segment, ...]:
    """Return the single segment of a plan that gives everybody the same offer.

    Args:
        experiment: the log.
        value: the held-out value of choosing that offer, from the references.
        code: the offer.
        assigned: (n,) what each customer gets: something else where the offer is closed.
    """
    name, count = experiment.offers[code], int(np.sum(assigned == code))
    rule = "everybody" if count == experiment.n_rows else "everybody it is open to"
    return (
        Segment(
            offer=name,
            customers=count,
            share=count / experiment.n_rows,
            value=value,
            rule=rule,
            rule_fidelity=1.0,
            rule_loss=Estimate(0.0, 0.0, 0.0, 0.0),
            card=_card(name, count, experiment.n_rows, rule, 1.0),
        ),
    )


def _mean(
    rows: SegmentRows, given: IntArray, inside: BoolArray, cluster: IntArray, critical: float
) -> Estimate:
    picked = rows.scores[np.arange(len(given)), given]
    return mean_inside(picked, inside, cluster, critical)


def _loss(rows: SegmentRows, inside: BoolArray, cluster: IntArray, critical: float) -> Estimate:
    at = np.arange(len(rows.policy))
    return mean_inside(
        rows.scores[at, rows.policy] - rows.scores[at, rows.rule], inside, cluster, critical
    )


def mean_inside(
    values: FloatArray, inside: BoolArray, cluster: IntArray, critical: float
) -> Estimate:
    """Return the mean over the rows inside, with the cluster-robust error of a ratio of means."""
    count = int(inside.sum())
    if count == 0:
        return UNKNOWN
    mean = float(values[inside].mean())
    sums = np.bincount(cluster[inside], values[inside] - mean)
    se = float(np.sqrt(np.sum(sums**2))) / count
    return Estimate(mean, se, mean - critical * se, mean + critical * se)


def _card(name: str, count: int, total: int, rule: str, agree: float) -> str:
    who = f"{count:,} of {total:,} customers ({count / total:.0%}) get {name}"
    if rule.startswith("everybody"):
        return f"{who}."
    agrees = "" if np.isnan(agree) else f" The rule agrees with the plan for {agree:.0%} of them."
    return f"{who}. In words: {rule}.{agrees}"
