"""Why one row of the log gets its offer: what the model claims, and which features moved it.

The lead of the first offer over the second is predicted again with one feature at a time at the
log's typical value (the median of a number, the commonest level of a category). These are claims
of the model about one customer; no single customer's value can be checked held out. Cost O(p).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from handful.brief.reader import did_you_mean
from handful.effects.predict import predict_profit
from handful.errors import BriefError, blocked
from handful.experiment.records import Features
from handful.notation import FloatArray
from handful.planning.whatif_records import Explanation, Moved, Ranked, WhatIf
from handful.policy.records import (
    REASON_BEST,
    REASON_CONTACT_CAP,
    REASON_DRAWN,
    REASON_FALLBACK,
    REASON_GAVE_WAY,
    REASON_HELD_OUT,
    REASON_NO_CHANNEL,
    REASON_NO_CONTACT,
    REASON_NO_PERSONALISE,
    REASON_NO_TIER,
    REASON_RULE,
    REASONS,
)

CLAIM: Final = (
    "Expected profits are the model's claims about one customer: they carry no interval, and only "
    "the values of whole menus and segments are held out."
)
UNSCORED: Final = "Their data are not used for choosing, so nothing is predicted for them."


_OTHER_THAN_WORTH: Final = frozenset(
    REASONS[code] for code in (
        REASON_NO_PERSONALISE, REASON_NO_CONTACT, REASON_NO_CHANNEL, REASON_NO_TIER,
        REASON_GAVE_WAY, REASON_CONTACT_CAP, REASON_HELD_OUT,
    )
)  # fmt: skip
"""Reasons of the plan's own list that no comparison of offers tells."""


def explain(
    whatif: WhatIf, row: int, menu: Sequence[str] | None = None, said: str | None = None
) -> Explanation:
    """Explain the decision of one row.

    Args:
        whatif: from `read_whatif`.
        row: of assignments.parquet, from 0.
        menu: offer names; the plan's own menu where None.
        said: the reason that the plan's own list gives for the row; None where it is not known.

    Returns:
        The offers by expected profit, how far the second is, and what moved the first. Never an id.
        Nothing is predicted for a row whose customer refuses to be personalised for.

    Raises:
        BriefError: F863 no such row; F862 an offer that the plan does not know.

    Cost: O(p) predictions of one row; O(n p) once for the typical values.
    """
    if not 0 <= row < whatif.log.n_rows:
        message = f"expected a row from 0 to {whatif.log.n_rows - 1}, found {row}."
        raise BriefError(blocked("F863", message, "Count rows as assignments.parquet does."))
    codes = _codes(whatif, menu)
    if said == REASONS[REASON_NO_PERSONALISE]:
        kept = whatif.log.offers[int(whatif.assigned[row])]
        return Explanation(row, kept, None, None, (), (), said, UNSCORED)
    is_open = whatif.log.design.support[whatif.log.stratum[row]]
    open_codes = [g for g in codes if is_open[g]]
    fallback = int(whatif.terms.fallback[row])
    considered = open_codes or [fallback]
    mine = _row(whatif, row)
    expected = _predict(whatif, mine[None, :])[0]
    order = sorted(considered, key=lambda g: (-expected[g], g))
    given = order[0] if menu is not None else int(whatif.assigned[row])
    rivals = [g for g in order if g != given]
    second = rivals[0] if rivals else None
    names = whatif.log.offers
    return Explanation(
        row=row,
        offer=names[given],
        second=None if second is None else names[second],
        lead=None if second is None else float(expected[given] - expected[second]),
        ranked=tuple(Ranked(names[g], float(expected[g])) for g in order),
        moved=() if second is None else _moved(whatif, mine, given, second),
        reason=said
        if said in _OTHER_THAN_WORTH and menu is None
        else _reason(whatif, given, order[0], is_open=bool(open_codes)),
        claim=CLAIM,
    )


def _codes(whatif: WhatIf, menu: Sequence[str] | None) -> tuple[int, ...]:
    if menu is None:
        return whatif.planned.menu
    unknown = [name for name in menu if name not in whatif.log.offers]
    if unknown or not menu:
        said = f"'{unknown[0]}', which is no offer of the plan" if unknown else "no offer at all"
        message = f"expected offers of the plan, found {said}."
        hint = did_you_mean(unknown[0] if unknown else "", whatif.log.offers)
        raise BriefError(blocked("F862", message, hint))
    return tuple(sorted(whatif.log.offers.index(name) for name in set(menu)))


def _row(whatif: WhatIf, row: int) -> FloatArray:
    return np.array([float(column[row]) for column in whatif.columns])


def _predict(whatif: WhatIf, rows: FloatArray) -> FloatArray:
    return predict_profit(whatif.policy.model, Features(whatif.schema, np.asfortranarray(rows)))


def _typical(whatif: WhatIf) -> FloatArray:
    """Return (p,) the median of every number and the commonest level of every category."""
    if "typical" not in whatif.cache:
        found = np.full(len(whatif.columns), np.nan)
        for j, (column, kind) in enumerate(zip(whatif.columns, whatif.schema.kinds, strict=True)):
            known = np.asarray(column, dtype=np.float64)
            known = known[~np.isnan(known)]
            if not len(known):
                continue
            if kind == "number":
                found[j] = np.median(known)
            else:
                found[j] = np.bincount(known.astype(np.int64)).argmax()
        whatif.cache["typical"] = found
    typical: FloatArray = whatif.cache["typical"]
    return typical


def _moved(whatif: WhatIf, mine: FloatArray, first: int, second: int) -> tuple[Moved, ...]:
    typical = _typical(whatif)
    rows = np.tile(mine, (len(mine) + 1, 1))
    rows[np.arange(len(mine)), np.arange(len(mine))] = typical
    expected = _predict(whatif, rows)
    leads = expected[:, first] - expected[:, second]
    changes = leads[-1] - leads[:-1]
    found = [
        Moved(
            feature=whatif.schema.names[j],
            value=_said(whatif, j, mine[j]),
            typical=_said(whatif, j, typical[j]),
            lead=float(leads[j]),
            change=float(changes[j]),
        )
        for j in np.argsort(-np.abs(changes), kind="stable")
        if changes[j]
    ]
    return tuple(found)


def _said(whatif: WhatIf, at: int, value: float) -> str:
    if np.isnan(value):
        return "missing"
    levels = whatif.schema.levels[at]
    return levels[int(value)] if levels else f"{value:.6g}"


def _reason(whatif: WhatIf, given: int, best: int, *, is_open: bool) -> str:
    if not is_open:
        return REASONS[REASON_FALLBACK]
    if given == best or whatif.policy.ranking is not None:
        return REASONS[REASON_BEST]
    if whatif.policy.rule is not None:
        return REASONS[REASON_RULE]
    return REASONS[REASON_DRAWN if whatif.policy.chance is not None else REASON_FALLBACK]
