"""Decide for one customer in plain Python: the same records, the same bits, no array arithmetic.

This is the reading of the policy format that a decision server, another language or an auditor
would write; the laws hold it to the vectorised `assign` on every row.
"""

from __future__ import annotations

import ctypes
import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from numbers import Real

import numpy as np

from handful.effects.records import EffectsModel, Forest, Term
from handful.errors import DataError, Finding, blocked
from handful.notation import FloatArray, IntArray
from handful.policy.chance import KEPT, draw_one
from handful.policy.following import follow_for_one
from handful.policy.points import values_of
from handful.policy.policy import UNKNOWN_STRATUM
from handful.policy.records import (
    REASON_BEST,
    REASON_DRAWN,
    REASON_FALLBACK,
    REASON_GAVE_WAY,
    REASON_RULE,
    REASON_UNKNOWN_STRATUM,
    REASONS,
    Chance,
    Decision,
    Policy,
)

MISSING = math.nan


def decide(
    policy: Policy, row: Mapping[str, object], stratum: str | None, customer: object = None
) -> Decision:
    """Decide which offer one customer gets, in plain Python.

    pi_S(x) = argmax over the menu's offers open in the stratum of P_g(x), ties to the lowest code,
    as `assign` does for many; under a rule the offer of the rule's leaf.

    Args:
        policy: model, menu, support and fallbacks.
        row: the customer's features by name; numbers, or the labels of categories. As in the log,
            None, NaN and infinity are missing, and so is a label never seen; True is the label
            "true". Further keys are ignored.
        stratum: label of the stratum, None when the policy has only one.
        customer: id, needed only where the policy draws offers by it.

    Returns:
        Offer, reason and the profit that the model expects.

    Raises:
        DataError: P710 the policy needs a stratum; P711 a feature is absent or is not a number;
            P712 the policy draws by id and none was given.

    Cost O(K (terms + trees) + trees x depth).

    Example:
        >>> import numpy as np
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> model = EffectsModel(schema, ("none", "mail"), np.array([0.0, 0.5]), (), None)
        >>> policy = Policy(model, (0, 1), (), ("all",), np.ones((1, 2), bool), np.zeros(2, int),
        ...                 "USD")
        >>> decide(policy, {"age": 30}, None)
        Decision(offer='mail', reason='best_in_menu', expected_profit=0.5, values=None)
    """
    code = _stratum_code(policy, stratum)
    values = _read_row(policy.model, row)
    drawn = KEPT if policy.chance is None or code < 0 else _drawn(policy.chance, customer)
    if drawn != KEPT:
        profit = _profits(policy.model, values, np.array([drawn]))[0]
        return _decision(policy, drawn, REASON_DRAWN, profit)
    named = policy.competing if policy.rule is None else (follow_for_one(policy.rule, values),)
    menu = [] if code < 0 else [offer for offer in named if policy.support[code, offer]]
    if menu:
        profits = _profits(policy.model, values, np.array(menu))
        rank = profits
        if policy.ranking is not None:
            rank = _profits(policy.ranking, values, np.array(menu))
        place = rank.index(max(rank))
        offer, best = menu[place], profits[place]
        if policy.give_way is not None and offer not in policy.menu:
            return _default(policy, policy.give_way.default, values, code)
        reason = REASON_BEST if policy.rule is None else REASON_RULE
        return _decision(policy, offer, reason, best)
    fallback = int(policy.fallback[code])
    reason = REASON_UNKNOWN_STRATUM if code < 0 else REASON_FALLBACK
    profit = _profits(policy.model, values, np.array([fallback]))[0]
    return _decision(policy, fallback, reason, profit)


def _default(policy: Policy, default: int, values: Sequence[float], code: int) -> Decision:
    """Return what takes the place of an offer that gives way."""
    is_open = bool(policy.support[code, default])
    offer = default if is_open else int(policy.fallback[code])
    profit = _profits(policy.model, values, np.array([offer]))[0]
    return _decision(policy, offer, REASON_GAVE_WAY if is_open else REASON_FALLBACK, profit)


def _decision(policy: Policy, offer: int, reason: int, profit: float) -> Decision:
    values = values_of(policy.points, offer)
    return Decision(policy.model.offers[offer], REASONS[reason], profit, values)


