"""Menus of offers with dials: chosen on the candidate grid, then polished off it.

The grid's menu carries the certificate; its points then move over the lattice of sayable points,
where the experiment tried them, as long as the menu's worth grows (menu/polish.py). A world's menus
are polished on its own rows alone, so what values them has had no say in them. Cost: a menu path
and O(n K q) a round, on at most `ROWS` rows of each world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.effects.crossfit import CrossFit, Shortlist
from handful.effects.dials import spread
from handful.effects.response import Response, dials_of, is_control, respond
from handful.evidence.splits import menu_choices
from handful.evidence.terms import Terms
from handful.experiment.dial_support import dial_support
from handful.experiment.dials import axes, categorical, product, widths
from handful.experiment.records import Experiment
from handful.menu.polish import Crowd, Lattice, menu_worth, polish_on_lattice
from handful.notation import BoolArray, FloatArray, IntArray

MOST_POINTS: Final = 5_000
"""Lattice points that polishing walks over; a finer lattice is thinned evenly along its dials."""

ROWS: Final = 20_000
"""Customers a menu is polished on: a segment's best point needs no more."""

SAME: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Space:
    """The points that may be offered, and the candidates among them.

    Attributes:
        points: (L, d) lattice points; `lattice` holds phi, support and neighbours.
        phi: (G, q) weights of the nodes at the candidates.
        place: (G,) lattice number of each candidate, -1 for a "no offer" outside the box.
        codes: (L,) candidate code of each lattice point, -1 where it is none.
    """

    points: FloatArray
    lattice: Lattice
    phi: FloatArray
    place: IntArray
    codes: IntArray


def make_space(experiment: Experiment, response: Response, never: tuple[int, ...]) -> Space:
    """Lay out the lattice of sayable points and say where each may be offered.

    Args:
        experiment: a log with dials.
        response: nodes of its surface.
        never: candidates that no menu may hold: their points are closed.

    Raises:
        ValueError: the log has no dials.

    Cost: O(n L d).
    """
    dials = dials_of(experiment)
    known = dials.candidates[~np.isnan(dials.candidates).any(axis=1)]
    sides = _thinned(axes(dials), ~categorical(dials))
    sides = [_union(side, known[:, k]) for k, side in enumerate(sides)]
    points = product(tuple(sides))
    place = np.array([_find(sides, point) for point in dials.candidates], dtype=np.int64)
    codes = np.full(len(points), -1, dtype=np.int64)
    codes[place[place >= 0]] = np.flatnonzero(place >= 0)
    is_open = dial_support(experiment, points)
    slack = SAME * widths(dials)
    beyond = (points < dials.low - slack) | (points > dials.high + slack)
    is_open[:, beyond.any(axis=1)] = False
    is_open[:, place[place >= 0]] = experiment.design.support[:, place >= 0]
    is_open[:, [place[g] for g in never if place[g] >= 0]] = False
    shape = tuple(len(side) for side in sides)
    return Space(
        points=points,
        lattice=Lattice(respond(response, points, is_control(experiment, points)), is_open, shape),
        phi=respond(response, dials.candidates, is_control(experiment, dials.candidates)),
        place=place,
        codes=codes,
    )


def _thinned(sides: tuple[FloatArray, ...], numbers: BoolArray) -> list[FloatArray]:
    counts = np.array([len(side) for side in sides])
    while np.prod(counts, dtype=np.float64) > MOST_POINTS and (counts[numbers] > 2).any():
        counts[np.argmax(np.where(numbers, counts, 0))] -= 1
    return [
        side[np.round(np.linspace(0, len(side) - 1, count)).astype(np.int64)]
        for side, count in zip(sides, counts, strict=True)
    ]


def _union(side: FloatArray, more: FloatArray) -> FloatArray:
    both = np.unique(np.concatenate([side, more]))
    slack = SAME * max(float(np.ptp(both)), 1.0)
    kept: FloatArray = both[np.concatenate([[True], np.diff(both) > slack])]
    return kept


