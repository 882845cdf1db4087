"""Who gets which, as one SQL statement that decides as the policy does, row for row.

Columns are cleaned first as the policy reads them (numbers that are not finite and levels never
seen are missing), then the rule or the additive model decides, then closed offers give way to the
stratum's fallback. Standard SQL: CASE, CAST, COALESCE, LEAST and GREATEST.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handful.effects.records import EffectsModel, Term
from handful.experiment.units import JOIN, MISSING_STRATUM
from handful.policy.records import Policy, RuleTree
from handful.policy.wording import number_literal, quoted_name, rule_sql, text_literal

LARGEST: Final = 1.7976931348623157e308
CUSTOMER: Final = quoted_name("handful customer")
STRATUM: Final = quoted_name("handful stratum")
SAID: Final = quoted_name("handful said")


@dataclass(frozen=True, slots=True)
class ScriptSource:
    """Where a script finds its customers.

    Attributes:
        table: the table, quoted by the script.
        customer: column of ids; None numbers the rows.
        derived: derived columns that the policy needs, name -> SQL expression, in order.
    """

    table: str
    customer: str | None
    derived: Mapping[str, str]


def policy_script(
    policy: Policy, rule: RuleTree | None, source: ScriptSource, remarks: Sequence[str]
) -> str:
    """Write the statement that gives every customer of a table an offer.

    Args:
        policy: menu, support and fallbacks; its additive model decides where there is no rule.
        rule: the rule to decide by; None for the model (which must have no trees), or for a menu
            of one offer.
        source: where the customers are.
        remarks: lines put above the statement as comments.

    Returns:
        The statement, with the columns customer and offer.

    Raises:
        ValueError: neither a rule nor an additive model is there to decide.

    Cost O(size of the model).

    Example:
        >>> policy_script.__name__
        'policy_script'
    """
    if rule is not None:
        said, used = rule_sql(rule, policy.model.schema, policy.model.offers), _asked(rule)
        steps: list[tuple[str, str]] = []
    elif len(policy.menu) == 1:
        said, used, steps = text_literal(policy.model.offers[policy.menu[0]]), set(), []
    elif policy.deciding.forest is not None:
        raise ValueError("boosted trees have no short statement; decide by the rule")
    else:
        used = {term.feature for term in policy.deciding.terms}
        steps = [
            (_profit_name(g), _where_open(policy, g, profit_sql(policy.deciding, g)))
            for g in policy.competing
        ]
        said = _best_of(policy)
    views = [*_derived(source), ("cleaned", _cleaned(policy, source, sorted(used)))]
    if steps:
        listed = ", ".join(f"{sql} AS {name}" for name, sql in steps)
        views.append(("valued", _select([CUSTOMER, STRATUM, listed], views[-1][0])))
    views.append(("decided", _select([CUSTOMER, STRATUM, f"{said} AS {SAID}"], views[-1][0])))
    body = ",\n".join(f"{name} AS (\n  {sql}\n)" for name, sql in views)
    comments = "".join(f"-- {' '.join(line.split())}\n" for line in remarks)
    return (
        f"{comments}WITH {body}\n"
        f"SELECT {CUSTOMER} AS customer, {_with_fallback(policy, rule)} AS offer FROM decided;\n"
    )


def _select(columns: Sequence[str], below: str) -> str:
    return f"SELECT {', '.join(columns)} FROM {below}"  # noqa: S608 - names are quoted


def _asked(rule: RuleTree) -> set[int]:
    return {split.feature for split in rule.questions if split is not None}


def _derived(source: ScriptSource) -> list[tuple[str, str]]:
    """Return one view per derived column, each on top of the one before."""
    views: list[tuple[str, str]] = []
    below = quoted_name(source.table)
    for number, (name, sql) in enumerate(source.derived.items(), start=1):
        made = f"({sql}\n) AS {quoted_name(name)}"
        views.append((f"derived_{number}", _select(["log.*", made], f"{below} AS log")))
        below = f"derived_{number}"
    return views


def _cleaned(policy: Policy, source: ScriptSource, used: list[int]) -> str:
    ids = "ROW_NUMBER() OVER ()" if source.customer is None else quoted_name(source.customer)
    columns = [f"{ids} AS {CUSTOMER}", f"{_stratum(policy)} AS {STRATUM}"]
    schema = policy.model.schema
    for feature in used:
        name = quoted_name(schema.names[feature])
        if schema.kinds[feature] == "number":
            number = f"CAST({name} AS DOUBLE PRECISION)"
            clean = f"CASE WHEN ABS({number}) <= {number_literal(LARGEST)} THEN {number} END"
        else:
            levels = ", ".join(map(text_literal, schema.levels[feature])) or "NULL"
            text = f"CAST({name} AS VARCHAR)"
            clean = f"CASE WHEN {text} IN ({levels}) THEN {text} END"
        columns.append(f"{clean} AS {name}")
    below = f"derived_{len(source.derived)}" if source.derived else quoted_name(source.table)
    return _select(columns, below)


def _stratum(policy: Policy) -> str:
    missing = text_literal(MISSING_STRATUM)
    parts = [
        f"COALESCE(CAST({quoted_name(name)} AS VARCHAR), {missing})"
        for name in policy.strata_columns
    ]
    return f" || {text_literal(JOIN)} || ".join(parts) or text_literal(policy.strata[0])


def profit_sql(model: EffectsModel, offer: int) -> str:
    """Write the additive model's profit of one offer: the same sums in the same order.

    P_g(x) = constant_g + f_1(x) + f_2(x) + ...

    Args:
        model: without trees.
        offer: its code.

    Cost O(terms x bins).

    Example:
        >>> import numpy as np
        >>> from handful.experiment.records import FeatureSchema
        >>> nothing = FeatureSchema((), (), ())
        >>> profit_sql(EffectsModel(nothing, ("none",), np.array([0.5]), (), None), 0)
        '0.5e0'
    """
    addends = [_addend(model, term, offer) for term in model.terms]
    return " + ".join([number_literal(float(model.constant[offer])), *addends])


def _addend(model: EffectsModel, term: Term, offer: int) -> str:
    name = quoted_name(model.schema.names[term.feature])
    table = [number_literal(value) for value in term.table[:, offer].tolist()]
    if model.schema.kinds[term.feature] == "category":
        cases = "".join(
            f" WHEN {text_literal(level)} THEN {step}"
            for level, step in zip(model.schema.levels[term.feature], table[1:], strict=True)
        )
        return f"(CASE {name}{cases} ELSE {table[0]} END)" if cases else table[0]
    bins = "".join(
        f" WHEN {name} <= {number_literal(edge)} THEN {step}"
        for edge, step in zip(term.edges.tolist(), table[1:-1], strict=True)
    )
    step = f"(CASE{bins} ELSE {table[-1]} END)" if bins else table[-1]
    low, high, centre = map(number_literal, (term.low, term.high, term.centre))
    slope = number_literal(float(term.slope[offer]))
    line = f"(LEAST(GREATEST({name}, {low}), {high}) - ({centre})) * ({slope})"
    return f"(CASE WHEN {name} IS NULL THEN {table[0]} ELSE {step} + {line} END)"


def _profit_name(offer: int) -> str:
    return quoted_name(f"handful profit {offer}")


def _where_open(policy: Policy, offer: int, sql: str) -> str:
    """Give a closed offer a profit below every other."""
    closed = _labels(policy, lambda stratum: not policy.support[stratum, offer])
    if not closed:
        return sql
    return f"CASE WHEN {STRATUM} IN ({closed}) THEN {number_literal(-LARGEST)} ELSE {sql} END"


def _best_of(policy: Policy) -> str:
    """Return the offer with the largest profit, ties to the first."""
    ranked, default = policy.competing, policy.give_way
    given = [g if default is None or g in policy.menu else default.default for g in ranked]
    names = [text_literal(policy.model.offers[g]) for g in given]
    cases = ""
    for place, offer in enumerate(ranked[:-1]):
        above = [f"{_profit_name(offer)} >= {_profit_name(g)}" for g in ranked[place + 1 :]]
        cases += f" WHEN {' AND '.join(above)} THEN {names[place]}"
    return f"CASE{cases} ELSE {names[-1]} END"


def _with_fallback(policy: Policy, rule: RuleTree | None) -> str:
    """Return what was said, or the stratum's fallback where that is closed or nothing is open."""
    offers = policy.model.offers
    cases = ""
    if policy.strata_columns:
        known = _labels(policy, lambda _: True)
        unknown = text_literal(offers[int(policy.fallback[-1])])
        cases = f" WHEN {STRATUM} NOT IN ({known}) THEN {unknown}"
    by_model = rule is None and len(policy.menu) > 1
    for stratum, label in enumerate(policy.strata):
        closed = [g for g in policy.menu if not policy.support[stratum, g]]
        if by_model:
            closed = _closed_by_model(policy, stratum, closed)
        if not closed:
            continue
        said = ", ".join(text_literal(offers[g]) for g in closed)
        kept = text_literal(offers[int(policy.fallback[stratum])])
        cases += f" WHEN {STRATUM} = {text_literal(label)} AND {SAID} IN ({said}) THEN {kept}"
    return f"CASE{cases} ELSE {SAID} END" if cases else SAID


def _closed_by_model(policy: Policy, stratum: int, closed: list[int]) -> list[int]:
    """Return the offers that the profits may name in a stratum and that may not be given there."""
    if not policy.support[stratum, list(policy.competing)].any():
        return list(policy.menu)
    default = None if policy.give_way is None else policy.give_way.default
    return [g for g in closed if g == default]


def _labels(policy: Policy, keep: Callable[[int], bool]) -> str:
    return ", ".join(text_literal(s) for at, s in enumerate(policy.strata) if keep(at))
