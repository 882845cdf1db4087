"""A rule as plain JSON: in the artefact's manifest and in plan.json, features and offers by name.

    {"questions": [{"feature": "age", "test": "over", "value": 40.0, "missing_yes": false,
                    "missing_seen": false, "only": null}, null, null],
     "leaves": ["mail", "mail", "none", "none"]}

After question k comes 2 k + 1 if it is answered yes and 2 k + 2 if no; null is not asked and counts
as answered yes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, Literal

from handful.experiment.records import FeatureSchema
from handful.policy.records import RuleTree, Split

MAX_DEPTH: Final = 8
"""Questions on the way to a leaf, at most."""

_QUESTION_KEYS: Final = {"feature", "test", "value", "missing_yes", "missing_seen", "only"}
_TESTS: Final[dict[str, Literal["over", "is", "missing"]]] = {
    "over": "over",
    "is": "is",
    "missing": "missing",
}


def rule_document(rule: RuleTree, schema: FeatureSchema, offers: Sequence[str]) -> dict[str, Any]:
    """Lay a rule out as what JSON can say.

    Args:
        rule: its questions number the columns of `schema`.
        schema: the features.
        offers: (G,) offer names.

    Example:
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> rule_document(RuleTree((None,), (0, 0), 0.0), schema, ("none",))
        {'questions': [None], 'leaves': ['none', 'none']}
    """
    return {
        "questions": [
            None if split is None else _question_document(split, schema) for split in rule.questions
        ],
        "leaves": [offers[code] for code in rule.leaves],
    }


def _question_document(split: Split, schema: FeatureSchema) -> dict[str, Any]:
    level = split.test == "is"
    return {
        "feature": schema.names[split.feature],
        "test": split.test,
        "value": schema.levels[split.feature][int(split.value)] if level else split.value,
        "missing_yes": split.missing_yes,
        "missing_seen": split.missing_seen,
        "only": None if split.only is None else list(split.only),
    }


def read_rule(
    document: Any,  # noqa: ANN401 - JSON, not trusted
    schema: FeatureSchema,
    offers: Sequence[str],
) -> RuleTree:
    """Read what `rule_document` wrote, checking every entry.

    Args:
        document: parsed JSON, not trusted.
        schema: the features that the rule may ask about.
        offers: (G,) offer names that it may give.

    Returns:
        The rule; its `value` is 0, which only its learning knew.

    Raises:
        ValueError: it is no such rule.

    Cost O(size).

    Example:
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> read_rule({"questions": [None], "leaves": ["none", "none"]}, schema, ("none",)).leaves
        (0, 0)
    """
    if not isinstance(document, dict) or set(document) != {"questions", "leaves"}:
        raise ValueError("expected questions and leaves")
    questions, leaves = document["questions"], document["leaves"]
    if not isinstance(questions, list) or not isinstance(leaves, list):
        raise ValueError("expected a list of questions and one of leaves")
    depth = len(leaves).bit_length() - 1
    if not 1 <= depth <= MAX_DEPTH or len(leaves) != 2**depth or len(questions) != 2**depth - 1:
        raise ValueError("expected 2^d - 1 questions and 2^d leaves")
    if not all(isinstance(name, str) and name in offers for name in leaves):
        raise ValueError("a leaf gives no offer of the policy")
    return RuleTree(
        tuple(None if entry is None else _question(entry, schema) for entry in questions),
        tuple(list(offers).index(name) for name in leaves),
        0.0,
    )


def _question(entry: Any, schema: FeatureSchema) -> Split:  # noqa: ANN401 - JSON, not trusted
    if not isinstance(entry, dict) or set(entry) != _QUESTION_KEYS:
        raise ValueError("a question lacks an entry or has one too many")
    name, test = entry["feature"], entry["test"]
    if not isinstance(name, str) or name not in schema.names or test not in _TESTS:
        raise ValueError("a question asks about no feature of the policy")
    feature = schema.names.index(name)
    kind = "category" if test == "is" else "number"
    if test != "missing" and schema.kinds[feature] != kind:
        raise ValueError(f"a question takes '{name}' for a {kind}")
    flags = (entry["missing_yes"], entry["missing_seen"])
    if not all(isinstance(flag, bool) for flag in flags):
        raise ValueError("missing_yes and missing_seen must be true or false")
    value = _level(entry["value"], schema.levels[feature]) if test == "is" else entry["value"]
    return Split(feature, _TESTS[test], _finite(value), *flags, _pair(entry["only"]))


def _level(value: Any, levels: Sequence[str]) -> float:  # noqa: ANN401 - JSON, not trusted
    if value not in levels:
        raise ValueError("a question asks for a level that its feature does not have")
    return float(list(levels).index(value))


def _finite(value: Any) -> float:  # noqa: ANN401 - JSON, not trusted
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("expected a finite number")
    return float(value)


def _pair(entry: Any) -> tuple[float, float] | None:  # noqa: ANN401 - JSON, not trusted
    if entry is None:
        return None
    if not isinstance(entry, list) or len(entry) != 2:
        raise ValueError("expected the two values of a number that takes just two")
    return _finite(entry[0]), _finite(entry[1])
