"""Where offers with dials lie: what was tried, the menus, and each segment's own best offers.

A customer's own best offer is the candidate open in the stratum with the highest predicted profit:
what the model claims, drawn to show what a segment has in common, never to value it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from handful.effects.predict import predict_profit
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray
from handful.planning.facts import offer_points
from handful.planning.records import OfferPlane, PlaneMark, PlaneSegment
from handful.policy.records import OfferPoints, Policy

MOST_CUSTOMERS: Final = 20_000
"""Customers whose own best offer is found, spread evenly over the log."""

MOST_TRIED: Final = 400
"""Points tried that are drawn one by one; more are drawn as their nearest candidates."""


def offer_plane(
    experiment: Experiment,
    policy: Policy,
    menus: Mapping[int, tuple[int, ...]],
    assigned: IntArray,
) -> OfferPlane | None:
    """Return what a drawing of the offers needs; None for offers that are names.

    Args:
        experiment: the log.
        policy: its model predicts the offers that its points belong to.
        menus: K -> offer codes.
        assigned: (n,) offer of each row under the plan.

    Cost: O(m (trees + G)) for m <= 20,000 customers.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("types", n=500).experiment
        >>> offer_plane(log, None, {}, log.offer) is None
        True
    """
    if experiment.dials is None or policy.points is None:
        return None
    points = policy.points
    sample = np.unique(
        np.linspace(0, experiment.n_rows - 1, min(experiment.n_rows, MOST_CUSTOMERS)).astype(int)
    )
    profit = predict_profit(policy.model, experiment.features.rows(sample))
    profit = np.where(policy.support[experiment.stratum[sample]], profit, -np.inf)
    return OfferPlane(
        dials=points.dials,
        tried=_tried(experiment),
        menus=tuple((k, _shares(profit, menus[k], points)) for k in sorted(menus)),
        segments=_segments(profit, assigned[sample], points, policy.model.offers),
    )


def _tried(experiment: Experiment) -> tuple[PlaneMark, ...]:
    dials, points = experiment.dials, offer_points(experiment)
    if dials is None or points is None:
        return ()
    offered = ~np.isnan(dials.received).any(axis=1)
    tried, rows = np.unique(dials.received[offered], axis=0, return_counts=True)
    if len(tried) > MOST_TRIED or dials.levels:
        counts = np.bincount(experiment.offer[offered], minlength=len(points.values))
        return _marks(counts, points)
    total = max(int(rows.sum()), 1)
    return tuple(
        PlaneMark(tuple(point), float(count) / total)
        for point, count in zip(tried.tolist(), rows.tolist(), strict=True)
    )


def _shares(
    profit: FloatArray, menu: tuple[int, ...], points: OfferPoints
) -> tuple[PlaneMark, ...]:
    """Return the share of customers that each offer of a menu is best for."""
    best = np.array(menu)[np.argmax(profit[:, menu], axis=1)]
    counts = np.bincount(best, minlength=len(points.values))
    return _marks(counts, points, keep=menu)


def _marks(
    counts: IntArray, points: OfferPoints, keep: tuple[int, ...] = ()
) -> tuple[PlaneMark, ...]:
    """Return counts as shares at their points; "no offer" has no place."""
    total = max(int(counts.sum()), 1)
    codes = keep or tuple(np.flatnonzero(counts).tolist())
    return tuple(PlaneMark(points.values[code], float(counts[code]) / total) for code in codes)


def _segments(
    profit: FloatArray, assigned: IntArray, points: OfferPoints, offers: tuple[str, ...]
) -> tuple[PlaneSegment, ...]:
    """Return each offer in use with its members' own best offers, the largest segment first."""
    best = np.argmax(profit, axis=1)
    counts = np.bincount(assigned, minlength=len(offers))
    order = np.argsort(-counts, kind="stable")
    return tuple(
        PlaneSegment(
            offer=offers[code],
            values=points.values[code],
            share=float(counts[code]) / assigned.size,
            optima=_marks(np.bincount(best[assigned == code], minlength=len(offers)), points),
        )
        for code in order[: int((counts > 0).sum())].tolist()
    )
