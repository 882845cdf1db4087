"""Names and bounds under [fairness] that fit neither the log nor each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from handful.brief.fairness import METRICS
from handful.brief.reader import did_you_mean
from handful.brief.schema import Brief
from handful.errors import BriefError, Finding, blocked
from handful.experiment.records import Experiment
from handful.guardrails.fairness_prices import no_offer_code, prices_of


def check_fairness(brief: Brief, experiment: Experiment) -> None:
    """Refuse bounds that compare nothing, strange names, and confidential data of competitors.

    Args:
        brief: with its [fairness] table.
        experiment: the log.

    Raises:
        BriefError: G085 a feature or a stratum holds or reads confidential data of a competitor;
            G086 a name that the brief does not protect or the log does not have; G087 a bound on
            what this log cannot measure. All at once.

    Cost: O(names).
    """
    findings = [
        *_confidential(brief, experiment),
        *_strange_columns(brief),
        *_strange_offers(brief, experiment),
        *_unmeasured(brief, experiment),
    ]
    if findings:
        raise BriefError(findings)


def _confidential(brief: Brief, experiment: Experiment) -> Iterator[Finding]:
    schema = experiment.features.schema
    read = {name: {name} for name in (*schema.names, *experiment.strata_columns)}
    for name, words in read.items():
        words |= set(re.findall(r"\w+", brief.columns.get(name, "")))
    for name in brief.fairness.competitor_confidential:
        used = sorted(field for field, words in read.items() if name in words)
        if used:
            message = f"'{name}' holds confidential data of a competitor, and a decision would "
            message += f"read it through {', '.join(used)}."
            remedy = "Put it under experiment.exclude, and ask a lawyer how you came by it."
            yield blocked("G085", message, remedy)


def _strange_columns(brief: Brief) -> Iterator[Finding]:
    asked, protected = brief.fairness, brief.guardrails.protected
    tables = {metric: getattr(asked, metric) for metric in METRICS} | {"cuts": asked.cuts}
    for key, table in tables.items():
        for name in table if isinstance(table, Mapping) else ():
            if name not in protected:
                message = f"fairness.{key} names '{name}', which guardrails.protected does not."
                yield blocked("G086", message, did_you_mean(name, protected))
    if (asked.bounded or asked.use_protected) and not protected:
        message = "[fairness] bounds differences between groups, and guardrails.protected is empty."
        yield blocked("G086", message, "Name the columns that groups are compared by there.")


def _strange_offers(brief: Brief, experiment: Experiment) -> Iterator[Finding]:
    cost = brief.fairness.unit_cost
    tables = {"items": brief.fairness.items, "unit_cost": cost if isinstance(cost, Mapping) else {}}
    for key, table in tables.items():
        for name in table:
            if name not in experiment.offers:
                message = f"fairness.{key} names an offer '{name}' that the log does not have."
                yield blocked("G086", message, did_you_mean(name, experiment.offers))
    dial, dials = brief.fairness.price_dial, experiment.dials
    if dial is not None and (dials is None or dial not in dials.names):
        message = f"fairness.price_dial names '{dial}', which is no dial of the offers."
        known = () if dials is None else dials.names
        yield blocked("G086", message, did_you_mean(dial, known))


def _unmeasured(brief: Brief, experiment: Experiment) -> Iterator[Finding]:
    asked = brief.fairness
    nothing = no_offer_code(experiment, brief)
    for metric in ("selection_rate", "exclusion"):
        if getattr(asked, metric) is not None and nothing is None:
            message = f"fairness.{metric} needs a level that means no offer; the log has none."
            remedy = "Name it under experiment.control, or what the left-out get under "
            yield blocked("G087", message, remedy + "constraints.otherwise.")
    price = prices_of(experiment, brief)
    if asked.price is None:
        return
    if price.price is None:
        yield blocked("G087", f"fairness.price: {price.why_absent}.", "Give profit.price.")
    elif np.isnan(price.price).any():
        bare = [n for n, p in zip(experiment.offers, price.price, strict=True) if np.isnan(p)]
        message = f"fairness.price needs a price for every offer; {', '.join(bare)} has none."
        yield blocked("G087", message, "Give them all under profit.price, 0 where nothing is sold.")
