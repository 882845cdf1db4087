"""Checks the offers and the money: which levels there are, and that every amount is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from handful.brief.reader import did_you_mean
from handful.brief.schema import Brief
from handful.brief.values import as_name
from handful.errors import BriefError, Finding, blocked
from handful.experiment.features import encode_levels
from handful.notation import FloatArray, IntArray

_MOST_OFFERS: Final = 2_000
_ABSURD_MONEY: Final = 1e15


def code_offers(column: Any, control: str | None) -> tuple[IntArray, tuple[str, ...]]:  # noqa: ANN401
    """Return the offer of each row and the names: control first, the others sorted.

    Numbers are sorted as numbers and named without a needless ".0".

    Args:
        column: Arrow column of text or doubles, without missing values.
        control: name of the control, or None.

    Raises:
        BriefError: B122 the control is not among the offers.

    Example:
        >>> code_offers(pa.chunked_array([["b", "none", "a"]]), "none")
        (array([2, 0, 1]), ('none', 'a', 'b'))
    """
    if pa.types.is_floating(column.type):
        numbers, codes = np.unique(column.to_numpy(), return_inverse=True)
        names = tuple(as_name(float(number)) for number in numbers)
    else:
        codes, names = encode_levels(column)
        if all(name.lstrip("-").isdecimal() for name in names):
            return _sorted_as_numbers(codes, names, control)
    return _control_first(codes, names, control)


def _sorted_as_numbers(
    codes: IntArray, names: tuple[str, ...], control: str | None
) -> tuple[IntArray, tuple[str, ...]]:
    order = sorted(range(len(names)), key=lambda g: (int(names[g]), names[g]))
    rank = np.argsort(np.array(order))
    return _control_first(rank[codes], tuple(names[g] for g in order), control)


def _control_first(
    codes: IntArray, names: tuple[str, ...], control: str | None
) -> tuple[IntArray, tuple[str, ...]]:
    if control is None:
        return codes.astype(np.int64), names
    if control not in names:
        message = f"experiment.control names an offer '{control}' that no row received."
        raise BriefError(blocked("B122", message, did_you_mean(control, names)))
    order = [names.index(control), *(g for g, name in enumerate(names) if name != control)]
    rank = np.argsort(np.array(order))
    return rank[codes].astype(np.int64), tuple(names[g] for g in order)


def check_offer_names(brief: Brief, offers: tuple[str, ...]) -> list[Finding]:
    """Return a block for every offer the brief names that no row received.

    Args:
        brief: names offers in propensity and [menu].
        offers: names of the offers received.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "y"}, "menu": {"never": ["C"]}})
        >>> check_offer_names(brief, ("A", "B"))[0].code
        'B123'
    """
    propensity, cost = brief.experiment.propensity, brief.menu.setup_cost
    used = {
        "experiment.propensity": () if isinstance(propensity, str) else tuple(propensity),
        "menu.setup_cost": tuple(cost) if isinstance(cost, Mapping) else (),
        "menu.always": brief.menu.always,
        "menu.never": brief.menu.never,
    }
    findings = [
        blocked(
            "B123",
            f"{key} names an offer '{name}' that no row received.",
            did_you_mean(name, offers),
        )
        for key, names in used.items()
        for name in names
        if name not in offers
    ]
    if len(offers) > _MOST_OFFERS:
        message = f"the offer column has {len(offers)} levels; a few offers were expected."
        remedy = "Name the column that says which offer a row received."
        findings.append(blocked("S225", message, remedy))
    return findings


def check_profit(profit: FloatArray, brief: Brief) -> list[Finding]:
    """Return what makes the money unusable, each kind with its count.

    Args:
        profit: (n,) money per row, NaN where the expression gave NULL.
        brief: its [profit] says what was expected.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "y"}})
        >>> check_profit(np.array([1.0, np.inf]), brief)[0].code
        'S213'
    """
    finite = np.isfinite(profit)
    kinds = {
        "missing or NaN": np.isnan(profit),
        "infinite": np.isinf(profit),
        f"beyond {_ABSURD_MONEY:g}": finite & (np.abs(profit) > _ABSURD_MONEY),
    }
    findings = []
    for word, wrong in kinds.items():
        if not wrong.any():
            continue
        count, row = int(wrong.sum()), int(np.argmax(wrong)) + 1
        message = (
            f"profit.per_row should give an amount of money for every row; {count} are {word}, "
            f"the first in row {row} of those kept."
        )
        remedy = "Write coalesce(column, 0) if missing means nothing, or filter with where."
        share = count / len(profit)
        findings.append(Finding("S213", "block", message, remedy, count, share))
    odd = finite & ~np.isin(profit, (0.0, 1.0))
    if brief.profit.kind == "binary" and odd.any():
        count = int(odd.sum())
        message = (
            f"profit.kind is binary, so 0 or 1 was expected; {count} rows hold something else, "
            f"{int((profit[odd] < 0).sum())} of them below 0."
        )
        remedy = 'Correct profit.per_row, or set kind = "money".'
        findings.append(Finding("S214", "block", message, remedy, count, count / len(profit)))
    return findings
