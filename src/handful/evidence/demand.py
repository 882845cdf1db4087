"""Willingness to pay: take-up and margin at every price tried, by segment, held out.

For segment s and price p: D_sp = mean over the customers of s of Gamma_ip, Gamma the doubly robust
scores of take-up (or of profit, which is margin x take-up), made without the customer's fold; the
segments are those of models that never saw it. Bands hold for all segments and prices of a curve
at once (sup-t). No price is read that was not tried. Where hardly anybody took a price up, or
hardly anybody refused it, the scores' own spread is too small (it is 0 where nobody did): an error
is at least that of the customers who were given the price with two takers and two refusers more
(Agresti and Coull 1998). Cost O(n S P) for S segments and P prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from handful.evidence.bands import LEVEL, critical_value
from handful.evidence.records import DemandPoint, Estimate, Premium
from handful.experiment.records import Experiment
from handful.notation import BoolArray, FloatArray, IntArray

LEAST_ROWS: Final = 50
"""Customers of a segment, open to a price, below which no value is shown."""
LEAST_GIVEN: Final = 20
"""Customers of a segment that were given a price, below which no value is shown."""
CORRELATION_ROWS: Final = 50_000
"""Clusters that the correlation behind a band is read from; standard errors read all."""
EVERYBODY: Final = "everybody"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the log saw of every row.

    Attributes:
        price: (n,) position of the price given, -1 for none.
        taken: (n,) whether it was taken up.
        profit: (n,) realised profit.
    """

    price: IntArray
    taken: BoolArray
    profit: FloatArray


@dataclass(frozen=True, slots=True)
class PriceScores:
    """Held-out scores at every price tried.

    Attributes:
        names: (P,) what stands at each price.
        price: (P,) ascending.
        take_up: (n, P) scores of take-up; `margin` of profit.
        open_cells: (n, P) whether the price was tried in the row's stratum.
        seen: what the log saw; None where errors are read off the scores alone.
    """

    names: tuple[str, ...]
    price: FloatArray
    take_up: FloatArray
    margin: FloatArray
    open_cells: BoolArray
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Segments:
    """Who is counted where: names, and (n,) masks out of fold."""

    names: tuple[str, ...]
    masks: tuple[BoolArray, ...]


def segments_of(experiment: Experiment, given: IntArray, menu: Sequence[int]) -> Segments:
    """Return everybody, and the customers of each offer of a menu of several.

    Args:
        experiment: the log.
        given: (n,) offers out of fold.
        menu: offer codes.
    """
    names, masks = [EVERYBODY], [np.ones(len(given), dtype=np.bool_)]
    if len(menu) > 1:
        names += [experiment.offers[g] for g in menu]
        masks += [given == g for g in menu]
    return Segments(tuple(names), tuple(masks))


def demand_points(
    scores: PriceScores, segments: Segments, cluster: IntArray, seed: int
) -> tuple[DemandPoint, ...]:
    """Return take-up and margin of every segment at every price, with simultaneous bands.

    Args:
        scores: held-out scores by price.
        segments: who is counted where.
        cluster: (n,) codes of what was randomised.
        seed: of the draws behind the bands.

    Returns:
        One point per segment and price, segments first; None for a value where fewer than 50
        customers of the segment are open to the price, or fewer than 20 were given it.

    Cost: O(n S P + draws (S P)^2).
    """
    known = shown_cells(scores, segments)
    floors = [np.zeros(known.shape)] * 2
    if scores.seen is not None:
        outcomes = (scores.seen.taken.astype(np.float64), scores.seen.profit)
        floors = [_least_errors(scores.seen, segments, known, y) for y in outcomes]
    cells, least = scores.open_cells, (known, floors[0], seed)
    take_up = _curve(scores.take_up, cells, segments, cluster, least)
    least = (known, floors[1], seed + 1)
    margin = _curve(scores.margin, cells, segments, cluster, least)
    points = []
    for s, segment in enumerate(segments.names):
        for p, name in enumerate(scores.names):
            at = s * len(scores.names) + p
            price = float(scores.price[p])
            points.append(DemandPoint(segment, name, price, take_up[at], margin[at]))
    return tuple(points)