def _find(sides: list[FloatArray], point: FloatArray) -> int:
    if np.isnan(point).any():
        return -1
    at = [int(np.argmin(np.abs(side - value))) for side, value in zip(sides, point, strict=True)]
    return int(np.ravel_multi_index(at, tuple(len(side) for side in sides)))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen on some rows: offers are candidate codes, or lattice numbers less than -1.

    Lattice point l stands as -2 - l, so that a candidate and a polished point never mix.
    """

    menus: dict[int, tuple[int, ...]]
    gaps: dict[int, float | None]
    single: int


def choose_offers(
    experiment: Experiment,
    space: Space,
    terms: Terms,
    rows: IntArray,
    fit: tuple[FloatArray, FloatArray],
    most: int | None,
) -> Chosen:
    """Choose and polish the menus of every size, and the best single offer, on these rows.

    Args:
        experiment: the log.
        space: lattice and candidates.
        terms: limits of the menu.
        rows: (l,) the rows.
        fit: (l, q) predictions at the nodes and (l, q) scores at the nodes.
        most: rows that candidates' menus are chosen on; None for all, with a certificate.

    Cost: a menu path and O(K n q) for each round of polishing.
    """
    predicted, scores = fit
    order = np.random.default_rng([len(rows), 23]).permutation(len(rows))
    chosen_on = slice(None) if most is None else np.sort(order[:most])
    cells = experiment.open_cells[rows]
    path = menu_choices(
        spread(predicted[chosen_on], space.phi).astype(np.float64),
        cells[chosen_on],
        terms.fallback[rows][chosen_on],
        terms,
    )
    part = np.sort(order[:ROWS])
    menus, gaps = {}, {}
    proven = bool(cells.all()) and most is None
    for choice in path.values():
        menus[choice.offers] = _polished(
            experiment, space, terms, rows[part], predicted[part], choice.menu
        )
        gap = None if np.isnan(choice.gap) else max(float(choice.gap), 0.0)
        gaps[choice.offers] = gap if proven else None
    return Chosen(menus, gaps, _single(experiment, space, terms, rows, scores))


def _polished(
    experiment: Experiment,
    space: Space,
    terms: Terms,
    rows: IntArray,
    predicted: FloatArray,
    menu: tuple[int, ...],
) -> tuple[int, ...]:
    named = {*terms.always, *(g for pair in terms.exclusive for g in pair)}
    fixed = [g for g in menu if space.place[g] < 0 or g == experiment.control or g in named]
    moving = [int(space.place[g]) for g in menu if g not in fixed]
    if not moving:
        return menu
    crowd = _crowd(experiment, space, terms, rows, predicted, fixed)
    points = polish_on_lattice(crowd, space.lattice, moving)
    better = menu_worth(crowd, space.lattice, points) > menu_worth(crowd, space.lattice, moving)
    if not better or len(set(points)) < len(points):
        return menu
    return tuple(fixed) + tuple(_code(space, point) for point in points)


def _code(space: Space, point: int) -> int:
    known = int(space.codes[point])
    return known if known >= 0 else -2 - point


def _crowd(
    experiment: Experiment,
    space: Space,
    terms: Terms,
    rows: IntArray,
    predicted: FloatArray,
    fixed: list[int],
) -> Crowd:
    floor = np.full(len(rows), -np.inf)
    if fixed:
        worth = np.where(
            experiment.open_cells[rows][:, fixed], predicted @ space.phi[fixed].T, -np.inf
        )
        floor = worth.max(axis=1)
    kept = np.einsum("nq,nq->n", predicted, space.phi[terms.fallback[rows]])
    return Crowd(predicted, floor, kept, experiment.stratum[rows])


def _single(
    experiment: Experiment, space: Space, terms: Terms, rows: IntArray, scores: FloatArray
) -> int:
    """Return the offer with the best mean score over the surface, if everybody got it."""
    strata = len(experiment.strata)
    sums = np.zeros((strata, scores.shape[1]))
    np.add.at(sums, experiment.stratum[rows], scores)
    kept = np.einsum("sq,sq->s", sums, space.phi[terms.by_stratum[:strata]])
    allowed = np.array(terms.allowed)
    grid = _mean_if_all(sums, space.phi[allowed], experiment.design.support[:, allowed], kept)
    grid = grid / len(rows) - terms.setup[allowed]
    best = int(allowed[np.argmax(grid)])
    lattice = _mean_if_all(sums, space.lattice.phi, space.lattice.open, kept) / len(rows)
    free = space.codes < 0
    cost = terms.setup[[g for g in terms.allowed if g != experiment.control] or [best]].max()
    lattice = np.where(free & space.lattice.open.any(axis=0), lattice - cost, -np.inf)
    if lattice.max(initial=-np.inf) > grid.max():
        return _code(space, int(np.argmax(lattice)))
    return best


def _mean_if_all(
    sums: FloatArray, phi: FloatArray, is_open: BoolArray, kept: FloatArray
) -> FloatArray:
    """Sum over strata of what everybody brings under each point, the fallback where closed."""
    total: FloatArray = np.where(is_open, sums @ phi.T, kept[:, None]).sum(axis=0)
    return total


def worlds_choices(
    experiment: Experiment, space: Space, terms: Terms, fit: CrossFit
) -> list[Chosen]:
    """Choose for every world on its own rows."""
    return [
        choose_offers(experiment, space, terms, w.rows, (w.predicted, w.scores), ROWS)
        for w in fit.worlds
    ]


def as_shortlist(chosen: Chosen, code: dict[int, int], allowed: tuple[int, ...]) -> Shortlist:
    """Put final codes in place of lattice numbers.

    Args:
        chosen: from `choose_offers`.
        code: code of each lattice number used anywhere.
        allowed: candidate codes that may be used.
    """

    def known(offer: int) -> int:
        return offer if offer >= 0 else code[-2 - offer]

    menus = {k: tuple(sorted(known(g) for g in menu)) for k, menu in chosen.menus.items()}
    own = {g for menu in menus.values() for g in menu} | {known(chosen.single)}
    return Shortlist(menus, chosen.gaps, known(chosen.single), tuple(sorted({*allowed, *own})))


def polished_points(chosen: Chosen) -> list[int]:
    """Return the lattice numbers of the polished points, each once, in order."""
    used = [g for menu in chosen.menus.values() for g in menu] + [chosen.single]
    return list(dict.fromkeys(-2 - g for g in used if g < -1))