def _drawn(chance: Chance, customer: object) -> int:
    if customer is None:
        message = "the policy draws offers by customer id; none was given."
        raise DataError(blocked("P712", message, "Give the id of the customer."))
    return draw_one(chance, customer)


def _stratum_code(policy: Policy, stratum: str | None) -> int:
    if stratum is None and len(policy.strata) == 1:
        return 0
    if stratum is None:
        message = f"the policy has {len(policy.strata)} strata; no stratum was given."
        remedy = f"Give the columns {', '.join(policy.strata_columns)}."
        raise DataError(blocked("P710", message, remedy))
    return policy.strata.index(stratum) if stratum in policy.strata else UNKNOWN_STRATUM


def _read_row(model: EffectsModel, row: Mapping[str, object]) -> list[float]:
    """Return the customer's numbers and level codes in the model's order, NaN where missing."""
    values: list[float] = []
    problems: list[Finding] = []
    schema = model.schema
    for name, kind, levels in zip(schema.names, schema.kinds, schema.levels, strict=True):
        if name not in row:
            message = f"the model reads feature '{name}'; the row has no such entry."
            problems.append(blocked("P711", message, "Give it, as null where it is not known."))
        elif kind == "category":
            values.append(_level_code(row[name], levels))
        else:
            values.append(_number(name, row[name], problems))
    if problems:
        raise DataError(problems)
    return values


def _level_code(label: object, levels: Sequence[str]) -> float:
    if isinstance(label, bool):
        label = "true" if label else "false"
    return float(levels.index(label)) if isinstance(label, str) and label in levels else MISSING


def _number(name: str, value: object, problems: list[Finding]) -> float:
    if value is None:
        return MISSING
    if isinstance(value, Real | Decimal):
        try:
            number = float(value)
        except OverflowError:
            return MISSING
        return number if math.isfinite(number) else MISSING
    message = f"expected a number for feature '{name}'; found {type(value).__name__}."
    problems.append(blocked("P711", message, "Give a number, or null where it is not known."))
    return MISSING


def _profits(model: EffectsModel, values: Sequence[float], offers: IntArray) -> list[float]:
    """Return constant + terms in order + trees in order for each offer, one sum at a time."""
    profits: list[float] = model.constant[offers].tolist()
    for term in model.terms:
        addends = _addends(term, model.schema.kinds[term.feature], values[term.feature], offers)
        profits = [profit + addend for profit, addend in zip(profits, addends, strict=True)]
    for leaf in _leaves(model, values):
        addends = leaf[offers].tolist()
        profits = [profit + addend for profit, addend in zip(profits, addends, strict=True)]
    return profits


def _addends(term: Term, kind: str, value: float, offers: IntArray) -> list[float]:
    """Return what one feature adds to the profit of each offer."""
    if math.isnan(value):
        row = 0
    elif kind == "category":
        row = 1 + int(value)
    else:
        row = 1 + bisect_left(term.edges.tolist(), value)
    steps: list[float] = term.table[row, offers].tolist()
    if kind == "category" or math.isnan(value):
        return steps
    distance = min(max(value, term.low), term.high) - term.centre
    slopes: list[float] = term.slope[offers].tolist()
    return [step + distance * slope for step, slope in zip(steps, slopes, strict=True)]


def _leaves(model: EffectsModel, values: Sequence[float]) -> Iterator[FloatArray]:
    """Yield the leaf that the customer falls in, tree by tree."""
    forest = model.forest
    if forest is None:
        return
    single = [ctypes.c_float(value).value for value in values]
    categorical = [kind == "category" for kind in model.schema.kinds]
    for root in forest.roots.tolist():
        yield forest.leaves[_leaf(forest, root, single, categorical)]


def _leaf(forest: Forest, node: int, values: Sequence[float], categorical: Sequence[bool]) -> int:
    while (feature := forest.feature.item(node)) >= 0:
        value, threshold = values[feature], forest.threshold.item(node)
        if math.isnan(value):
            left = forest.missing_left.item(node)
        elif categorical[feature]:
            left = value == threshold
        else:
            left = value < threshold
        node = forest.left.item(node) if left else forest.right.item(node)
    return forest.left.item(node)
