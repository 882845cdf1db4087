"""Pricing lint: who pays how much more for one item, offers below cost, custom with competitors.

Counts of the plan's own assignment; nothing is estimated. A lint names what a lawyer would ask
about: it is not legal advice. Cost O(n + G).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from handful.brief.fairness import COMPETITOR_WORDS
from handful.brief.schema import Brief
from handful.experiment.records import Experiment
from handful.guardrails.disclosure_withheld import two_digits
from handful.guardrails.fairness_prices import prices_of
from handful.guardrails.fairness_records import PriceLine
from handful.guardrails.results import GuardrailResult, GuardrailVerdict
from handful.notation import IntArray

NOT_ADVICE = "This is a lint, not legal advice."


def price_lines(
    experiment: Experiment, brief: Brief | None, offer: IntArray, least: int
) -> tuple[PriceLine, ...]:
    """Return every offer in use that has a price, by item, the lowest price first.

    Args:
        experiment: the log.
        brief: prices, items and unit costs.
        offer: (n,) codes given.
        least: smallest count that is shown.

    Cost: O(n + G log G).
    """
    prices = prices_of(experiment, brief)
    price_of = prices.price
    if price_of is None or brief is None:
        return ()
    asked, cost = brief.fairness, brief.fairness.unit_cost
    counts = np.bincount(offer, minlength=experiment.n_offers)
    used = [g for g in np.flatnonzero(counts).tolist() if np.isfinite(price_of[g])]
    item = {g: asked.items.get(experiment.offers[g], prices.name) for g in used}
    lowest = {i: min(float(price_of[g]) for g in used if item[g] == i) for i in item.values()}
    few = any(0 < count < least for count in counts)
    lines = []
    for g in sorted(used, key=lambda g: (item[g], price_of[g])):
        price, name = float(price_of[g]), experiment.offers[g]
        mine = cost.get(name) if isinstance(cost, Mapping) else cost
        lines.append(
            PriceLine(
                item=item[g],
                offer=name,
                price=price,
                customers=None if few else int(counts[g]),
                share=two_digits(counts[g] / len(offer)) if few else float(counts[g] / len(offer)),
                over_lowest=price - lowest[item[g]],
                margin=None if mine is None else price - float(mine),
            )
        )
    return tuple(lines)


def lint_prices(
    experiment: Experiment, brief: Brief, lines: tuple[PriceLine, ...]
) -> Iterator[GuardrailResult]:
    """Yield what the lint finds: dispersion, prices below cost, custom with competitors.

    Cost: O(lines + words).
    """
    yield _dispersion(experiment, brief, lines)
    if brief.fairness.unit_cost is not None:
        yield _below_cost(lines, experiment.currency)
    yield _competitors(experiment, brief)


def _dispersion(
    experiment: Experiment, brief: Brief, lines: tuple[PriceLine, ...]
) -> GuardrailResult:
    measure = "largest price over the smallest that customers are asked for one item"
    if not lines:
        why = prices_of(experiment, brief).why_absent or "no offer of the plan has a price"
        return _result("pricing_dispersion", measure, None, "not_applicable", f"{why}.")
    widest = max(lines, key=lambda line: line.over_lowest)
    if not widest.over_lowest:
        words = "Everybody is asked the same price for the same item."
        return _result("pricing_dispersion", measure, 1.0, "pass", words)
    low = widest.price - widest.over_lowest
    more = sum(line.share for line in lines if line.over_lowest and line.item == widest.item)
    value = widest.price / low if low > 0 else None
    words = (
        f"For one item ({widest.item}) customers are asked {low:g} to {widest.price:g}; "
        f"{more:.0%} of them are asked more than the lowest. Customers compare: have a reason for "
        f"every difference that can be told to them. {NOT_ADVICE}"
    )
    return _result("pricing_dispersion", measure, value, "warn", words)


def _below_cost(lines: tuple[PriceLine, ...], currency: str) -> GuardrailResult:
    measure = f"smallest price less unit cost among offers in use, {currency}"
    margins = [(line.margin, line) for line in lines if line.margin is not None]
    if not margins:
        why = "no offer in use has both a price and a unit cost."
        return _result("pricing_below_cost", measure, None, "not_applicable", why)
    least = min(margin for margin, _ in margins)
    if least >= 0:
        words = "No offer in use is priced below its unit cost."
        return _result("pricing_below_cost", measure, least, "pass", words)
    below = [line for margin, line in margins if margin < 0]
    named = ", ".join(f"{line.offer} ({line.share:.0%} of customers)" for line in below)
    words = (
        f"Priced below unit cost for some customers: {named}. Selling below cost to chosen "
        f"customers can be predatory where the seller is dominant: ask a lawyer. {NOT_ADVICE}"
    )
    return _result("pricing_below_cost", measure, least, "warn", words)


def _competitors(experiment: Experiment, brief: Brief) -> GuardrailResult:
    measure = "fields and offers whose name, origin or topic tells of custom with a competitor"
    words = [w.lower() for w in (*COMPETITOR_WORDS, *brief.fairness.competitor_words)]
    told: dict[str, str] = {}
    for name in experiment.features.schema.names:
        origin = brief.guardrails.provenance.get(name)
        parts = () if origin is None else (origin.source, origin.purpose, origin.words)
        told[name] = " ".join((name, brief.columns.get(name, ""), *(p for p in parts if p)))
    for name in experiment.offers:
        told.setdefault(name, f"{name} {brief.guardrails.topics.get(name, '')}")
    found = sorted(name for name, text in told.items() if _says(text, words))
    if not found:
        said = "No name, origin or topic tells of custom with a competitor. " + NOT_ADVICE
        return _result("pricing_competitors", measure, 0.0, "pass", said)
    said = (
        f"{', '.join(found)}: prices or offers that depend on custom with a competitor can be a "
        f"loyalty rebate or predation. Leave them out, or ask a lawyer first. {NOT_ADVICE}"
    )
    return _result("pricing_competitors", measure, float(len(found)), "warn", said)


def _says(text: str, words: list[str]) -> bool:
    spelt = _plain(text)
    return any(re.search(rf"\b{re.escape(_plain(word))}", spelt) for word in words)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower())


def _result(
    name: str, measure: str, value: float | None, verdict: GuardrailVerdict, words: str
) -> GuardrailResult:
    return GuardrailResult(name, measure, value, None, None, None, verdict, words)
