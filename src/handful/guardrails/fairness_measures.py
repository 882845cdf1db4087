"""What is compared between groups: shares, prices, what the plan adds, what one-to-one would add.

Everything is held out: the offers are those of models that never saw the customer's fold, and what
they bring is the mean of doubly robust scores. Cost O(n G).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from handful.brief.schema import Brief
from handful.experiment.records import Experiment
from handful.guardrails.fairness_decisions import Decisions, Held
from handful.guardrails.fairness_moments import Column
from handful.guardrails.fairness_prices import no_offer_code, prices_of
from handful.guardrails.fairness_records import Unmeasured
from handful.notation import FloatArray, IntArray


def share_columns(
    experiment: Experiment, brief: Brief | None, given: Decisions, menu: tuple[int, ...]
) -> Iterator[Column | Unmeasured]:
    """Yield the metrics that rest on who gets which alone.

    Args:
        experiment: the log.
        brief: prices, and what those get who are left out.
        given: decisions.
        menu: codes that the policy may give.

    Cost: O(n) a metric.
    """
    nothing = no_offer_code(experiment, brief)
    code = np.arange(experiment.n_offers)
    possible = np.union1d(np.array(menu, dtype=np.int64), given.offer)
    if nothing is None:
        yield Unmeasured("selection_rate", "the log has no level that means no offer")
        yield Unmeasured("exclusion", "the log has no level that means no offer")
    else:
        got, left = (code != nothing).astype(float), (code == nothing).astype(float)
        yield _share("selection_rate", None, "share that gets any offer", got, given, possible)
        measure = "share that is left out, with no offer"
        yield _share("exclusion", None, measure, left, given, possible)
    for g in possible.tolist():
        if g != nothing and len(possible) > 1:
            counted, name = (code == g).astype(float), experiment.offers[g]
            yield _share("offer_share", name, f"share that gets {name}", counted, given, possible)
    yield _price(experiment, brief, given, possible)


def _share(
    metric: str,
    offer: str | None,
    measure: str,
    counted: FloatArray,
    given: Decisions,
    possible: IntArray,
) -> Column:
    values = given.at(counted[None, :])
    settled = bool(np.ptp(counted[possible]) == 0)
    return Column(metric, offer, measure, values, np.ones(len(values)), True, settled)


def _price(
    experiment: Experiment, brief: Brief | None, given: Decisions, possible: IntArray
) -> Column | Unmeasured:
    prices = prices_of(experiment, brief)
    if prices.price is None:
        return Unmeasured("price", prices.why_absent)
    known = np.isfinite(prices.price)
    if not known[possible].any():
        return Unmeasured("price", "no offer of the plan has a price")
    price = np.where(known, prices.price, 0.0)
    weights = given.at(known.astype(float)[None, :])
    paid = given.at(price[None, :])
    values = np.divide(paid, weights, out=np.zeros(len(paid)), where=weights > 0)
    measure = f"mean {prices.name} of those who get an offer with a price"
    if known[possible].all():
        measure = f"mean {prices.name}"
    settled = bool(np.ptp(price[possible][known[possible]]) == 0)
    return Column("price", None, measure, values, weights, False, settled)


def outcome_columns(
    experiment: Experiment, held: Held, single: int, currency: str
) -> Iterator[Column | Unmeasured]:
    """Yield the metrics that rest on what offers bring: what the plan adds, and what it leaves.

    Args:
        experiment: the log.
        held: decisions and scores.
        single: code of the best single offer.
        currency: of the profit.

    Cost: O(n G).
    """
    n = experiment.n_rows
    rows, ones = np.arange(n), np.ones(n)
    mine = held.plan.at(held.scores)
    if experiment.control is None:
        yield Unmeasured("benefit", "the log has no level that means no offer")
    else:
        added = mine - held.scores[:, experiment.control]
        measure = f"what the plan adds over no offer, {currency} per customer"
        yield Column("benefit", None, measure, added, ones, False, bool(np.ptp(added) == 0))
    over = mine - held.scores[:, single]
    name = experiment.offers[single]
    measure = f"what the plan adds over {name} for everybody, {currency} per customer"
    yield Column("benefit_over_single", None, measure, over, ones, False, bool(np.ptp(over) == 0))
    lost = held.scores[rows, held.free] - mine
    measure = f"what one-to-one would add to the plan, {currency} per customer"
    yield Column("regret", None, measure, lost, ones, False, bool(np.ptp(lost) == 0))
