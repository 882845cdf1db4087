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
        >>> rule_text(RuleTree((over,), (1, 0), 0.0), schema, ("none", "mail"))
        (('mail', 'history over 250'), ('none', 'history up to 250'))
    """
    sentences: dict[int, list[str]] = {}
    for offer, answers in _paths(tree):
        words = [_answer_words(split, yes, schema) for split, yes in answers]
        sentences.setdefault(offer, []).append(" and ".join(words) or EVERYONE)
    return tuple((offers[offer], ", or ".join(said)) for offer, said in sentences.items())


def _paths(tree: RuleTree) -> Iterator[tuple[int, tuple[tuple[Split, bool], ...]]]:
    """Yield the offer of each leaf that can be reached, and the answers that lead there."""
    inner = len(tree.questions)
    ahead: list[tuple[int, tuple[tuple[Split, bool], ...]]] = [(0, ())]
    while ahead:
        place, answers = ahead.pop()
        if place >= inner:
            yield tree.leaves[place - inner], answers
            continue
        question = tree.questions[place]
        if question is None:
            ahead.append((2 * place + 1, answers))
            continue
        ahead.append((2 * place + 2, (*answers, (question, False))))
        ahead.append((2 * place + 1, (*answers, (question, True))))


def _answer_words(split: Split, yes: bool, schema: FeatureSchema) -> str:
    name = schema.names[split.feature]
    if split.test == "missing":
        return f"{name} is {'missing' if yes else 'known'}"
    if split.test == "is":
        level = schema.levels[split.feature][int(split.value)]
        words = f"{name} is {'' if yes else 'not '}{level}"
        return f"{words} (or missing)" if split.missing_yes and yes else words
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
        >>> print(rule_sql(RuleTree((over,), (1, 0), 0.0), schema, ("none", "mail")))
        CASE WHEN ("history" > 250.0e0 OR "history" IS NULL) THEN 'mail' ELSE 'none' END
    """
    return _case(tree, 0, schema, offers)


def _case(tree: RuleTree, place: int, schema: FeatureSchema, offers: Sequence[str]) -> str:
    inner = len(tree.questions)
    if place >= inner:
        return text_literal(offers[tree.leaves[place - inner]])
    question = tree.questions[place]
    yes = _case(tree, 2 * place + 1, schema, offers)
    if question is None:
        return yes
    no = _case(tree, 2 * place + 2, schema, offers)
    return f"CASE WHEN {_condition(question, schema)} THEN {yes} ELSE {no} END"


def _condition(split: Split, schema: FeatureSchema) -> str:
    """Return the condition of the answer yes; where it is NULL, a CASE answers no."""
    column = quoted_name(schema.names[split.feature])
    if split.test == "missing":
        return f"{column} IS NULL"
    if split.test == "is":
        level = schema.levels[split.feature][int(split.value)]
        condition = f"CAST({column} AS VARCHAR) = {text_literal(level)}"
    else:
        condition = f"{column} > {number_literal(split.value)}"
    return f"({condition} OR {column} IS NULL)" if split.missing_yes else condition


def number_literal(value: float) -> str:
    """Write a finite number so that every SQL dialect reads the same double: with an exponent.

    Example:
        >>> number_literal(0.1), number_literal(-1e22)
        ('0.1e0', '-1e+22')
    """
    digits = repr(float(value))
    return digits if "e" in digits else f"{digits}e0"


def quoted_name(name: str) -> str:
    """Quote a column's name for SQL.

    Example:
        >>> print(quoted_name('an "odd" name'))
        "an ""odd"" name"
    """
    return '"' + name.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """Quote a text for SQL.

    Example:
        >>> text_literal("it's")
        "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"
