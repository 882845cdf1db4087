"""From a question to the terms it is answered under; what does not fit the plan is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from handful.brief.reader import did_you_mean
from handful.errors import BriefError, Finding, blocked
from handful.evidence.terms import Terms
from handful.planning.whatif_records import Question, WhatIf


def check_question(whatif: WhatIf, question: Question) -> None:
    """Refuse a question that the plan cannot answer.

    Raises:
        BriefError: F862 all problems at once.
    """
    problems = [*_numbers(question), *_names(whatif, question)]
    if problems:
        raise BriefError(problems)


def _numbers(question: Question) -> Iterator[Finding]:
    least = {"setup_cost": question.setup_cost, "budget": question.budget}
    least |= {f"capacities.{name}": most for name, most in question.capacities.items()}
    for name, value in least.items():
        if value is not None and not (np.isfinite(value) and value >= 0):
            message = f"expected {name} of 0 or more, found {value:g}."
            yield blocked("F862", message, "Mend the number.")
    if question.population is not None and not (
        np.isfinite(question.population) and question.population >= 1
    ):
        message = f"expected a population of 1 or more, found {question.population:g}."
        yield blocked("F862", message, "Mend the number.")
    for name, value in question.assumptions.items():
        if not np.isfinite(value):
            yield blocked("F862", f"assumption {name} is not a finite number.", "Mend it.")


def _names(whatif: WhatIf, question: Question) -> Iterator[Finding]:
    sizes = [facts.offers for facts in whatif.kept.facts]
    if question.offers is not None and question.offers not in sizes:
        message = f"expected a menu of {sizes[0]} to {sizes[-1]} offers, found {question.offers}."
        yield blocked("F862", message, "Ask for one of these.")
    yield from _assumptions(whatif, question)
    for name in question.capacities:
        if name not in whatif.log.offers:
            message = f"capacities names '{name}', which is no offer of the plan."
            yield blocked("F862", message, did_you_mean(name, whatif.log.offers))


def _assumptions(whatif: WhatIf, question: Question) -> Iterator[Finding]:
    """Yield what cannot be moved without planning again."""
    known = {each.name: each for each in whatif.assumptions}
    differ = {n for n, v in question.assumptions.items() if n in known and v != known[n].at}
    for name in question.assumptions:
        if name not in known:
            message = f"'{name}' is no assumption of the brief."
            yield blocked("F862", message, did_you_mean(name, tuple(known)))
    for name in sorted(differ):
        each = known[name]
        if not each.movable:
            message = f"{name} cannot be moved here: {each.why}."
            yield blocked("F865", message, "Change it in the brief and plan again.")
        both = sorted(differ & set(each.together))
        if both and name < both[0]:
            message = f"{name} and {', '.join(both)} multiply each other in the profit."
            remedy = "Move one at a time, or change the brief and plan again."
            yield blocked("F865", message, remedy)


def terms_at(whatif: WhatIf, question: Question) -> Terms:
    """Return the terms with the question's set-up cost and population.

    What is spread over the population is spread over the new one; what falls due per customer
    stays.

    Cost: O(G).
    """
    terms, planned = whatif.terms, whatif.planned
    people = planned.people if question.population is None else float(question.population)
    setup = terms.setup
    if question.setup_cost is not None:
        asked = np.full(len(setup), float(question.setup_cost))
        if whatif.log.control is not None:
            asked[whatif.log.control] = 0.0
        if not np.array_equal(asked, planned.setup):
            setup = np.maximum(setup + (asked - planned.setup) / planned.people, 0.0)
    if people == planned.people:
        return replace(terms, setup=setup)
    ratio = planned.people / people
    fixed = terms.running - planned.per_decision
    return replace(
        terms,
        setup=setup * ratio,
        content=None if terms.content is None else terms.content * ratio,
        stock=None if terms.stock is None else replace(terms.stock, population=people),
        running=planned.per_decision + fixed * ratio if terms.running else 0.0,
    )
