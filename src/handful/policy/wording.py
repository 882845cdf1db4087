"""A rule in plain words and in SQL: the same decision on every row as `rules.assign_tree`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from handful.experiment.records import FeatureSchema
from handful.policy.records import RuleTree, Split

EVERYONE = "everyone"


def rule_text(
    tree: RuleTree, schema: FeatureSchema, offers: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Say who gets which offer in plain words.

    Args:
        tree: the rule.
        schema: of the features that the tree was learned on.
        offers: (G,) offer names.

    Returns:
        (offer name, sentence) for every offer that the rule gives, in the order of its leaves.

    Cost O(1).

    Example:
        >>> schema = FeatureSchema(("history",), ("number",), ((),))
        >>> over = Split(0, "over", 250.0, False, False)
        >>> rule_text(RuleTree(over, None, None, (1, 1, 0, 0), 0.0), schema, ("none", "mail"))
        (('mail', 'history over 250'), ('none', 'history up to 250'))
    """
    sentences: dict[int, list[str]] = {}
    for offer, answers in _paths(tree):
        words = [_answer_words(split, yes, schema) for split, yes in answers]
        sentences.setdefault(offer, []).append(" and ".join(words) or EVERYONE)
    return tuple((offers[offer], ", or ".join(said)) for offer, said in sentences.items())


def _paths(tree: RuleTree) -> Iterator[tuple[int, tuple[tuple[Split, bool], ...]]]:
    """Yield the offer of each leaf and the answers that lead there."""
    if tree.root is None:
        yield tree.leaves[0], ()
        return
    for first_yes, second, leaf in ((True, tree.yes, 0), (False, tree.no, 2)):
        first = (tree.root, first_yes)
        if second is None:
            yield tree.leaves[leaf], (first,)
            continue
        yield tree.leaves[leaf], (first, (second, True))
        yield tree.leaves[leaf + 1], (first, (second, False))


def _answer_words(split: Split, yes: bool, schema: FeatureSchema) -> str:
    name = schema.names[split.feature]
    if split.test == "missing":
        return f"{name} is {'missing' if yes else 'known'}"
    if split.test == "is":
        level = schema.levels[split.feature][int(split.value)]
        return f"{name} is {level}" if yes else f"{name} is not {level}"
    if split.only is not None:
        words = f"{name} is {_number_words(split.only[int(yes)])}"
    else:
        words = f"{name} {'over' if yes else 'up to'} {_number_words(split.value)}"
    return f"{words} (or missing)" if split.missing_seen and split.missing_yes == yes else words


def _number_words(value: float) -> str:
    """Return the shortest text that reads back as the same number, without an idle '.0'."""
    return repr(value).removesuffix(".0")


def rule_sql(tree: RuleTree, schema: FeatureSchema, offers: Sequence[str]) -> str:
    """Write the rule as one SQL expression that gives the offer's name.

    Standard SQL: a CASE over the feature columns by name; missing values must be NULL in the table
    (not NaN), categories are compared as text.

    Args:
        tree: the rule.
        schema: of the features that the tree was learned on.
        offers: (G,) offer names.

    Returns:
        The expression, names and texts quoted.

    Cost O(1).

    Example:
        >>> schema = FeatureSchema(("history",), ("number",), ((),))
        >>> over = Split(0, "over", 250.0, True, True)
        >>> print(rule_sql(RuleTree(over, None, None, (1, 1, 0, 0), 0.0), schema, ("none", "mail")))
        CASE WHEN ("history" > 250.0e0 OR "history" IS NULL) THEN 'mail' ELSE 'none' END
    """
    after_yes = _case(
        tree.yes, _text(offers[tree.leaves[0]]), _text(offers[tree.leaves[1]]), schema
    )
    after_no = _case(tree.no, _text(offers[tree.leaves[2]]), _text(offers[tree.leaves[3]]), schema)
    return _case(tree.root, after_yes, after_no, schema)


def _case(split: Split | None, yes: str, no: str, schema: FeatureSchema) -> str:
    if split is None:
        return yes
    return f"CASE WHEN {_condition(split, schema)} THEN {yes} ELSE {no} END"


def _condition(split: Split, schema: FeatureSchema) -> str:
    """Return the condition of the answer yes; where it is NULL, a CASE answers no."""
    column = '"' + schema.names[split.feature].replace('"', '""') + '"'
    if split.test == "missing":
        return f"{column} IS NULL"
    if split.test == "is":
        level = schema.levels[split.feature][int(split.value)]
        return f"CAST({column} AS VARCHAR) = {_text(level)}"
    # An exponent makes the literal a double in every dialect: no rounding to decimals.
    number = repr(split.value)
    condition = f"{column} > {number if 'e' in number else number + 'e0'}"
    return f"({condition} OR {column} IS NULL)" if split.missing_yes else condition


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
