"""From a matrix of predicted profits to the best menu of every size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from handful.menu import blockwise
from handful.menu.checks import check_rules, check_weights, not_finite, wrong_shape
from handful.menu.exact import affordable, enumerate_menus
from handful.menu.records import MenuChoice, MenuPath
from handful.menu.search import Found, Rules, greedy, improve, padded
from handful.menu.sums import SwapSums
from handful.notation import AnyFloatArray, FloatArray, IntArray

BLOCK_ROWS = 8192
EXHAUSTIVE_CELLS = 2e7


def choose_menu(  # noqa: PLR0913 - the signature that users were promised
    values: AnyFloatArray,
    *,
    max_offers: int,
    weights: ArrayLike | None = None,
    setup_cost: ArrayLike | None = None,
    always: Sequence[int] = (),
    never: Sequence[int] = (),
    gap: float = 1e-3,
    n_threads: int | None = None,
    random_state: int = 0,
) -> MenuPath:
    """Choose the best menu of K of G offers for every K at once.

    Maximises F(S) - sum_{g in S} f_g with F(S) = sum_i w_i max_{g in S} P_ig over |S| = K.

    A masked cell (-inf) says that the customer may not have the offer: it counts as 0, the worth
    of the fallback that the customer keeps, so pass values relative to the fallback offer. A
    customer for whom every offer of the menu is masked is worth 0 in that menu.

    Args:
        values: (n, G) predicted profit P, money per customer; -inf where not allowed.
        max_offers: largest K; the path stops at the number of allowed columns.
        weights: (n,) customer weights w >= 0; ones by default.
        setup_cost: f, money in the unit of F: one number or one per offer.
        always: columns that every menu must hold; the path then starts at that many.
        never: columns that no menu may hold.
        gap: the certificate aimed at, as a share of F.
        n_threads: threads of the passes; all processors by default.
        random_state: seed of the sample and of the starts.

    Returns:
        The path, one `MenuChoice` per K.

    Raises:
        DataError: M601 NaN or +inf; M602 not a matrix of numbers; M604 bad weights.
        BriefError: M605 bad max_offers; M606 bad always or never; M607 bad set-up costs.

    Example:
        >>> import numpy as np
        >>> path = choose_menu(np.array([[1.0, 0.0, 3.0], [1.0, 2.0, 0.0]]), max_offers=2)
        >>> path.menu(2), path.at(2).value
        ((1, 2), 5.0)
    """
    matrix = _matrix(values)
    rules = check_rules(matrix.shape[1], max_offers, setup_cost, always, never)
    importance = check_weights(weights, len(matrix))

    def swaps(menus: IntArray) -> SwapSums:
        parts = (
            blockwise.swap_sums(matrix[a : a + BLOCK_ROWS], importance[a : a + BLOCK_ROWS], menus)
            for a in range(0, len(matrix), BLOCK_ROWS)
        )
        total = next(parts)
        for part in parts:
            total = total + part
        return total

    found = improve(rules, greedy(rules, importance @ matrix, swaps), swaps)
    solved = {
        k: enumerate_menus(matrix, importance, rules, k)
        for k in found
        if affordable(len(matrix), rules, k, EXHAUSTIVE_CELLS)
    }
    best = {k: _first_best(found[k], solved.get(k)) for k in found}
    return _path(matrix, importance, rules, best, set(solved))


def _matrix(values: AnyFloatArray) -> FloatArray:
    raw = np.asarray(values)
    if raw.ndim != 2 or 0 in raw.shape or raw.dtype.kind not in "fiu":
        raise wrong_shape(f"shape {raw.shape} of {raw.dtype}")
    matrix = raw.astype(np.float64)
    bad = np.isnan(matrix) | (matrix == np.inf)
    if bad.any():
        raise not_finite(int(bad.sum()))
    matrix[np.isneginf(matrix)] = 0.0
    return matrix


def _first_best(found: Found, solved: Found | None) -> Found:
    return found if solved is None or solved.menu == found.menu else solved


def _path(
    matrix: FloatArray, weights: FloatArray, rules: Rules, best: dict[int, Found], solved: set[int]
) -> MenuPath:
    ks = sorted(best)
    menus = padded([best[k].menu for k in ks])
    values = [float(weights @ matrix[:, best[k].menu].max(axis=1)) for k in ks]
    choices = []
    for row, k in enumerate(ks):
        menu, value = best[k].menu, values[row]
        net = value - rules.cost(menu)
        bound = net if k in solved or k == 1 else np.nan
        place = matrix[:, menus[row, :k]].argmax(axis=1)
        shares = np.bincount(place, weights=weights, minlength=k) / weights.sum()
        worth = values[row + 1] - value if row + 1 < len(ks) else np.nan
        gap = (bound - net) / abs(value) if value != 0 else bound - net
        choices.append(
            MenuChoice(k, menu, value, bound, gap, np.nan, shares, worth, rules.cost(menu))
        )
    return MenuPath(tuple(choices))
