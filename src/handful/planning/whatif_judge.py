"""The verdict on what was kept: the plan's own steps, from the ledger to the reasons.

Where every world chooses what it chose for the plan, the plan's own sums are used and nothing is
counted again. Cost O(draws q^2), and that of the columns that changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from handful.evidence.announcing import make_rule
from handful.evidence.authoring import can_run, named_menus, one_more, past_cap
from handful.evidence.curse import Rule
from handful.evidence.evidence import reach_verdict
from handful.evidence.frontier import (
    RIVALS,
    MenuFacts,
    make_frontier,
    make_references,
    make_values,
)
from handful.evidence.instability import FIXED, single_noise
from handful.evidence.ledger import Means
from handful.evidence.limited_split import single_is_menu
from handful.evidence.names import BEST_SINGLE, NO_OFFER, ONE_TO_ONE, menu_name, single_name
from handful.evidence.records import Estimate, FrontierPoint, References, Verdict
from handful.evidence.running import charged
from handful.evidence.splits import WorldChoice
from handful.evidence.terms import Terms
from handful.evidence.variety import single_costs, with_costs
from handful.evidence.verdict import AS_LOGGED, Case, challenges
from handful.evidence.whatif_choice import choose_again
from handful.evidence.whatif_columns import (
    Column,
    Table,
    best_place,
    clipped_means,
    follow_shares,
    logged_column,
    make_half,
    means_of,
    menu_column,
    tells_apart,
    write_column,
)
from handful.notation import IntArray
from handful.planning.by_hand import or_by_hand
from handful.planning.varying import one_more_words
from handful.planning.whatif_records import WhatIf
from handful.policy.policy import assign_codes

Choices = tuple[tuple[WorldChoice, ...], ...]
"""What every world of every split chooses."""


@dataclass(frozen=True, slots=True)
class Sums:
    """A ledger as the verdict reads it; see `KeptEvidence`."""

    means: Means
    clipped: Means | None
    follows: np.ndarray
    apart: Mapping[int, bool]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a plan would say under some terms.

    Attributes:
        reference, frontier, verdict: as in a plan.
        menus: size -> codes of the final menus; `single` the best single offer.
        choices: of every world.
        more: what one more offer than the team can author would be worth.
        moved: whether some world chooses otherwise than for the plan.
        rule: the verdict as arithmetic; `setup` (G,) what each single offer costs per customer.
    """

    reference: References
    frontier: tuple[FrontierPoint, ...]
    verdict: Verdict
    menus: Mapping[int, tuple[int, ...]]
    single: int
    choices: Choices
    more: Estimate | None
    moved: bool
    rule: Rule
    setup: tuple[float, ...]


def judge(whatif: WhatIf, terms: Terms) -> Judged:
    """Reach the verdict under other terms.

    Args:
        whatif: what was kept.
        terms: those of the question.

    Cost: see the module.
    """
    choices = choices_at(whatif, terms)
    planned = choices_at(whatif, whatif.terms)
    moved = choices != planned
    sums = changed_sums(whatif, terms, choices) if moved else _kept_sums(whatif)
    noise = single_noise(sums.means, terms, whatif.folds, whatif.seed)
    covariance = sums.means.covariance + noise * np.outer(sums.follows, sums.follows)
    raw = replace(sums.means, covariance=covariance)
    values = make_values(raw, whatif.seed)
    single = _best_single(whatif, raw, terms)
    menus, facts = final_menus(whatif, terms, single)
    shown = [f for f in facts if menu_name(f.offers) in values.value]
    frontier = make_frontier(values, [f for f in shown if can_run(menus[f.offers], terms)])
    log = whatif.log
    case = _case(raw, sums, frontier, terms, single)
    held = challenges(log, case, whatif.seed, sums.apart)
    verdict = reach_verdict(log, case, held, terms, whatif.seed)
    more = one_more(raw, frontier, past_cap(facts, terms), whatif.seed)
    control = None if log.control is None else log.offers[log.control]
    return Judged(
        reference=make_references(values, log.offers[single], control),
        frontier=frontier,
        verdict=_told(whatif, terms, verdict, more),
        menus=menus,
        single=single,
        choices=choices,
        more=more,
        moved=moved,
        rule=make_rule(case, held),
        setup=case.setup,
    )


