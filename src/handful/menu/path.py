"""How the engine goes about it: which sizes are solved outright, which by samples and cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.menu import passes
from handful.menu.exact import affordable, best_pair, enumerate_menus
from handful.menu.frontier import Level, Proof, Warm
from handful.menu.passes import Customers
from handful.menu.sample import Reservoir
from handful.menu.search import Found, Menu, Rules, as_menu, greedy, improve
from handful.menu.sources import MatrixSource
from handful.menu.sums import ColumnSums, SwapSums
from handful.notation import FloatArray, IntArray

SAMPLE_CELLS = 20_000 * 64
SAMPLE_ROWS = (10_000, 20_000)
REACH = 50
"""More customers than this many samples need a larger sample in between."""
GROWTH = 15
LARGE_CELLS = 40_000_000
MOST_LEADERS = 12
STARTS = 10
SAMPLE_GAP = 0.5
"""Samples are closed to this share of the gap asked for, so that little is left for everybody."""
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


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What the first reading of the customers gives.

    Attributes:
        sums: column sums, weight, rows.
        reservoir: rows to draw samples from.
    """

    sums: ColumnSums
    reservoir: Reservoir


def look(customers: Customers, seed: int) -> FirstLook:
    """Return the column sums and a sample, in one reading."""
    sizes = sample_sizes(customers.source.rows, customers.source.offers)
    reservoir = Reservoir(max(sizes, default=0), np.random.default_rng(seed))
    watch = reservoir.see if sizes else None
    return FirstLook(passes.scan(customers, watch), reservoir)


def solve(customers: Customers, first: FirstLook, rules: Rules, aim: Aim) -> dict[int, Proof]:
    """Return the menu and bound of every K that the rules allow.

    Args:
        customers: all of them.
        first: their column sums and a sample.
        rules: allowed menus and costs.
        aim: gap and seed.

    Cost: a pass is O(n K G); on structured data some 10 passes certify 0.1 % and 20 certify
    0.002 % for all K together.
    """
    sums = first.sums
    solved = {1: best_single(sums.totals, rules)} if rules.first == 1 else {}
    small = sums.rows * len(rules.costs) <= SMALL_CELLS
    if small:
        matrix = in_memory(customers)
        customers = Customers(MatrixSource(matrix), customers.weights, 1)
        weights = np.ones(len(matrix)) if customers.weights is None else customers.weights
        sizes = [k for k in _sizes(rules) if affordable(len(matrix), rules, k)]
        solved |= {k: enumerate_menus(matrix, weights, rules, k) for k in sizes}
    proofs = {k: Proof(found, found.net, (), ()) for k, found in solved.items()}
    if not small:
        proofs = {k: _claimed(proof, rules) for k, proof in proofs.items()}
    left = [k for k in _sizes(rules) if k not in solved]
    if left:
        level = _descend(customers, first, rules, aim, solved)
        proofs |= {k: _claimed(level.proof(k), rules) for k in left}
        if 2 in left and proofs[2].bound - proofs[2].found.net > _slack(proofs[2], aim, rules):
            proofs[2] = _closer_pair(customers, sums, rules, proofs[2])
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
    values = np.concatenate(list(customers.source.blocks())).astype(np.float64)
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
    customers: Customers, first: FirstLook, rules: Rules, aim: Aim, solved: dict[int, Found]
) -> Level:
    """Return the search on all customers, warmed by searches on samples of growing size."""
    rng = np.random.default_rng(aim.seed)
    sizes = set(_sizes(rules)) - set(solved)
    samples = sample_sizes(first.sums.rows, len(rules.costs))
    if not samples:
        return _first_level(customers, rules, aim, solved, rng)
    closer = Aim(aim.gap * SAMPLE_GAP, aim.seed)
    group = first.reservoir.sample(samples[0], customers)
    level = _first_level(group, rules, closer, solved, rng)
    for rows in samples[1:]:
        level = Level(first.reservoir.sample(rows, customers), rules, level.warm(), sizes)
        level.tighten(closer.gap, SAMPLE_ROUNDS)
    level = Level(customers, rules, level.warm(), sizes)
    level.tighten(aim.gap, FULL_ROUNDS)
    return level


def _first_level(
    customers: Customers,
    rules: Rules,
    aim: Aim,
    solved: dict[int, Found],
    rng: np.random.Generator,
) -> Level:
    sizes = set(_sizes(rules)) - set(solved)
    level = Level(customers, rules, _start(customers, rules, solved), sizes)
    level.tighten(aim.gap, SAMPLE_ROUNDS)
    _search_wider(level, rules, aim, rng)
    return level


def sample_sizes(rows: int | None, offers: int) -> list[int]:
    """Return the sizes of the samples to search first; all that may be needed for unknown rows."""
    size = int(np.clip(SAMPLE_CELLS // offers, *SAMPLE_ROWS))
    if rows is not None and rows <= size:
        return []
    if rows is not None and rows <= size * REACH:
        return [size]
    return [size, min(size * GROWTH, max(LARGE_CELLS // offers, 2 * size))]


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
    open_sizes = [
        k
        for k, tree in level.trees.items()
        if tree.bound - level.found[k].net > aim.gap * abs(level.found[k].net)
    ]
    if not open_sizes:
        return
    rounded = level.rounded()
    better = level.try_menus({k: rounded[k] for k in open_sizes if k in rounded})
    for _ in range(STARTS):
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
