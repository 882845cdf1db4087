"""Reads the SQL expressions of a brief without running them: their shape and their columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from handful.brief.reader import did_you_mean
from handful.errors import BriefError, Finding, blocked
from handful.experiment.engine import Connection, excerpt, one_row

_FICKLE: Final = frozenset(
    {"random", "uuid", "gen_random_uuid", "uuidv4", "uuidv7", "setseed", "nextval", "now", "today"}
    | {"current_date", "current_time", "current_timestamp", "get_current_timestamp"}
    | {"transaction_timestamp", "localtimestamp", "localtime", "get_current_time"}
)
"""Functions whose value is not settled by the row."""


def columns_read(
    con: Connection, expression: str, *, key: str, columns: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the columns one expression reads, in the order of `columns`.

    The text must be a single expression over one row: no second statement, no FROM, no
    subquery. Names must match exactly, capital letters included.

    Args:
        con: any engine; nothing is run on it.
        expression: SQL, such as "0.3 * spend - 0.05".
        key: the key of the brief it came from, for messages.
        columns: the columns that exist.

    Raises:
        BriefError: B110 not an expression, B111 a subquery or window, B112 unknown columns.

    Example:
        >>> from handful.experiment.engine import connect
        >>> columns_read(connect(), "2 * b", key="profit.per_row", columns=("a", "b"))
        ('b',)
    """
    tree = _parse(con, expression, key)
    _refuse_shapes(tree, key)
    bound = {name for node in _nodes(tree) for name in _lambda_names(node)}
    paths = [
        node["column_names"] for node in _nodes(tree) if node.get("class") == "COLUMN_REF"
    ]  # fmt: skip
    names = {path[1] if len(path) > 1 and path[0] == "log" else path[0] for path in paths}
    unknown = sorted(name for name in names - bound if name not in columns)
    if unknown:
        raise BriefError([_unknown(name, key, columns) for name in unknown])
    return tuple(name for name in columns if name in names)


def names_in(con: Connection, expression: str, *, key: str) -> frozenset[str]:
    """Return the names of all columns an expression reads, whether they exist or not.

    Raises:
        BriefError: B110 not an expression.

    Example:
        >>> from handful.experiment.engine import connect
        >>> sorted(names_in(connect(), "a + b", key="columns.c"))
        ['a', 'b']
    """
    return _names_in(_parse(con, expression, key))


def _names_in(tree: Mapping[str, Any]) -> frozenset[str]:
    bound = {name for node in _nodes(tree) for name in _lambda_names(node)}
    paths = [node["column_names"] for node in _nodes(tree) if node.get("class") == "COLUMN_REF"]
    names = {path[1] if len(path) > 1 and path[0] == "log" else path[0] for path in paths}
    return frozenset(names - bound)


def _refuse_shapes(tree: Mapping[str, Any], key: str) -> None:
    kinds = {node.get("class") for node in _nodes(tree)}
    beyond = [word for word in ("SUBQUERY", "WINDOW") if word in kinds]
    if beyond:
        named = {"SUBQUERY": "subquery", "WINDOW": "window function"}[beyond[0]]
        message = f"{key} holds a {named}; expected an expression over the columns of one row."
        remedy = "Compute it beforehand, or as a column under [columns]."
        raise BriefError(blocked("B111", message, remedy))
    if "STAR" in kinds:
        raise BriefError(blocked("B110", f"{key} holds a '*'; expected names.", "Name columns."))
    fickle = _FICKLE & {str(node.get("function_name")) for node in _nodes(tree)}
    if fickle:
        message = f"{key} calls {', '.join(sorted(fickle))}, which differs from run to run."
        remedy = "Use only the log's columns, so that the plan can be made again bit for bit."
        raise BriefError(blocked("B113", message, remedy))


def _unknown(name: str, key: str, columns: tuple[str, ...]) -> Finding:
    message = f"{key} reads a column '{excerpt(name)}' that the log does not have."
    hint = did_you_mean(name, columns)
    listed = "" if hint.startswith("There") else f" There is: {', '.join(columns[:20])}."
    if hint.startswith("There"):
        hint = f"If it is text, write it in single quotes. {hint}"
    return blocked("B112", message, hint + listed)


def _parse(con: Connection, expression: str, key: str) -> Mapping[str, Any]:
    if not expression.strip():
        raise BriefError(blocked("B110", f"{key} is empty.", "Example: 0.3 * spend - 0.05."))
    query = f"SELECT (\n{expression}\n)"
    answer: dict[str, Any] = json.loads(one_row(con, "SELECT json_serialize_sql($1)", [query])[0])
    if answer["error"]:
        reason = excerpt(str(answer.get("error_message", "no reason given"))).rstrip(".")
        message = f"{key} should be one SQL expression, but: {reason}."
        raise BriefError(blocked("B110", message, "Example: 0.3 * spend - 0.05."))
    nodes = [statement["node"] for statement in answer["statements"]]
    node = nodes[0]
    single = (
        len(nodes) == 1
        and node["type"] == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not node["modifiers"]
    )
    if not single:
        message = f"{key} should be one SQL expression, found more than that."
        raise BriefError(blocked("B110", message, "Example: 0.3 * spend - 0.05."))
    expression_tree: Mapping[str, Any] = node["select_list"][0]
    return expression_tree


def _nodes(tree: object) -> Iterator[Mapping[str, Any]]:
    """Yield every object of a parsed tree, parents first."""
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


def _lambda_names(node: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names a lambda binds, which are not columns."""
    if node.get("class") != "LAMBDA":
        return
    for child in _nodes(node.get("lhs")):
        if child.get("class") == "COLUMN_REF":
            yield child["column_names"][0]