def _case(
    raw: Means, sums: Sums, frontier: tuple[FrontierPoint, ...], terms: Terms, single: int
) -> Case:
    """Gather what the verdict is argued from; which clusters differ is known already."""
    return Case(
        means=raw,
        clipped=sums.clipped,
        codes={},
        frontier=frontier,
        setup=tuple(float(c) for c in single_costs(terms)),
        allowed=terms.singles,
        single=single,
        fallback=terms.fallback,
        limited=terms.limits is not None,
        cost_weight=terms.cost_weight,
        slack=terms.slack,
    )


def _told(whatif: WhatIf, terms: Terms, verdict: Verdict, more: Estimate | None) -> Verdict:
    """Add what the plan adds to the verdict of the evidence."""
    planned = whatif.planned
    people = whatif.planned.people if terms.stock is None else terms.stock.population
    found = or_by_hand(verdict, people, planned.minutes_per_card, planned.hours)
    if terms.author is None or more is None:
        return found
    words = one_more_words(more, terms.author, whatif.log.currency)
    return replace(found, reasons=(*found.reasons, words))


def _kept_sums(whatif: WhatIf) -> Sums:
    kept = whatif.kept
    return Sums(kept.means, kept.clipped, kept.follows, kept.apart)


def choices_at(whatif: WhatIf, terms: Terms) -> Choices:
    """Return what every world chooses under some terms.

    Cost: O(R J |pool|).
    """
    return tuple(
        tuple(choose_again(world, whatif.terms, terms) for world in split.worlds)
        for split in whatif.kept.splits
    )


def table_of(whatif: WhatIf) -> Table:
    """Return the log ready for columns, made once.

    Cost: O(R n) once.
    """
    found = whatif.cache.get("table")
    if found is None:
        log = whatif.log
        cells = None if bool(log.design.support.all()) else log.open_cells
        halves = tuple(
            make_half(log, split.fold, split.predicted, whatif.limits)
            for split in whatif.kept.splits
        )
        alone = len(log.cluster) == int(log.cluster.max()) + 1 and bool(
            np.array_equal(log.cluster, np.arange(log.n_rows))
        )
        found = Table(log, cells, whatif.terms.fallback, halves, alone)
        whatif.cache["table"] = found
    kept: Table = found
    return kept


def changed_sums(whatif: WhatIf, terms: Terms, choices: Choices) -> Sums:
    """Write the ledger again for what the worlds choose now; columns are written once each.

    Cost: O(R n K) for menus not seen before.
    """
    columns = {name: _column(whatif, name, terms, choices) for name in whatif.kept.means.names}
    means = means_of(columns, whatif.log.n_rows)
    chosen = [n for n in columns if n not in FIXED and not n.startswith("single:")]
    table = table_of(whatif)
    apart = {
        offers: _apart(whatif, table, columns[menu_name(offers)], terms)
        for offers in whatif.kept.apart
    }
    clipped = None if whatif.limits is None else clipped_means(columns, means)
    return Sums(means, clipped, follow_shares(columns, chosen), apart)


def _apart(whatif: WhatIf, table: Table, column: Column, terms: Terms) -> bool:
    key = ("apart", id(column))
    if key not in whatif.cache:
        whatif.cache[key] = column.codes is not None and tells_apart(
            table, column.codes, terms.singles
        )
    return bool(whatif.cache[key])


def _column(whatif: WhatIf, name: str, terms: Terms, choices: Choices) -> Column:
    """Return one column, written when it is first asked for."""
    table = table_of(whatif)
    menus = menus_of(name, terms, choices)
    key = ("column", name if menus is None else menus)
    if key not in whatif.cache:
        if menus is not None:
            whatif.cache[key] = menu_column(table, menus)
        else:
            whatif.cache[key] = fixed_column(whatif, table, name, terms)
    found: Column = whatif.cache[key]
    return found


