"""From the [constraints] of a brief to the limits the log is planned under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from handful.brief.constraints import ConstraintsSpec
from handful.brief.reader import did_you_mean
from handful.effects.amounts import amount_table
from handful.errors import BriefError, Finding, blocked
from handful.evidence.limit_records import LimitRule, LimitTerms
from handful.evidence.limits import Rows, limited_problem
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.notation import FloatArray
from handful.policy.conflicts import conflicting


def with_limits(
    terms: Terms,
    experiment: Experiment,
    spec: ConstraintsSpec,
    further: tuple[LimitRule, ...] = (),
) -> Terms:
    """Return the terms with the brief's limits, checked against the log.

    Args:
        terms: limits of the menu.
        experiment: the log.
        spec: [constraints].
        further: limits from elsewhere, such as bounds on differences between groups.

    Raises:
        BriefError: E510 names that the log does not have; E511 limits that cannot be used as they
            are; P730 limits that cannot hold together. All of a kind at once.

    Cost: O(n G), and what `conflicting` takes.
    """
    exclusive = _exclusive(experiment, spec)
    if not spec.limited and not further:
        return replace(terms, exclusive=exclusive)
    problems = [*_unknown_names(experiment, spec), *_unusable(terms, experiment, spec)]
    if problems:
        raise BriefError(problems)
    code = {name: g for g, name in enumerate(experiment.offers)}
    base = code[spec.otherwise] if spec.otherwise is not None else experiment.control
    if base is None:
        raise ValueError("limits need a base")
    population = experiment.population or float(len(np.unique(experiment.customers)))
    limits = LimitTerms((*_rules(experiment, spec, base), *further), population, base)
    must = {code[name] for name, least in spec.at_least.items() if least > 0} - {base}
    always = tuple(sorted({*terms.always, *must} - {base}))
    made = replace(
        terms,
        limits=limits,
        exclusive=exclusive,
        always=always,
        max_offers=max(1, min(terms.max_offers, len(set(terms.allowed) - {base}))),
    )
    refuse_impossible(made, experiment, known_amounts(experiment))
    return made


def _exclusive(experiment: Experiment, spec: ConstraintsSpec) -> tuple[tuple[int, int], ...]:
    offers = experiment.offers
    return tuple(
        (offers.index(first), offers.index(second))
        for first, second in spec.never_together
        if first in offers and second in offers
    )


def _unknown_names(experiment: Experiment, spec: ConstraintsSpec) -> Iterator[Finding]:
    used: dict[str, Sequence[str]] = {
        "capacity": tuple(spec.capacity) if isinstance(spec.capacity, Mapping) else (),
        "at_least": tuple(spec.at_least),
        "acceptable": spec.acceptable,
        "otherwise": () if spec.otherwise is None else (spec.otherwise,),
    }
    for key, names in used.items():
        for name in names:
            if name not in experiment.offers:
                message = f"constraints.{key} names an offer '{name}' that the log does not have."
                yield blocked("E510", message, did_you_mean(name, experiment.offers))
            elif _nowhere(experiment, name):
                message = f"constraints.{key} names '{name}', which lies outside what was tried."
                yield blocked("E510", message, "Name a point that the experiment tried.")
    schema = experiment.features.schema
    categories = [n for n, kind in zip(schema.names, schema.kinds, strict=True) if kind != "number"]
    for name in spec.coverage_floor_by:
        if name not in categories:
            message = f"constraints.coverage_floor_by names '{name}', which is no category that "
            message += "the decision may read; a floor in every group decides by group."
            yield blocked("E510", message, did_you_mean(name, categories))


def _nowhere(experiment: Experiment, name: str) -> bool:
    """Whether a point that only the brief names is open to nobody."""
    closed = ~experiment.design.support[:, experiment.offers.index(name)]
    return experiment.dials is not None and bool(closed.all())


def _unusable(terms: Terms, experiment: Experiment, spec: ConstraintsSpec) -> Iterator[Finding]:
    if spec.otherwise is None and experiment.control is None:
        message = "limits leave some customers out, and the log has no level that means no offer."
        remedy = "Name what they get: constraints.otherwise, or experiment.control."
        yield blocked("E511", message, remedy)
    if terms.by_rule:
        message = "limits are kept by prices on offers, which a rule of a few questions cannot pay."
        yield blocked("E511", message, "Set policy.rules = false, or drop the limits.")
    population = experiment.population or float(len(np.unique(experiment.customers)))
    total = sum(spec.at_least.values())
    if total > population:
        message = f"constraints.at_least adds up to {total:,.10g} customers; a campaign reaches "
        message += f"{population:,.10g}."
        yield blocked("E511", message, "Lower the volumes, or set profit.population.")


def _rules(experiment: Experiment, spec: ConstraintsSpec, base: int) -> Iterator[LimitRule]:
    names = experiment.offers
    amounts = [amount.name for amount in experiment.amounts]
    if spec.budget is not None:
        yield LimitRule("budget", high=spec.budget, amount=amounts.index("budget"))
    for g, name in enumerate(names):
        every = not isinstance(spec.capacity, Mapping) and g != base
        most = spec.capacity if every else None
        if isinstance(spec.capacity, Mapping):
            most = spec.capacity.get(name)
        if isinstance(most, int | float):
            yield LimitRule(f"capacity.{name}", high=float(most), offers=(g,))
        if spec.at_least.get(name, 0.0) > 0:
            yield LimitRule(f"at_least.{name}", low=spec.at_least[name], offers=(g,))
    if spec.coverage_floor:
        accepted = tuple(
            g
            for g, name in enumerate(names)
            if (name in spec.acceptable if spec.acceptable else g != base)
        )
        floor = spec.coverage_floor
        yield LimitRule("coverage_floor", low=floor, offers=accepted, share=True)
        yield from _group_floors(experiment, spec.coverage_floor_by, floor, accepted)
    for name, cap in spec.caps.items():
        population = experiment.population or float(len(np.unique(experiment.customers)))
        at = amounts.index(f"caps.{name}")
        yield LimitRule(f"caps.{name}", high=cap.at_most * population, amount=at)


def _group_floors(
    experiment: Experiment, columns: tuple[str, ...], floor: float, accepted: tuple[int, ...]
) -> Iterator[LimitRule]:
    schema = experiment.features.schema
    for column in columns:
        at = schema.names.index(column)
        for code, level in enumerate(schema.levels[at]):
            rows = experiment.features.values[:, at] == code
            if rows.any():
                name = f"coverage_floor.{column}={level}"
                yield LimitRule(
                    name, low=floor, offers=accepted, rows=rows, share=True, group=(column, level)
                )


def known_amounts(experiment: Experiment) -> tuple[FloatArray | None, ...]:
    """Return (1, G) tables of the amounts that offers alone settle, None for the others."""
    return tuple(amount_table(experiment, amount) for amount in experiment.amounts)


def refuse_impossible(
    terms: Terms, experiment: Experiment, amounts: Sequence[FloatArray | None]
) -> None:
    """Refuse limits that no assignment of all allowed offers can keep, in the brief's numbers.

    Args:
        terms: with limits.
        experiment: the log.
        amounts: (n, G) or (1, G) expected amounts; limits on an amount not known yet wait.

    Raises:
        BriefError: P730 the smallest set of limits that conflicts.
    """
    limits = terms.limits
    if limits is None:
        return
    rules = tuple(r for r in limits.rules if r.amount is None or amounts[r.amount] is not None)
    shape = (experiment.n_rows, experiment.n_offers)
    given = tuple(np.zeros((1, shape[1])) if a is None else a for a in amounts)
    rows = Rows(np.arange(shape[0]), np.zeros(shape), experiment.open_cells, given)
    found = conflicting(limited_problem(rows, terms.allowed, replace(limits, rules=rules)))
    if not found:
        return
    said = "; ".join(rule_words(rules[c], experiment.currency) for c in found)
    which = "these limits cannot hold together" if len(found) > 1 else "this limit cannot hold"
    message = f"{which} for a campaign of {limits.population:,.0f} customers: {said}."
    remedy = "Loosen one of them; any one is enough." if len(found) > 1 else "Loosen it."
    raise BriefError(blocked("P730", message, remedy))


def rule_words(rule: LimitRule, currency: str) -> str:
    """Return a limit in the brief's words and numbers.

    Example:
        >>> rule_words(LimitRule("capacity.mail", high=500.0), "USD")
        'capacity.mail at most 500 customers'
    """
    if rule.amount is not None and rule.share:
        return f"{rule.name} within {rule.high:.4g} of each other"
    unit = " customers" if rule.amount is None else ""
    unit = f" {currency}" if rule.name == "budget" else unit
    low, high = f"{rule.low:,.10g}{unit}", f"{rule.high:,.10g}{unit}"
    if rule.share:
        low = f"{rule.low:.4g} of the customers"
    parts = [f"at least {low}"] if np.isfinite(rule.low) else []
    parts += [f"at most {high}"] if np.isfinite(rule.high) else []
    return f"{rule.name} {' and '.join(parts)}"
