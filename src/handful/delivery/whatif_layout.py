"""How PLAN/whatif/ is laid out: what has no row in one record, rows in arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.evidence.frontier import MenuFacts
from handful.evidence.ledger import Means
from handful.evidence.terms import Terms
from handful.evidence.whatif_keep import small_codes
from handful.evidence.whatif_records import (
    KeptEvidence,
    KeptSample,
    KeptSlope,
    KeptSplit,
    KeptWorld,
)
from handful.experiment.records import (
    Design,
    Experiment,
    Features,
    FeatureSchema,
    SourceFacts,
)
from handful.notation import BoolArray, FloatArray
from handful.planning.whatif_records import Assumption, Planned, WhatIf
from handful.policy.records import Policy

FORMAT: Final = "handful.whatif/1"
CODES: Final = ("|u1", "<u2")
FLOAT: Final = ("<f4",)
NARROW: Final = ("|u1", "<i2", "<i4", "<f4", "<f8")


@dataclass(frozen=True, slots=True)
class HeadSample:
    """What a world's sample keeps besides its rows: how many, and the means of the slopes."""

    rows: int
    means: FloatArray


@dataclass(frozen=True, slots=True)
class HeadWorld:
    """A world whose pool and sample lie elsewhere."""

    world: KeptWorld
    sample: HeadSample | None


@dataclass(frozen=True, slots=True)
class HeadSplit:
    """What a split keeps besides rows: rivals by name, and what every world chose."""

    names: tuple[str, ...]
    worlds: tuple[HeadWorld, ...]


@dataclass(frozen=True, slots=True)
class HeadSlope:
    """A slope; `learned` where its predictions lie in arrays."""

    name: str
    at: float
    share: float
    table: FloatArray
    learned: bool


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
    whole: HeadWorld
    shares: dict[int, FloatArray]
    limits: tuple[float, float] | None
    planned: Planned
    assumptions: tuple[Assumption, ...]
    slopes: tuple[HeadSlope, ...]
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
            HeadSplit(split.names, tuple(_head_world(world) for world in split.worlds))
            for split in kept.splits
        ),
        whole=_head_world(whatif.whole),
        shares=whatif.shares,
        limits=whatif.limits,
        planned=whatif.planned,
        assumptions=whatif.assumptions,
        slopes=_head_slopes(whatif),
        seed=whatif.seed,
        folds=whatif.folds,
    )


def _head_world(world: KeptWorld) -> HeadWorld:
    sample = world.sample
    told = None if sample is None else HeadSample(len(sample.rows), sample.means)
    return HeadWorld(replace(world, pool=(), sample=None), told)


def _head_slopes(whatif: WhatIf) -> tuple[HeadSlope, ...]:
    slopes = whatif.kept.splits[0].slopes if whatif.kept.splits else ()
    return tuple(
        HeadSlope(s.name, s.at, s.share, s.table, learned=s.predicted is not None) for s in slopes
    )


def samples_of(whatif: WhatIf) -> dict[str, KeptSample]:
    """Return every sample of a world by the beginning of its files' names."""
    worlds = {
        f"split_{r}_world_{j}": world
        for r, split in enumerate(whatif.kept.splits)
        for j, world in enumerate(split.worlds)
    }
    worlds["whole"] = whatif.whole
    return {name: world.sample for name, world in worlds.items() if world.sample is not None}


def sample_arrays(name: str, sample: KeptSample) -> dict[str, np.ndarray]:
    """Return the arrays of a sample by their file names; its rows are the last axis."""
    found: dict[str, np.ndarray] = {
        f"{name}_rows": sample.rows.astype(np.int32),
        f"{name}_predicted": sample.predicted,
    }
    learned = {f"{name}_slope_{k}": slope for k, slope in enumerate(sample.slopes)}
    return found | {key: slope for key, slope in learned.items() if slope is not None}


