"""From a question to the limits it asks about, and to the rows that are allocated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from handful.errors import BriefError, blocked
from handful.evidence.limit_records import LimitRule, LimitTerms
from handful.evidence.terms import Terms
from handful.evidence.whatif_records import KeptAmount
from handful.notation import IntArray
from handful.planning.whatif_records import Question, WhatIf

MOST_ROWS: Final = 150_000
"""Rows that are allocated, at most; above, a fixed sample of clusters stands for them."""


def limits_at(whatif: WhatIf, question: Question) -> LimitTerms | None:
    """Return the limits of a question; None where none are asked and the plan has none.

    Raises:
        BriefError: F862 a budget without a cost, or limits where nobody can be left out; F865 the
            plan keeps no predictions to allocate by.
    """
    known = whatif.terms.limits
    people = whatif.planned.people if question.population is None else float(question.population)
    if known is None and question.budget is None and not question.capacities:
        return None
    _check(whatif, question)
    base = whatif.log.control if known is None else known.base
    if base is None:
        raise ValueError("limits need a base")
    ratio = people / whatif.planned.people
    rules = () if known is None else known.rules
    found = tuple(_rules(whatif, question, rules, ratio))
    return LimitTerms(found, people, base, inward=True)


def _check(whatif: WhatIf, question: Question) -> None:
    terms, problems = whatif.terms, []
    if terms.limits is None and whatif.log.control is None:
        message = "limits leave some customers out, and the plan has no level that means no offer."
        problems.append(blocked("F862", message, "Plan with constraints.otherwise."))
    names = [] if terms.limits is None else [rule.name for rule in terms.limits.rules]
    if question.budget is not None and "budget" not in names:
        message = "the plan counts no cost, so a budget cannot be asked about."
        problems.append(blocked("F862", message, "Plan with constraints.cost and .budget."))
    if (question.budget is not None or question.capacities) and not whatif.kept.splits:
        message = "who gets what under limits is not kept for this plan."
        problems.append(blocked("F865", message, "Change the brief and plan again."))
    if problems:
        raise BriefError(problems)


def _rules(
    whatif: WhatIf, question: Question, rules: tuple[LimitRule, ...], ratio: float
) -> Iterator[LimitRule]:
    asked = {f"capacity.{name}": float(most) for name, most in question.capacities.items()}
    for rule in rules:
        if rule.name == "budget" and question.budget is not None:
            yield replace(rule, high=float(question.budget))
        elif rule.name in asked:
            yield replace(rule, high=asked.pop(rule.name))
        elif rule.name.startswith("caps."):
            yield replace(rule, high=rule.high * ratio)
        else:
            yield rule
    for name, most in asked.items():
        code = whatif.log.offers.index(name.removeprefix("capacity."))
        yield LimitRule(name, high=most, offers=(code,))


def thinned(whatif: WhatIf, terms: Terms) -> tuple[WhatIf, Terms]:
    """Return a fixed sample of clusters where the log is too large to allocate in a second.

    Cost: O(n).
    """
    log = whatif.log
    if log.n_rows <= MOST_ROWS:
        return whatif, terms
    clusters = int(log.cluster.max()) + 1
    share = MOST_ROWS / log.n_rows
    drawn = np.random.default_rng([clusters, 9]).random(clusters) < share
    index = np.flatnonzero(drawn[log.cluster])
    split = whatif.kept.splits[0]
    amounts = tuple(_thin(amount, index) for amount in split.amounts)
    other = replace(
        split,
        fold=split.fold[index],
        predicted=split.predicted[:, index],
        codes=split.codes[:, index],
        amounts=amounts,
    )
    own = whatif.kept.own
    kept = replace(whatif.kept, splits=(other,), own=None if own is None else own[:, index])
    part = replace(
        whatif,
        log=log.take(index),
        terms=_thin_terms(whatif.terms, index),
        kept=kept,
        amounts=tuple(_thin(amount, index) for amount in whatif.amounts),
        cache={},
    )
    return part, _thin_terms(terms, index)


def _thin(amount: KeptAmount, index: IntArray) -> KeptAmount:
    if amount.predicted is None:
        return amount
    return replace(amount, predicted=amount.predicted[:, index])


def _thin_terms(terms: Terms, index: IntArray) -> Terms:
    limits = terms.limits
    if limits is not None:
        rules = tuple(
            rule if rule.rows is None else replace(rule, rows=rule.rows[index])
            for rule in limits.rules
        )
        limits = replace(limits, rules=rules)
    return replace(terms, fallback=terms.fallback[index], limits=limits)
