"""Ids written in two ways: nobody who refuses may slip by for a zero, a space or a case."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from handful.errors import DataError, Finding
from handful.experiment.consent_records import PURPOSES, ConsentRegister, Rights

_LOOKED_AT: Final = [PURPOSES.index(p) for p in ("train", "personalise", "contact", "share")]


def refuse_lookalikes(
    register: ConsentRegister, customers: np.ndarray | pa.Array, rights: Rights
) -> None:
    """Refuse customers whom the register does not name, and who look like one who says no.

    Only where silence is a yes somewhere: otherwise such a customer is left alone anyway.

    Args:
        register: who refuses what.
        customers: (n,) ids.
        rights: of the n customers.

    Raises:
        DataError: G048 there are some.

    Cost: O(1) where everybody is named or silence is a no; else O(n + m).
    """
    if register.unseen[_LOOKED_AT].all() or rights.known.all():
        return
    strangers = as_text(customers).filter(pa.array(~rights.known))
    refusing = register.ids.filter(pa.array(register.refused.any(axis=1)))
    alike = pc.is_in(plainest(strangers), value_set=plainest(refusing))
    count = int(pc.sum(alike).as_py() or 0)
    if count:
        message = (
            f"{count:,} customers are not in the consent table, but somebody who refuses is whose "
            "id differs from theirs only by case, spaces, leading zeros, an ending “.0” or the "
            "form of an accent."
        )
        remedy = "Write the ids alike in both; who really is another gets a row of their own there."
        raise DataError(Finding("G048", "block", message, remedy, count, count / len(customers)))


def as_text(customers: np.ndarray | pa.Array) -> Any:  # noqa: ANN401 - a pyarrow array
    """Return ids as text, whole numbers as digits."""
    if isinstance(customers, np.ndarray) and customers.dtype.kind not in "iu":
        return pa.array(customers.astype(object), pa.string())
    return pc.cast(pa.array(customers), pa.string())


def plainest(ids: Any) -> Any:  # noqa: ANN401 - a pyarrow array
    """Return ids without what two programmes may write differently."""
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(pc.utf8_normalize(ids, "NFKC")))
    plain = pc.replace_substring_regex(plain, r"^([0-9]+)\.0*$", r"\1")
    return pc.replace_substring_regex(plain, r"^0+([0-9]+)$", r"\1")