def _sample(
    name: str, head: HeadSample | None, slopes: int, arrays: dict[str, np.ndarray]
) -> KeptSample | None:
    if head is None:
        return None
    return KeptSample(
        rows=arrays[f"{name}_rows"].astype(np.int64),
        predicted=arrays[f"{name}_predicted"],
        slopes=tuple(arrays.get(f"{name}_slope_{k}") for k in range(slopes)),
        means=head.means,
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
    found |= {f"slope_{k}": rows for k, rows in enumerate(whatif.slope_rows)}
    for k, slope in enumerate(whatif.slopes):
        if slope is not None:
            found[f"slope_{k}_claims"] = slope
    for r, split in enumerate(whatif.kept.splits):
        found[f"split_{r}_fold"] = split.fold
        found[f"split_{r}_predicted"] = split.predicted
        found[f"split_{r}_rivals"] = split.codes
        for k, kept in enumerate(split.slopes):
            if kept.predicted is not None:
                found[f"split_{r}_slope_{k}"] = kept.predicted
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
    learned = [k for k, slope in enumerate(head.slopes) if slope.learned]
    found |= {f"slope_{k}": ((n,), FLOAT) for k in range(len(head.slopes))}
    found |= {f"slope_{k}_claims": ((offers, n), FLOAT) for k in learned}
    for r, split in enumerate(head.splits):
        found[f"split_{r}_fold"] = ((n,), ("|u1",))
        found[f"split_{r}_predicted"] = ((offers, n), FLOAT)
        found[f"split_{r}_rivals"] = ((len(split.names), n), CODES)
        found |= {f"split_{r}_slope_{k}": ((offers, n), FLOAT) for k in learned}
    for name, world in _head_worlds(head).items():
        if world.sample is not None:
            m = world.sample.rows
            found[f"{name}_rows"] = ((m,), ("<i4",))
            found[f"{name}_predicted"] = ((offers, m), FLOAT)
            found |= {f"{name}_slope_{k}": ((offers, m), FLOAT) for k in learned}
    return found


def _head_worlds(head: Head) -> dict[str, HeadWorld]:
    worlds = {
        f"split_{r}_world_{j}": world
        for r, split in enumerate(head.splits)
        for j, world in enumerate(split.worlds)
    }
    return worlds | {"whole": head.whole}


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
            worlds=tuple(
                _world(f"split_{r}_world_{j}", world, head, arrays)
                for j, world in enumerate(split.worlds)
            ),
            slopes=tuple(
                KeptSlope(s.name, s.at, s.share, s.table, arrays.get(f"split_{r}_slope_{k}"))
                for k, s in enumerate(head.slopes)
            ),
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
        whole=_world("whole", head.whole, head, arrays),
        shares=head.shares,
        limits=head.limits,
        assigned=arrays["assigned"],
        planned=head.planned,
        assumptions=head.assumptions,
        slope_rows=tuple(arrays[f"slope_{k}"] for k in range(len(head.slopes))),
        slopes=tuple(arrays.get(f"slope_{k}_claims") for k in range(len(head.slopes))),
        seed=head.seed,
        folds=head.folds,
        policy=policy,
    )


def _world(name: str, told: HeadWorld, head: Head, arrays: dict[str, np.ndarray]) -> KeptWorld:
    sample = _sample(name, told.sample, len(head.slopes), arrays)
    pool = head.pool if len(told.world.worth) else ()
    return replace(told.world, pool=pool, sample=sample)


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


def with_sample_sizes(head: Head, sizes: Mapping[str, int]) -> Head:
    """Return the head with other sizes of samples, by the beginning of their files' names."""

    def sized(name: str, world: HeadWorld) -> HeadWorld:
        if world.sample is None:
            return world
        return replace(world, sample=replace(world.sample, rows=sizes[name]))

    return replace(
        head,
        whole=sized("whole", head.whole),
        splits=tuple(
            replace(
                split,
                worlds=tuple(
                    sized(f"split_{r}_world_{j}", world) for j, world in enumerate(split.worlds)
                ),
            )
            for r, split in enumerate(head.splits)
        ),
    )
