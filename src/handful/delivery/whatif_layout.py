"""How PLAN/whatif/ is laid out: what has no row in one record, rows in arrays by name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.evidence.frontier import MenuFacts
from handful.evidence.ledger import Means
from handful.evidence.terms import Terms
from handful.evidence.whatif_keep import small_codes
from handful.evidence.whatif_records import KeptEvidence, KeptSplit, KeptWorld
from handful.experiment.records import (
    Design,
    Experiment,
    Features,
    FeatureSchema,
    SourceFacts,
)
from handful.notation import BoolArray, FloatArray
from handful.planning.whatif_records import Planned, WhatIf
from handful.policy.records import Policy

FORMAT: Final = "handful.whatif/1"
CODES: Final = ("|u1", "<u2")
FLOAT: Final = ("<f4",)
NARROW: Final = ("|u1", "<i2", "<i4", "<f4", "<f8")


@dataclass(frozen=True, slots=True)
class HeadSplit:
    """What a split keeps besides rows: rivals by name, and what every world chose."""

    names: tuple[str, ...]
    worlds: tuple[KeptWorld, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """Everything of a `WhatIf` that has no row.

    `pool` holds the menus that worlds valued, once for all; a world with `worth` has that pool.
    """

    format: str
    rows: int
    clusters: int
    offers: tuple[str, ...]
    control: int | None
    currency: str
    population: float
    support: BoolArray
    schema: FeatureSchema
    terms: Terms
    means: Means
    clipped: Means | None
    follows: FloatArray
    apart: dict[int, bool]
    facts: tuple[MenuFacts, ...]
    claims: bool
    pool: tuple[tuple[int, ...], ...]
    splits: tuple[HeadSplit, ...]
    whole: KeptWorld
    shares: dict[int, FloatArray]
    limits: tuple[float, float] | None
    planned: Planned
    seed: int
    folds: int


def head_of(whatif: WhatIf) -> Head:
    """Return what has no row.

    Cost: O(1) in rows.
    """
    log, kept = whatif.log, whatif.kept
    nothing = np.zeros(0, np.int64)
    return Head(
        format=FORMAT,
        rows=log.n_rows,
        clusters=int(log.cluster.max(initial=-1)) + 1,
        offers=log.offers,
        control=log.control,
        currency=log.currency,
        population=whatif.planned.people,
        support=log.design.support,
        schema=whatif.schema,
        terms=replace(whatif.terms, fallback=nothing),
        means=kept.means,
        clipped=kept.clipped,
        follows=kept.follows,
        apart=kept.apart,
        facts=kept.facts,
        claims=kept.own is not None,
        pool=whatif.whole.pool,
        splits=tuple(
            HeadSplit(split.names, tuple(replace(world, pool=()) for world in split.worlds))
            for split in kept.splits
        ),
        whole=replace(whatif.whole, pool=()),
        shares=whatif.shares,
        limits=whatif.limits,
        planned=whatif.planned,
        seed=whatif.seed,
        folds=whatif.folds,
    )


def row_arrays(whatif: WhatIf) -> dict[str, np.ndarray]:
    """Return every array of rows by its file name; rows are the last axis.

    Cost: O(n) where types change.
    """
    log = whatif.log
    offers = log.n_offers
    found: dict[str, np.ndarray] = {
        "cluster": log.cluster.astype(np.int32),
        "stratum": log.stratum.astype(np.int32),
        "offer": small_codes(log.offer, offers),
        "profit": log.profit.astype(np.float32),
        "received": log.design.received.astype(np.float32),
        "fallback": small_codes(whatif.terms.fallback, offers),
        "assigned": whatif.assigned,
    }
    found |= {f"feature_{j:03d}": column for j, column in enumerate(whatif.columns)}
    if whatif.kept.own is not None:
        found["claims"] = whatif.kept.own
    for r, split in enumerate(whatif.kept.splits):
        found[f"split_{r}_fold"] = split.fold
        found[f"split_{r}_predicted"] = split.predicted
        found[f"split_{r}_rivals"] = split.codes
    return found


def wanted(head: Head) -> dict[str, tuple[tuple[int, ...], tuple[str, ...]]]:
    """Return the shape and the kinds that every array must have, by its file name."""
    n, offers = head.rows, len(head.offers)
    found: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
        "cluster": ((n,), ("<i4",)),
        "stratum": ((n,), ("<i4",)),
        "offer": ((n,), CODES),
        "profit": ((n,), FLOAT),
        "received": ((n,), FLOAT),
        "fallback": ((n,), CODES),
        "assigned": ((n,), CODES),
    }
    found |= {f"feature_{j:03d}": ((n,), NARROW) for j in range(len(head.schema.names))}
    if head.claims:
        found["claims"] = ((offers, n), FLOAT)
    for r, split in enumerate(head.splits):
        found[f"split_{r}_fold"] = ((n,), ("|u1",))
        found[f"split_{r}_predicted"] = ((offers, n), FLOAT)
        found[f"split_{r}_rivals"] = ((len(split.names), n), CODES)
    return found


def assembled(head: Head, arrays: dict[str, np.ndarray], policy: Policy) -> WhatIf:
    """Put head and arrays together again.

    Cost: O(n).
    """
    own = arrays.get("claims")
    splits = tuple(
        KeptSplit(
            fold=arrays[f"split_{r}_fold"],
            predicted=arrays[f"split_{r}_predicted"],
            names=split.names,
            codes=arrays[f"split_{r}_rivals"],
            worlds=tuple(_with_pool(world, head) for world in split.worlds),
        )
        for r, split in enumerate(head.splits)
    )
    return WhatIf(
        log=_log(head, arrays),
        schema=head.schema,
        columns=tuple(arrays[f"feature_{j:03d}"] for j in range(len(head.schema.names))),
        terms=replace(head.terms, fallback=arrays["fallback"].astype(np.int64)),
        kept=KeptEvidence(
            means=head.means,
            clipped=head.clipped,
            follows=head.follows,
            apart=head.apart,
            splits=splits,
            own=own,
            facts=head.facts,
        ),
        whole=_with_pool(head.whole, head),
        shares=head.shares,
        limits=head.limits,
        assigned=arrays["assigned"],
        planned=head.planned,
        seed=head.seed,
        folds=head.folds,
        policy=policy,
    )


def _with_pool(world: KeptWorld, head: Head) -> KeptWorld:
    return replace(world, pool=head.pool if len(world.worth) else ())


def _log(head: Head, arrays: dict[str, np.ndarray]) -> Experiment:
    support = head.support
    return Experiment(
        customers=np.arange(head.rows),
        cluster=arrays["cluster"].astype(np.int64),
        stratum=arrays["stratum"].astype(np.int64),
        strata=tuple(str(s) for s in range(len(support))),
        strata_columns=(),
        offer=arrays["offer"].astype(np.int64),
        offers=head.offers,
        control=head.control,
        profit=arrays["profit"].astype(np.float64),
        features=Features(FeatureSchema((), (), ()), np.zeros((head.rows, 0))),
        design=Design(
            kind="design",
            by_stratum=np.zeros(support.shape),
            received=arrays["received"].astype(np.float64),
            support=support,
        ),
        source=SourceFacts("", "", head.rows, head.rows, ""),
        currency=head.currency,
        population=head.population,
    )
