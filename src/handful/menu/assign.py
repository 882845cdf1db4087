"""Who takes which offer of a menu."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from handful.errors import BriefError, blocked
from handful.menu.search import Menu
from handful.menu.sources import Values, all_blocks, open_source
from handful.notation import AnyFloatArray, IntArray


def assign_menu(values: Values, menu: Menu) -> IntArray:
    """Return the column that each customer takes, -1 for the fallback.

    a_i = argmax_{g in S} P_ig; ties go to the smallest column. A customer takes the fallback (-1)
    where some offer of the menu is masked for them and no other is worth more than 0.

    Args:
        values: (n, G) predicted profit, as in `choose_menu`.
        menu: column numbers S.

    Returns:
        (n,) column numbers.

    Raises:
        BriefError: M606 unknown columns or none.

    Cost O(n K).

    Example:
        >>> import numpy as np
        >>> assign_menu(np.array([[1.0, 0.0, 3.0], [1.0, 2.0, 0.0]]), (1, 2)).tolist()
        [2, 1]
    """
    source = open_source(values)
    columns = sorted(set(menu))
    if not columns or columns[0] < 0 or columns[-1] >= source.offers:
        message = f"expected columns 0 to {source.offers - 1} in the menu; found {list(menu)}."
        raise BriefError(blocked("M606", message, "Count columns from 0."))
    return np.concatenate(list(_assigned(all_blocks(source), np.array(columns))))


def _assigned(blocks: Iterator[AnyFloatArray], columns: IntArray) -> Iterator[IntArray]:
    for block in blocks:
        place, fallback = best_places(block, columns)
        yield np.where(fallback, -1, columns[place])


def best_places(block: AnyFloatArray, columns: IntArray) -> tuple[IntArray, IntArray]:
    """Return each customer's best place in the menu and whether they keep the fallback."""
    values = block[:, columns]
    place = values.argmax(axis=1)
    masked = np.isneginf(values).any(axis=1)
    return place, (masked & (values.max(axis=1) <= 0)).astype(np.int64)