def menus_of(
    name: str, terms: Terms, choices: Choices
) -> tuple[tuple[tuple[int, ...], ...], ...] | None:
    """Return the menu that every fold gets under a name; None where no world chooses it."""
    if name == BEST_SINGLE or (name == menu_name(1) and not terms.always):
        return tuple(tuple((c.single,) for c in split) for split in choices)
    if name == ONE_TO_ONE:
        return tuple(tuple(terms.allowed for _ in split) for split in choices)
    if name.startswith("menu:") or name == "beyond":
        return tuple(tuple(named_menus(c.menus, terms)[name] for c in split) for split in choices)
    return None


def fixed_column(whatif: WhatIf, table: Table, name: str, terms: Terms) -> Column:
    """Return the column of what no world chooses: one offer for all, a rival, the log's own mix.

    Cost: O(R n).
    """
    log = whatif.log
    if name == AS_LOGGED:
        return logged_column(table)
    if name in RIVALS:
        given = [
            split.codes[split.names.index(name)].astype(np.int64)
            for split in whatif.kept.splits[: len(table.halves)]
        ]
        return write_column(table, given)
    code = log.control if name == NO_OFFER else None
    if code is None:
        code = next(g for g in terms.singles if single_name(g) == name)
    everybody = np.broadcast_to(np.int64(code), (log.n_rows,))
    return write_column(table, [everybody] * len(table.halves))


def _best_single(whatif: WhatIf, raw: Means, terms: Terms) -> int:
    if terms.read is not None:
        return whatif.whole.single
    net = {g: float(raw.value[raw.at(single_name(g))] - terms.setup[g]) for g in terms.allowed}
    return max(net, key=lambda g: net[g])


def final_menus(
    whatif: WhatIf, terms: Terms, single: int
) -> tuple[dict[int, tuple[int, ...]], list[MenuFacts]]:
    """Return the menus that would be run, what the model claims of them and what they cost.

    Cost: O(n K) for menus that change.
    """
    chosen = choose_again(whatif.whole, whatif.terms, terms).menus
    menus, facts = {}, []
    for known in whatif.kept.facts:
        size = known.offers
        menu = chosen.get(size, whatif.whole.menus[size])
        if size == 1 and single_is_menu(terms):
            menu = (single,)
        if menu != whatif.whole.menus[size]:
            known = _other_menu(whatif, known, menu)
        menus[size] = menu
        facts.append(
            replace(known, setup_cost=float(terms.setup[list(menu)].sum()), running_cost=0.0)
        )
    return menus, charged(with_costs(facts, menus, whatif.shares, terms), terms)


def given_by_claims(whatif: WhatIf, menu: tuple[int, ...]) -> IntArray:
    """Return (n,) what the final model gives everybody from a menu, written once.

    Cost: O(n K).
    """
    key = ("given", menu)
    if key not in whatif.cache:
        own, table = whatif.kept.own, table_of(whatif)
        if own is None:
            raise ValueError("the plan kept no predictions")
        if table.cells is None:
            whatif.cache[key] = np.array(menu)[best_place([own[g] for g in menu])]
        else:
            whatif.cache[key] = assign_codes(own.T, menu, table.cells, table.fallback)
    found: IntArray = whatif.cache[key]
    return found


def final_claims(whatif: WhatIf, known: MenuFacts) -> MenuFacts:
    """Return the facts of the final menu of a size, claimed again.

    Cost: O(n K).
    """
    return _other_menu(whatif, known, whatif.whole.menus[known.offers])


def _other_menu(whatif: WhatIf, known: MenuFacts, menu: tuple[int, ...]) -> MenuFacts:
    """Return the facts of a menu that the plan did not choose."""
    own = whatif.kept.own
    claimed = float("nan")
    if own is not None and table_of(whatif).cells is None:
        claimed = float(np.maximum.reduce([own[g] for g in menu]).mean(dtype=np.float64))
    elif own is not None:
        given = given_by_claims(whatif, menu)
        claimed = float(own[given, np.arange(len(given))].mean(dtype=np.float64))
    proven = bool(whatif.whole.pool) and bool(whatif.log.design.support.all())
    names = tuple(whatif.log.offers[g] for g in menu)
    gap = 0.0 if proven else None
    return replace(known, menu=names, claimed=claimed, certified_gap=gap)
