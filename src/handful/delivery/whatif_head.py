"""What of PLAN/whatif/ has no row: one record, head.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.evidence.frontier import MenuFacts
from handful.evidence.ledger import Means
from handful.evidence.terms import Terms
from handful.evidence.whatif_records import (
    KeptAmount,
    KeptWorld,
)
from handful.experiment.records import (
    FeatureSchema,
)
from handful.notation import BoolArray, FloatArray
from handful.planning.whatif_records import Assumption, Planned, WhatIf

FORMAT: Final = "handful.whatif/1"


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
    amounts: tuple[KeptAmount, ...]
    learned_amounts: tuple[bool, ...]
    limited_rows: tuple[int, ...]
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
        terms=_without_rows(replace(whatif.terms, fallback=nothing)),
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
        amounts=tuple(replace(amount, predicted=None) for amount in whatif.amounts),
        learned_amounts=tuple(amount.predicted is not None for amount in whatif.amounts),
        limited_rows=tuple(rows_of_rules(whatif.terms)),
        seed=whatif.seed,
        folds=whatif.folds,
    )


def rows_of_rules(terms: Terms) -> dict[int, BoolArray]:
    """Return the rows that a limit counts, by its place among the limits."""
    rules = () if terms.limits is None else terms.limits.rules
    return {at: rule.rows for at, rule in enumerate(rules) if rule.rows is not None}


def _without_rows(terms: Terms) -> Terms:
    if terms.limits is None:
        return terms
    rules = tuple(replace(rule, rows=None) for rule in terms.limits.rules)
    return replace(terms, limits=replace(terms.limits, rules=rules))


def _head_world(world: KeptWorld) -> HeadWorld:
    sample = world.sample
    told = None if sample is None else HeadSample(len(sample.rows), sample.means)
    return HeadWorld(replace(world, pool=(), sample=None), told)


def _head_slopes(whatif: WhatIf) -> tuple[HeadSlope, ...]:
    slopes = whatif.kept.splits[0].slopes if whatif.kept.splits else ()
    return tuple(
        HeadSlope(s.name, s.at, s.share, s.table, learned=s.predicted is not None) for s in slopes
    )


def head_worlds(head: Head) -> dict[str, HeadWorld]:
    """Return every world by the beginning of its files' names."""
    worlds = {
        f"split_{r}_world_{j}": world
        for r, split in enumerate(head.splits)
        for j, world in enumerate(split.worlds)
    }
    return worlds | {"whole": head.whole}


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
