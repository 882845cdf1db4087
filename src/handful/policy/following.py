"""Decide by a rule: the offer of the leaf that a customer's answers lead to."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from handful.effects.predict import column_block, match_columns
from handful.experiment.records import Features, FeatureSchema
from handful.notation import IntArray
from handful.policy.records import RuleTree, Split
from handful.policy.rules import assign_tree


def follow_rule(rule: RuleTree, features: Features, schema: FeatureSchema) -> IntArray:
    """Return the offer that a rule gives to every customer.

    Args:
        rule: its questions number the columns of `schema`.
        features: (n, p) features; columns are matched by name, levels by label.
        schema: the features that the rule was learned on.

    Returns:
        (n,) offer codes.

    Raises:
        DataError: E590, E591 as in `match_columns`.

    Cost O(n) a question.

    Example:
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> rule = RuleTree((Split(0, "over", 40.0, False, False),), (1, 0), 0.0)
        >>> follow_rule(rule, Features(schema, np.array([[50.0]])), schema).tolist()
        [1]
    """
    columns = match_columns(features.schema, schema)
    values = np.full((features.values.shape[0], len(schema.names)), np.nan, order="F")
    for feature in {split.feature for split in rule.questions if split is not None}:
        values[:, feature] = column_block(features, columns, feature, slice(None))
    return assign_tree(rule, Features(schema, values))


def follow_for_one(rule: RuleTree, values: Sequence[float]) -> int:
    """Return the offer code that a rule gives to one customer, in plain Python.

    Args:
        rule: its questions number the entries of `values`.
        values: numbers and level codes, NaN where missing.

    Cost O(depth).

    Example:
        >>> follow_for_one(RuleTree((Split(0, "over", 40.0, False, False),), (1, 0), 0.0), [40.0])
        0
    """
    place = 0
    while place < len(rule.questions):
        question = rule.questions[place]
        yes = question is None or _says_yes(question, values[question.feature])
        place = 2 * place + (1 if yes else 2)
    return rule.leaves[place - len(rule.questions)]


def _says_yes(question: Split, value: float) -> bool:
    if math.isnan(value):
        return question.missing_yes
    if question.test == "missing":
        return False
    return value > question.value if question.test == "over" else value == question.value
