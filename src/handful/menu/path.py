"""How the engine goes about it: which sizes are solved outright, which by samples and cuts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from handful.menu import passes
from handful.menu.exact import affordable, best_pair, enumerate_menus
from handful.menu.frontier import Level, Proof, Warm
from handful.menu.look import first_look
from handful.menu.passes import Customers
from handful.menu.sample import Samples, drawn, sample_sizes
from handful.menu.search import Found, Menu, Rules, as_menu, greedy, improve
from handful.menu.sources import MatrixSource, all_blocks
from handful.menu.sums import ColumnSums, SwapSums
from handful.menu.twins import smallest, smallest_found, twins
from handful.notation import FloatArray, IntArray

MOST_LEADERS = 12
STARTS = 10
SAMPLE_GAP = 0.7
"""Samples are closed to this share of the gap asked for, so that little is left for everybody."""
MENU_GAP = 0.02
"""The first sample is closed to this share of it for the sake of its menus."""
SAMPLE_ROUNDS = 40
FULL_ROUNDS = 15
SMALL_CELLS = 1 << 20
MOST_PAIRED = 128
"""Most offers whose pairs are all tried where the gap of two offers stays open."""
CLAIM = 1e-6
"""No gap below this share is claimed unless every menu was tried."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What the search is asked for.

    Attributes:
        gap: certificate aimed at, as a share of the value.
        seed: of the samples and of the starts.
    """

    gap: float
    seed: int


def solve(customers: Customers, rules: Rules, aim: Aim) -> tuple[dict[int, Proof], ColumnSums]:
    """Return the menu and bound of every K that the rules allow, and the column sums.

    Args:
        customers: all of them.
        rules: allowed menus and costs.
        aim: gap and seed.

    Cost: a pass is O(n K G); on structured data one or two passes certify 0.1 % for all K
    together, and a handful 0.002 %.
    """
    rows, offers = customers.source.rows, customers.source.offers
    samples: Samples | None = None
    if rules.last > 1 and rows is not None and rows * offers > SMALL_CELLS:
        samples = drawn(customers, aim.seed)
    if rows is None or samples is None:
        first = first_look(customers, aim.seed)
        rows, samples = first.sums.rows, first.reservoir
        if rows * offers <= SMALL_CELLS:
            return _solve_small(customers, rules, aim), first.sums
        if rules.last == 1:
            return {1: _single(first.sums, rules)}, first.sums
    level = _descend(customers, samples, sample_sizes(rows, offers), rules, aim)
    proofs = {k: _claimed(level.proof(k), rules) for k in level.trees}
    if 2 in proofs and proofs[2].bound - proofs[2].found.net > _slack(proofs[2], aim, rules):
        proofs[2] = _closer_pair(customers, level.columns, rules, proofs[2])
    if rules.first == 1:
        proofs[1] = _single(level.columns, rules)
    return {k: proofs[k] for k in _sizes(rules)}, level.columns


def _single(sums: ColumnSums, rules: Rules) -> Proof:
    """Return the best menu of one offer, which needs no search."""
    single = best_single(sums.totals, rules)
    return _claimed(Proof(single, single.net, (), ()), rules)


def _solve_small(customers: Customers, rules: Rules, aim: Aim) -> dict[int, Proof]:
    """Return menus and bounds by trying every menu, where there are few, and by cuts."""
    matrix = in_memory(customers)
    customers = Customers(MatrixSource(matrix), customers.weights, 1)
    weights = np.ones(len(matrix)) if customers.weights is None else customers.weights
    tried = [k for k in _sizes(rules) if affordable(len(matrix), rules, k)]
    solved = {k: enumerate_menus(matrix, weights, rules, k) for k in tried}
    proofs = {k: Proof(found, found.net, (), ()) for k, found in solved.items()}
    left = set(_sizes(rules)) - set(tried)
    if left:
        level = _first_level(customers, rules, aim, solved)
        level.tighten(aim.gap, FULL_ROUNDS)
        _named(level)
        proofs |= {k: _claimed(level.proof(k), rules) for k in left}
    return {k: proofs[k] for k in _sizes(rules)}


def _slack(proof: Proof, aim: Aim, rules: Rules) -> float:
    return aim.gap * abs(proof.found.net + rules.cost(proof.found.menu)) + CLAIM * abs(proof.bound)


def _closer_pair(customers: Customers, sums: ColumnSums, rules: Rules, proof: Proof) -> Proof:
    """Return the best of all pairs of offers, which one pass can try where there are not many."""
    if len(rules.costs) > MOST_PAIRED:
        return proof
    pair = best_pair(sums.totals, passes.pair_gains(customers), rules)
    best = proof.found if proof.found.net >= pair.net else pair
    return _claimed(Proof(best, max(pair.net, best.net), (), ()), rules)


def in_memory(customers: Customers) -> FloatArray:
    """Return all values as one float64 matrix, masked cells 0."""
    values = np.concatenate(list(all_blocks(customers.source))).astype(np.float64)
    values[np.isneginf(values)] = 0.0
    return values


def _sizes(rules: Rules) -> range:
    return range(rules.first, rules.last + 1)


def best_single(totals: FloatArray, rules: Rules) -> Found:
    """Return the best menu of one offer, which the column sums give."""
    net = totals - rules.costs
    net[rules.never] = -np.inf
    if rules.forced:
        net[~rules.always] = -np.inf
    offer = int(np.argmax(net))
    return Found((offer,), float(net[offer]))


def _descend(
    customers: Customers, samples: Samples, sizes: list[int], rules: Rules, aim: Aim
) -> Level:
    """Return the search on all customers, warmed by searches on samples of growing size."""
    if not sizes:
        return _named(_first_level(customers, rules, aim, {}))
    closer = Aim(aim.gap * SAMPLE_GAP, aim.seed)
    sample = samples.sample(sizes[0], customers)
    level = _first_level(sample, rules, closer, {})
    warm = level.warm()
    # Closing the sample further finds better menus; its cuts would only make the next pass dearer.
    level.tighten(aim.gap * MENU_GAP, SAMPLE_ROUNDS)
    first = twins(sample, rules)
    warm = replace(warm, menus=_smallest(level.menus(), first))
    for rows in sizes[1:]:
        sample = samples.sample(rows, customers)
        level = Level(sample, rules, warm)
        level.tighten(closer.gap, SAMPLE_ROUNDS)
        level.try_menus(level.rounded())
        first = twins(sample, rules)
        menus = _smallest(level.menus(), first)
        distinct = replace(rules, never=rules.never | (first != np.arange(len(first))))
        warm = replace(level.warm(), menus=menus, finalists=level.finalists(distinct, menus))
    level = Level(customers, rules, warm)
    # What is claimed at last adds the allowance for floating point.
    level.tighten(max(aim.gap - 1.01 * CLAIM, 0.5 * aim.gap), FULL_ROUNDS)
    _search_everybody(level, aim, searched=len(sizes) == 1)
    named = _smallest(level.menus(), first)
    level.try_menus({k: menu for k, menu in named.items() if menu != level.found[k].menu})
    return level


def _search_everybody(level: Level, aim: Aim, *, searched: bool) -> None:
    """Search near the fractional menus; and near the best known where that was not yet done."""
    if searched:
        level.try_menus(level.rounded())
        return
    level.try_menus({k: level.found[k].menu for k in level.open(aim.gap)})


def _named(level: Level) -> Level:
    """Name the smallest columns among offers that are worth the same to all of its customers."""
    first = twins(level.customers, level.rules)
    level.found = {k: smallest_found(found, first) for k, found in level.found.items()}
    return level


def _smallest(menus: dict[int, Menu], first: IntArray) -> dict[int, Menu]:
    return {k: smallest(menu, first) for k, menu in menus.items()}


def _first_level(customers: Customers, rules: Rules, aim: Aim, solved: dict[int, Found]) -> Level:
    level = Level(customers, rules, _start(customers, rules, solved), frozenset(solved))
    level.tighten(aim.gap, SAMPLE_ROUNDS)
    _search_wider(level, rules, aim, np.random.default_rng(aim.seed))
    return level


def _start(customers: Customers, rules: Rules, solved: dict[int, Found]) -> Warm:
    """Return greedy menus improved by swaps, and the groups they suggest."""

    def swaps(menus: IntArray) -> SwapSums:
        return passes.swap_sums(customers, menus)

    start = greedy(rules, passes.scan(customers).totals, swaps)
    start |= {k: found.menu for k, found in solved.items()}
    found = improve(rules, start, swaps)
    menus = {k: each.menu for k, each in found.items()}
    grouping = menus[min(max(menus), max(MOST_LEADERS, min(menus)))]
    return Warm(menus, {}, [], np.array(grouping[:MOST_LEADERS], dtype=np.int64))


def _search_wider(level: Level, rules: Rules, aim: Aim, rng: np.random.Generator) -> None:
    """Search from several random menus where the gap stayed wide, then cut once more."""
    open_sizes = level.open(aim.gap)
    better = level.try_menus(level.rounded())
    for _ in range(STARTS if open_sizes else 0):
        better |= level.try_menus({k: random_menu(rules, k, rng) for k in open_sizes})
    if better:
        level.tighten(aim.gap, 1)


def random_menu(rules: Rules, offers: int, rng: np.random.Generator) -> Menu:
    """Return an allowed menu at random."""
    drawn = rng.choice(rules.free, offers - len(rules.forced), replace=False)
    return as_menu([*rules.forced, *drawn.tolist()])


def _claimed(proof: Proof, rules: Rules) -> Proof:
    """Return the proof with its bound no nearer than what sums in floating point can carry."""
    value = proof.found.net + rules.cost(proof.found.menu)
    allowance = CLAIM * max(abs(proof.bound), abs(value))
    return Proof(proof.found, proof.bound + allowance, proof.proven_in, proof.proven_out)