def shown_cells(scores: PriceScores, segments: Segments) -> BoolArray:
    """Return (S, P) whether enough customers are open to a price, and were given it.

    Cost: O(n S P).
    """
    seen = scores.seen
    shown = np.zeros((len(segments.masks), len(scores.names)), dtype=np.bool_)
    for s, mask in enumerate(segments.masks):
        for p in range(len(scores.names)):
            given = LEAST_GIVEN if seen is None else np.count_nonzero(mask & (seen.price == p))
            is_open = np.count_nonzero(mask & scores.open_cells[:, p])
            shown[s, p] = is_open >= LEAST_ROWS and given >= LEAST_GIVEN
    return shown


def _least_errors(
    seen: Seen, segments: Segments, shown: BoolArray, outcome: FloatArray
) -> FloatArray:
    """Return (S, P) the error of a mean with two takers and two refusers more, from the log's."""
    means = [float(outcome[part].mean()) for part in (seen.taken, ~seen.taken) if part.any()]
    more = np.array([means[0], means[0], means[-1], means[-1]])
    least = np.zeros(shown.shape)
    for s, p in np.argwhere(shown).tolist():
        given = outcome[segments.masks[s] & (seen.price == p)]
        least[s, p] = np.sqrt(np.concatenate([given, more]).var() / len(given))
    return least


def _curve(
    scores: FloatArray,
    open_cells: BoolArray,
    segments: Segments,
    cluster: IntArray,
    asked: tuple[BoolArray, FloatArray, int],
) -> list[Estimate | None]:
    means, errors, influence = [], [], []
    known, least, seed = asked
    clusters = int(cluster.max()) + 1
    shown = slice(0, CORRELATION_ROWS)
    for s, mask in enumerate(segments.masks):
        for p in range(scores.shape[1]):
            if not known[s, p]:
                means.append(np.nan)
                errors.append(0.0)
                influence.append(np.zeros(min(clusters, CORRELATION_ROWS)))
                continue
            inside = mask & open_cells[:, p]
            count = int(inside.sum())
            mean = float(scores[inside, p].mean())
            sums = np.bincount(cluster[inside], scores[inside, p] - mean, minlength=clusters)
            se = float(np.sqrt(np.sum(sums**2) * clusters / max(clusters - 1, 1))) / count
            means.append(mean)
            errors.append(max(se, float(least[s, p])))
            influence.append(sums[shown] / count)
    critical = _critical(np.array(influence), np.array(errors), seed)
    return [
        None if np.isnan(mean) else Estimate(mean, se, mean - critical * se, mean + critical * se)
        for mean, se in zip(means, errors, strict=True)
    ]


def _critical(influence: FloatArray, errors: FloatArray, seed: int) -> float:
    covariance = influence @ influence.T
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    return critical_value(covariance, np.where(errors > 0, spread, 0.0), seed)


def premiums(
    experiment: Experiment,
    scores: FloatArray,
    given: IntArray,
    menu: Sequence[int],
    standard: int,
) -> list[tuple[int, int, Estimate]]:
    """Compare each offer of a menu with the standard one among the customers it would go to.

    mean over the customers that get g of Gamma_ig - Gamma_i,standard: held out, paired.

    Args:
        experiment: the log.
        scores: (n, G) held-out scores of profit, closed cells holding the fallback's.
        given: (n,) offers out of fold.
        menu: offer codes.
        standard: the best single offer.

    Returns:
        (offer, customers, difference) for every offer but the standard, with intervals that hold
        together as if independent (Šidák).

    Cost: O(n K).
    """
    others = [g for g in menu if g != standard]
    reach = float(norm.ppf(0.5 + 0.5 * LEVEL ** (1 / max(len(others), 1))))
    found = []
    for g in others:
        inside = given == g
        count = int(inside.sum())
        if not count:
            continue
        lead = scores[inside, g] - scores[inside, standard]
        mean = float(lead.mean())
        se = float(np.sqrt(np.sum(np.bincount(experiment.cluster[inside], lead - mean) ** 2)))
        se /= count
        found.append((g, count, Estimate(mean, se, mean - reach * se, mean + reach * se)))
    return found


def refused(found: Sequence[Premium]) -> tuple[str, ...]:
    """Return the offers that are no personalised product: not above the standard one's."""
    return tuple(premium.offer for premium in found if premium.refused)
