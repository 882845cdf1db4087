"""Consent beside a plan: the copy of the register that decisions ask first.

consent.parquet holds one row per customer of the consent table as it was when the plan was made:
id, one column per purpose, channel and tier. It names persons: mode 0600.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from handful.brief.consent import ConsentSpec
from handful.delivery.files import PRIVATE
from handful.errors import DataError, blocked
from handful.experiment.consent import read_register
from handful.experiment.consent_records import (
    PURPOSES,
    Binding,
    ConsentFacts,
    ConsentGate,
    ConsentRegister,
)
from handful.experiment.consent_rows import rights_of

CONSENT_NAME: Final = "consent.parquet"
"""The copy of the register in a plan folder."""


def write_register(register: ConsentRegister, path: Path) -> None:
    """Write a register as Parquet, readable by its owner only.

    Args:
        register: who refuses what.
        path: the file, which does not exist yet.

    Cost: O(customers).
    """
    columns = {"id": register.ids}
    for at, purpose in enumerate(PURPOSES):
        columns[f"refuses_{purpose}"] = pa.array(register.refused[:, at])
    for at, channel in enumerate(register.channels):
        columns[f"refuses_channel_{channel}"] = pa.array(register.channel_refused[:, at])
    for at, tier in enumerate(register.tiers):
        columns[f"member_{tier}"] = pa.array(register.member[:, at])
    path.touch(mode=PRIVATE)
    with path.open("wb") as stream:
        pq.write_table(pa.table(columns), stream, compression="zstd")


def read_gate(
    document: Mapping[str, Any], folder: Path, offers: tuple[str, ...], source: str | None = None
) -> ConsentGate | None:
    """Return what a decision by a stored plan must ask first; None for a plan without consent.

    Args:
        document: of plan.json.
        folder: of the plan.
        offers: (G,) names.
        source: the consent table of today, read in place of the copy.

    Raises:
        DataError: G071 the copy is gone and no table is given; and those of `read_register`.
        BriefError: those of `read_register`.

    Cost: O(customers of the register), or O(events) with a source.
    """
    said = document.get("consent")
    if said is None:
        return None
    register = _register(said, folder, source)
    binding = Binding(
        default=offers.index(said["default_offer"]),
        control=None if said["control"] is None else offers.index(said["control"]),
        channel=_places(offers, said["channels"], register.channels),
        tier=_places(offers, said["tiers"], register.tiers),
    )
    return ConsentGate(register, binding)


def may_be_shared(table: pa.Table, gate: ConsentGate | None) -> pa.Table:
    """Return a table of assignments without the customers who refuse to be shared.

    Args:
        table: with a column `customer`.
        gate: who refuses; None where no consent table is kept.
    """
    if gate is None:
        return table
    rights = rights_of(gate.register, table.column("customer").combine_chunks())
    return table.filter(pa.array(~rights.says_no("share")))


def _register(said: Mapping[str, Any], folder: Path, source: str | None) -> ConsentRegister:
    if source is not None:
        table = said["table"]
        spec = ConsentSpec(
            source=source,
            # Who uses a plan asks what holds now: a grant that ran out since does not.
            as_of=datetime.now(tz=UTC).isoformat(),
            customer=table["customer"],
            scope=table["scope"],
            consent_only=tuple(table["consent_only"]),
            purposes=table["purposes"],
            implicit_sources=tuple(table["implicit_sources"]),
            requires_tier=said["tiers"],
        )
        return read_register(spec, ".", tuple(said["channels"].values()))
    file = folder / CONSENT_NAME
    if not file.is_file():
        message = f"expected {CONSENT_NAME} beside plan.json; it is not there."
        raise DataError(blocked("G071", message, "Give the consent table with --consent."))
    return _read_copy(said, file)


def _read_copy(said: Mapping[str, Any], file: Path) -> ConsentRegister:
    table = pq.read_table(file).combine_chunks()
    channels = tuple(sorted(set(said["channels"].values())))
    tiers = tuple(sorted(set(said["tiers"].values())))
    silence = said["table"]["consent_only"]
    return ConsentRegister(
        ids=table.column("id").combine_chunks(),
        refused=_stack(table, [f"refuses_{purpose}" for purpose in PURPOSES]),
        unseen=np.array([purpose in silence for purpose in PURPOSES]),
        channels=channels,
        channel_refused=_stack(table, [f"refuses_channel_{channel}" for channel in channels]),
        tiers=tiers,
        member=_stack(table, [f"member_{tier}" for tier in tiers]),
        facts=ConsentFacts(**{entry.name: said[entry.name] for entry in fields(ConsentFacts)}),
    )


def _stack(table: pa.Table, names: list[str]) -> np.ndarray:
    columns = [table.column(name).to_numpy() for name in names]
    return np.column_stack(columns) if columns else np.zeros((table.num_rows, 0), dtype=np.bool_)


def _places(
    offers: tuple[str, ...], named: Mapping[str, str], among: tuple[str, ...]
) -> np.ndarray:
    places = [among.index(named[name]) if name in named else -1 for name in offers]
    return np.array(places, dtype=np.int64)
