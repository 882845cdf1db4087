"""[profit.assumptions]: numbers of the profit by name, so that they can be asked about later.

A name stands for its number wherever the profit's SQL uses it; the SQL that runs holds the number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from handful.errors import Finding, blocked

MOST: Final = 6
"""Assumptions at most: every pair of them is checked on every row."""

_WORD: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?<![\w.])[A-Za-z_]\w*")
"""Texts and quoted columns, which are left alone, and names."""


def inlined(sql: str, values: Mapping[str, float]) -> str:
    """Return SQL with every assumption in place of its name.

    Args:
        sql: an expression.
        values: name -> number.

    Example:
        >>> inlined("margin * spend - 'margin'", {"margin": 0.3})
        "0.3 * spend - 'margin'"
    """

    def put(found: re.Match[str]) -> str:
        word = found.group()
        if word not in values:
            return word
        value = values[word]
        return f"{value!r}" if value >= 0 else f"({value!r})"

    return _WORD.sub(put, sql)


def with_assumptions(profit: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Return the keys of [profit] with the numbers in its SQL, and the SQL by names.

    Args:
        profit: keys as read.

    Example:
        >>> keys, by_name = with_assumptions({"per_row": "m * y", "assumptions": {"m": 0.3}})
        >>> keys["per_row"], by_name
        ('0.3 * y', 'm * y')
    """
    values = profit.get("assumptions", {})
    if not values:
        return dict(profit), None
    sql = profit["per_row"]
    return {**profit, "per_row": inlined(sql, values)}, sql


def assumption_problems(profit: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with the names: spelt as no name, or used nowhere.

    Args:
        profit: keys as read.

    Example:
        >>> assumption_problems({"per_row": "a", "assumptions": {"m": 0.3}})[0].code
        'B131'
    """
    values = profit.get("assumptions", {})
    texts = [str(profit.get(key, "")) for key in ("per_row", "long_run")]
    used = {word for sql in texts for word in _WORD.findall(sql)}
    found = []
    for name in values:
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            message = f"profit.assumptions names '{name}', which SQL cannot read as a name."
            found.append(blocked("B130", message, "Use letters, digits and _."))
        elif name not in used:
            message = f"profit.assumptions names {name}, which profit.per_row does not use."
            found.append(blocked("B131", message, "Use the name in the SQL, or leave it out."))
    if len(values) > MOST:
        message = f"profit.assumptions holds {len(values)} numbers; at most {MOST} can be checked."
        found.append(blocked("B130", message, "Keep those that you want to ask about."))
    return found
