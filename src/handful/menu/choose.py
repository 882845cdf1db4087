"""From a matrix of predicted profits to the best menu of every size."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from handful.menu.checks import check_aim, check_rules, check_weights
from handful.menu.choices import as_choices
from handful.menu.passes import Customers, default_threads
from handful.menu.path import Aim, solve
from handful.menu.records import MenuPath
from handful.menu.sources import Values, open_source


def choose_menu(  # noqa: PLR0913 - the signature that users were promised
    values: Values,
    *,
    max_offers: int,
    weights: ArrayLike | None = None,
    setup_cost: ArrayLike | None = None,
    always: Sequence[int] = (),
    never: Sequence[int] = (),
    gap: float = 1e-3,
    n_threads: int | None = None,
    random_state: int = 0,
    no_offer: int | None = None,
) -> MenuPath:
    """Choose the best menu of K of G offers for every K at once.

    Maximises F(S) - sum_{g in S} f_g with F(S) = sum_i w_i max_{g in S} P_ig over |S| = K.

    A masked cell (-inf) says that the customer may not have the offer: it counts as 0, the worth
    of the fallback that the customer keeps, so pass values relative to the fallback offer. A
    customer for whom every offer of the menu is masked is worth 0 in that menu.

    Args:
        values: (n, G) predicted profit P, money per customer; -inf where not allowed. An array of
            any layout (also mapped from a file), a `LowRank` pair, the path of a parquet file or
            folder, or any iterable of row blocks (arrays, Arrow batches) that can be read
            several times; streams are never held whole.
        max_offers: largest K; the path stops at the number of allowed columns.
        weights: (n,) customer weights w >= 0; ones by default.
        setup_cost: f, money in the unit of F: one number or one per offer.
        always: columns that every menu must hold; the path then starts at that many.
        never: columns that no menu may hold.
        gap: the certificate aimed at, as a share of F.
        n_threads: threads of the passes; all processors by default.
        random_state: seed of the samples and of the starts.
        no_offer: the column that means "no offer"; gaps are then also stated as a share of the
            value over it.

    Returns:
        The path, one `MenuChoice` per K.

    Raises:
        DataError: M601 NaN or +inf; M602 not a matrix of numbers; M603 a stream that can be read
            only once; M604 bad weights; M609 sums overflow.
        BriefError: M605 bad max_offers; M606 bad always, never or no_offer; M607 bad set-up
            costs; M608 bad gap, n_threads or random_state.

    Cost O(n K G) per pass and some 10 passes in all on structured data; memory O(sample + K G)
    beyond the values.

    Example:
        >>> import numpy as np
        >>> path = choose_menu(np.array([[1.0, 0.0, 3.0], [1.0, 2.0, 0.0]]), max_offers=2)
        >>> path.menu(2), path.at(2).value
        ((1, 2), 5.0)
    """
    source = open_source(values)
    rules = check_rules(source.offers, max_offers, setup_cost, always, never)
    check_aim(gap, n_threads, random_state, no_offer, source.offers)
    importance = None if weights is None else check_weights(weights)
    customers = Customers(source, importance, n_threads or default_threads())
    proofs, sums = solve(customers, rules, Aim(float(gap), int(random_state)))
    return MenuPath(tuple(as_choices(customers, sums, rules, proofs, no_offer)))
