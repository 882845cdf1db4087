"""What offers cost the customer: from [profit] price, or the dial that is the price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handful.brief.schema import Brief
from handful.experiment.records import Experiment
from handful.notation import FloatArray


@dataclass(frozen=True, slots=True)
class Prices:
    """(G,) price of each offer, NaN where it has none; None and why where no price is known.

    `name` is what the price is called: "price", or the dial's name.
    """

    price: FloatArray | None
    name: str = "price"
    why_absent: str = ""


def prices_of(experiment: Experiment, brief: Brief | None) -> Prices:
    """Return the price of every offer.

    Args:
        experiment: the log.
        brief: names prices of offers, or the dial that is one.

    Cost: O(G).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> prices_of(simulate("null", n=600, offers=2).experiment, None).why_absent
        'offers have no price: the brief gives no profit.price and no dial is one'
    """
    asked = None if brief is None else brief.profit.price
    dials = experiment.dials
    dial = None if brief is None else brief.fairness.price_dial
    if dials is not None and dial is None and len(dials.names) == 1:
        dial = dials.names[0]
    if dials is not None and dial in dials.names:
        at = dials.names.index(dial)
        if not dials.levels or not dials.levels[at]:
            return Prices(dials.candidates[:, at].astype(np.float64), dial)
    if isinstance(asked, Mapping):
        return Prices(np.array([float(asked.get(name, np.nan)) for name in experiment.offers]))
    why = "offers have no price: the brief gives no profit.price and no dial is one"
    return Prices(None, why_absent=why)


def no_offer_code(experiment: Experiment, brief: Brief | None) -> int | None:
    """Return the code of what somebody gets who gets no offer; None where there is no such thing.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> no_offer_code(simulate("null", n=600, offers=2).experiment, None)
        0
    """
    if experiment.control is not None:
        return experiment.control
    named = None if brief is None else brief.constraints.otherwise
    return experiment.offers.index(named) if named in experiment.offers else None
