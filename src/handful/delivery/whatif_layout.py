"""How the rows of PLAN/whatif/ are laid out in arrays, and how a `WhatIf` is put together again."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from handful.delivery.whatif_head import Head, HeadSample, HeadWorld, head_worlds, rows_of_rules
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
    Amount,
    Design,
    Experiment,
    Features,
    FeatureSchema,
    SourceFacts,
)
from handful.planning.whatif_records import WhatIf
from handful.policy.records import Policy

CODES: Final = ("|u1", "<u2")
FLOAT: Final = ("<f4",)
NARROW: Final = ("|u1", "<i2", "<i4", "<f4", "<f8")


def _with_rows(terms: Terms, head: Head, arrays: dict[str, np.ndarray]) -> Terms:
    if terms.limits is None:
        return terms
    rules = tuple(
        replace(rule, rows=arrays[f"limit_{at}"] if at in head.limited_rows else None)
        for at, rule in enumerate(terms.limits.rules)
    )
    return replace(terms, limits=replace(terms.limits, rules=rules))


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
    found |= {f"limit_{at}": rows for at, rows in rows_of_rules(whatif.terms).items()}
    for k, amount in enumerate(whatif.amounts):
        found[f"amount_{k}"] = log.amounts[k].values.astype(np.float32)
        if amount.predicted is not None:
            found[f"amount_{k}_claims"] = amount.predicted
    found |= {f"slope_{k}": rows for k, rows in enumerate(whatif.slope_rows)}
    for k, slope in enumerate(whatif.slopes):
        if slope is not None:
            found[f"slope_{k}_claims"] = slope
    for r, split in enumerate(whatif.kept.splits):
        found |= _split_arrays(f"split_{r}", split)
    return found


def _split_arrays(name: str, split: KeptSplit) -> dict[str, np.ndarray]:
    learned = {f"{name}_slope_{k}": slope.predicted for k, slope in enumerate(split.slopes)}
    learned |= {f"{name}_amount_{k}": each.predicted for k, each in enumerate(split.amounts)}
    return {
        f"{name}_fold": split.fold,
        f"{name}_predicted": split.predicted,
        f"{name}_rivals": split.codes,
    } | {key: array for key, array in learned.items() if array is not None}


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
    found |= {f"limit_{at}": ((n,), ("|b1",)) for at in head.limited_rows}
    found |= {f"amount_{k}": ((n,), FLOAT) for k in range(len(head.amounts))}
    expected = [k for k, learned in enumerate(head.learned_amounts) if learned]
    found |= {f"amount_{k}_claims": ((offers, n), FLOAT) for k in expected}
    learned = [k for k, slope in enumerate(head.slopes) if slope.learned]
    found |= {f"slope_{k}": ((n,), FLOAT) for k in range(len(head.slopes))}
    found |= {f"slope_{k}_claims": ((offers, n), FLOAT) for k in learned}
    for r, split in enumerate(head.splits):
        found[f"split_{r}_fold"] = ((n,), ("|u1",))
        found[f"split_{r}_predicted"] = ((offers, n), FLOAT)
        found[f"split_{r}_rivals"] = ((len(split.names), n), CODES)
        found |= {f"split_{r}_slope_{k}": ((offers, n), FLOAT) for k in learned}
        found |= {f"split_{r}_amount_{k}": ((offers, n), FLOAT) for k in expected}
    for name, world in head_worlds(head).items():
        if world.sample is not None:
            m = world.sample.rows
            found[f"{name}_rows"] = ((m,), ("<i4",))
            found[f"{name}_predicted"] = ((offers, m), FLOAT)
            found |= {f"{name}_slope_{k}": ((offers, m), FLOAT) for k in learned}
    return found


def assembled(head: Head, arrays: dict[str, np.ndarray], policy: Policy) -> WhatIf:
    """Put head and arrays together again.

    Cost: O(n).
    """
    splits = tuple(_split(r, head, arrays) for r in range(len(head.splits)))
    return WhatIf(
        log=_log(head, arrays),
        schema=head.schema,
        columns=tuple(arrays[f"feature_{j:03d}"] for j in range(len(head.schema.names))),
        terms=_with_rows(
            replace(head.terms, fallback=arrays["fallback"].astype(np.int64)), head, arrays
        ),
        kept=KeptEvidence(
            means=head.means,
            clipped=head.clipped,
            follows=head.follows,
            apart=head.apart,
            splits=splits,
            own=arrays.get("claims"),
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
        amounts=tuple(
            replace(amount, predicted=arrays.get(f"amount_{k}_claims"))
            for k, amount in enumerate(head.amounts)
        ),
        seed=head.seed,
        folds=head.folds,
        policy=policy,
    )


def _split(at: int, head: Head, arrays: dict[str, np.ndarray]) -> KeptSplit:
    name, told = f"split_{at}", head.splits[at]
    return KeptSplit(
        fold=arrays[f"{name}_fold"],
        predicted=arrays[f"{name}_predicted"],
        names=told.names,
        codes=arrays[f"{name}_rivals"],
        worlds=tuple(
            _world(f"{name}_world_{j}", world, head, arrays) for j, world in enumerate(told.worlds)
        ),
        slopes=tuple(
            KeptSlope(s.name, s.at, s.share, s.table, arrays.get(f"{name}_slope_{k}"))
            for k, s in enumerate(head.slopes)
        ),
        amounts=tuple(
            replace(amount, predicted=arrays.get(f"{name}_amount_{k}"))
            for k, amount in enumerate(head.amounts)
        ),
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
        amounts=tuple(
            Amount(amount.name, arrays[f"amount_{k}"].astype(np.float64))
            for k, amount in enumerate(head.amounts)
        ),
    )
