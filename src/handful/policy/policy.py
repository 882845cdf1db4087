"""Give every customer an offer: the best open offer of the menu, ties to the first.

pi_S(x_i) = argmax over g in S, open to i, of P_ig. Where no offer of the menu is open, the policy's
fallback for the stratum is given. A policy with a rule gives what the rule says instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from handful.effects.predict import predict_profit, restrict_offers
from handful.errors import DataError, blocked
from handful.experiment.records import Features
from handful.notation import AnyFloatArray, BoolArray, FloatArray, IntArray
from handful.policy.chance import KEPT, draw, propensities
from handful.policy.following import follow_rule
from handful.policy.records import (
    REASON_BEST,
    REASON_DRAWN,
    REASON_FALLBACK,
    REASON_GAVE_WAY,
    REASON_RULE,
    REASON_UNKNOWN_STRATUM,
    Assignment,
    Policy,
)

UNKNOWN_STRATUM = -1
"""Stratum code of a customer whose stratum the experiment never saw."""

ASSIGN_ROWS = 65_536
"""Customers decided at a time: predictions of a block are dropped before the next."""


def assign_codes(
    values: AnyFloatArray,
    menu: Sequence[int],
    open_cells: BoolArray | None,
    fallback_by_row: IntArray | int,
) -> IntArray:
    """Choose an offer for every row of a matrix: argmax over the open menu, ties to the first.

    pi_i = argmax over g in menu with open_ig of V_ig, else fallback_i. A value that is NaN or minus
    infinity is never chosen.

    Args:
        values: (n, G) money per customer.
        menu: column numbers in the order that wins ties (a Policy keeps them ascending).
        open_cells: (n, G) True where an offer may be given; None when all may.
        fallback_by_row: (n,) offer codes, or one code, where no offer of the menu can be given.

    Returns:
        (n,) offer codes.

    Cost O(n K).

    Example:
        >>> assign_codes(np.array([[1.0, 3.0, 2.0], [4.0, 4.0, 9.0]]), (0, 1), None, 0).tolist()
        [1, 0]
    """
    rows = values.shape[0]
    best = np.full(rows, -np.inf)
    codes = np.empty(rows, dtype=np.int64)
    codes[:] = fallback_by_row
    for offer in menu:
        column = values[:, offer]
        better = column > best
        if open_cells is not None:
            better &= open_cells[:, offer]
        np.copyto(best, column, where=better)
        np.copyto(codes, offer, where=better)
    return codes


def choose_codes(
    values: AnyFloatArray, policy: Policy, open_cells: BoolArray, fallback_by_row: IntArray
) -> IntArray:
    """Choose from a policy's menu by these values; what gives way to the default does so here too.

    Args:
        values: (n, G) money per customer, such as predictions that never saw the rows.
        policy: its menu, and what gives way; its rule and its limits are not asked.
        open_cells: (n, G) True where an offer may be given.
        fallback_by_row: (n,) offer codes where nothing else can be given.

    Cost: O(n K).

    Example:
        >>> from handful.policy.records import GiveWay
        >>> from handful.effects.records import EffectsModel
        >>> from handful.experiment.records import FeatureSchema
        >>> model = EffectsModel(FeatureSchema((), (), ()), ("a", "b", "c"), np.zeros(3), (), None)
        >>> policy = Policy(model, (0, 1), (), ("all",), np.ones((1, 3), bool), np.zeros(2, int),
        ...                 "USD", give_way=GiveWay((1, 2), 0))
        >>> values, cells = np.array([[5.0, 1.0, 2.0], [5.0, 2.0, 1.0]]), np.ones((2, 3), bool)
        >>> choose_codes(values, policy, cells, np.zeros(2, int)).tolist()
        [0, 1]
    """
    if policy.give_way is None:
        return assign_codes(values, policy.menu, open_cells, fallback_by_row)
    codes = assign_codes(values, policy.competing, open_cells, -1)
    default = policy.give_way.default
    gave_way = (codes >= 0) & ~np.isin(codes, policy.menu)
    codes = np.where(gave_way, np.where(open_cells[:, default], default, -1), codes)
    return np.where(codes < 0, fallback_by_row, codes)


def assign(
    policy: Policy,
    features: Features,
    stratum: IntArray | None,
    customers: Iterable[object] | None = None,
) -> Assignment:
    """Decide which offer each customer gets.

    pi_S(x_i) = argmax over the menu's offers open in i's stratum of P_ig; ties to the lowest code;
    the stratum's fallback when none is open, the last fallback when the stratum is unknown. Under
    limits P_ig is less what the offer uses of them, at their prices. Where the best of the offers
    that compete is not on the menu, the default takes its place. Under
    a rule pi(x_i) is the offer of the rule's leaf, the fallback where that offer is closed. Where
    the policy leaves something to chance, the drawn offer takes the place of all that, except for
    customers whose stratum is unknown.

    Args:
        policy: model, menu, support and fallbacks.
        features: (n, p) features; columns are matched by name, levels by label.
        stratum: (n,) codes 0..S-1, -1 for a stratum never seen; None when the policy has only one.
        customers: (n,) ids, needed only where the policy draws offers by them.

    Returns:
        Offer, reason and expected profit (claimed by the model) of every customer.

    Raises:
        DataError: P710 the policy needs strata and none were given, or a code is out of range;
            P712 the policy draws by id and there is not one per customer; E590, E591 as in
            `predict_profit`.

    Cost as `predict_profit` for the offers of the menu and fallbacks only; memory O(n + block).

    Example:
        >>> from handful.effects.records import EffectsModel
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> model = EffectsModel(schema, ("none", "mail"), np.array([0.0, 0.5]), (), None)
        >>> policy = Policy(model, (0, 1), (), ("all",), np.ones((1, 2), bool), np.zeros(2, int),
        ...                 "USD")
        >>> assign(policy, Features(schema, np.array([[30.0]])), None).offer.tolist()
        [1]
    """
    rows = features.values.shape[0]
    _check_stratum(policy, stratum, rows)
    live = np.array([*policy.menu, *policy.competing], dtype=np.int64)
    used = np.union1d(live, policy.fallback)
    model = restrict_offers(policy.model, used.tolist())
    ranking = None if policy.ranking is None else restrict_offers(policy.ranking, used.tolist())
    lot = None if policy.chance is None else draw(policy.chance, customers, rows)
    decided = Assignment(
        offer=np.empty(rows, dtype=np.int64),
        reason=np.empty(rows, dtype=np.int64),
        expected_profit=np.empty(rows),
        propensity=None if lot is None else np.ones(rows),
    )
    for start in range(0, rows, ASSIGN_ROWS):
        block = slice(start, start + ASSIGN_ROWS)
        part = Features(features.schema, features.values[block])
        profit = predict_profit(model, part)
        codes = np.zeros(len(profit), np.int64) if stratum is None else stratum[block]
        said = None if policy.rule is None else follow_rule(policy.rule, part, model.schema)
        drawn = None if lot is None else np.where(codes < 0, KEPT, lot[block])
        rank = profit if ranking is None else predict_profit(ranking, part)
        made = _decide_block(policy, used, (profit, rank), codes, said)
        if drawn is not None:
            own, made = made.offer, _draw_over(made, drawn, used, profit)
            _tell_chance(policy, own, made.offer, codes, decided, block)
        decided.offer[block] = made.offer
        decided.reason[block] = made.reason
        decided.expected_profit[block] = made.expected_profit
    return decided


def _decide_block(
    policy: Policy,
    used: IntArray,
    predicted: tuple[FloatArray, FloatArray],
    stratum: IntArray,
    said: IntArray | None,
) -> Assignment:
    """Decide a block: `predicted` holds profit and what decides, one column per used offer each.

    `said` is what a rule gives.
    """
    profit, rank = predicted
    open_rows = np.vstack([policy.support, np.zeros((1, policy.support.shape[1]), dtype=np.bool_)])
    if said is not None:
        chosen = np.where(open_rows[stratum, said], np.searchsorted(used, said), -1)
    else:
        menu = np.searchsorted(used, policy.competing)
        open_menu = open_rows[:, used]
        everywhere = bool(open_menu[:-1, menu].all()) and not (stratum < 0).any()
        chosen = assign_codes(rank, menu.tolist(), None if everywhere else open_menu[stratum], -1)
    gave_way = _gives_way(policy, used, chosen)
    if policy.give_way is not None:
        default = policy.give_way.default
        place = np.searchsorted(used, default)
        chosen = np.where(gave_way, np.where(open_rows[stratum, default], place, -1), chosen)
    fell_back = chosen < 0
    chosen = np.where(fell_back, np.searchsorted(used, policy.fallback)[stratum], chosen)
    reason = np.where(gave_way, REASON_GAVE_WAY, REASON_BEST if said is None else REASON_RULE)
    reason = np.where(fell_back, REASON_FALLBACK, reason)
    return Assignment(
        offer=used[chosen],
        reason=np.where(stratum < 0, REASON_UNKNOWN_STRATUM, reason),
        expected_profit=np.take_along_axis(profit, chosen[:, np.newaxis], 1)[:, 0],
    )


def _gives_way(policy: Policy, used: IntArray, chosen: IntArray) -> BoolArray:
    """Tell whose best offer competes without being on the menu."""
    if policy.give_way is None:
        return np.zeros(len(chosen), dtype=np.bool_)
    off_menu = ~np.isin(used, policy.menu)
    return (chosen >= 0) & off_menu[np.maximum(chosen, 0)]


def _draw_over(own: Assignment, drawn: IntArray, used: IntArray, profit: FloatArray) -> Assignment:
    """Put the drawn offers in the place of the policy's own."""
    kept = drawn == KEPT
    column = np.searchsorted(used, np.where(kept, own.offer, drawn))
    return Assignment(
        offer=used[column],
        reason=np.where(kept, own.reason, REASON_DRAWN),
        expected_profit=np.take_along_axis(profit, column[:, np.newaxis], 1)[:, 0],
    )


def _tell_chance(
    policy: Policy,
    own: IntArray,
    given: IntArray,
    stratum: IntArray,
    decided: Assignment,
    block: slice,
) -> None:
    """Record with which probability a block was given its offers; 1 where nothing is drawn."""
    if policy.chance is not None and decided.propensity is not None:
        told = propensities(policy.chance, own, given)
        decided.propensity[block] = np.where(stratum < 0, 1.0, told)


def _check_stratum(policy: Policy, stratum: IntArray | None, rows: int) -> None:
    """Refuse strata that are missing, of the wrong length or out of range."""
    strata = policy.support.shape[0]
    if stratum is None:
        if strata == 1:
            return
        raise DataError(
            blocked(
                "P710",
                f"the policy has {strata} strata; no customer's stratum was given.",
                f"Give the columns {', '.join(policy.strata_columns)}.",
            )
        )
    wrong = int(((stratum < UNKNOWN_STRATUM) | (stratum >= strata)).sum())
    if wrong or stratum.shape != (rows,):
        message = (
            f"expected {rows} stratum codes from -1 to {strata - 1}; found {stratum.size} codes, "
            f"{wrong} of them out of range."
        )
        raise DataError(blocked("P710", message, "Give one code per customer, -1 if unknown."))
