"""What the plan was made from, for its record."""

from __future__ import annotations

import numpy as np

import handful
from handful.brief.schema import Brief
from handful.experiment.records import Experiment
from handful.planning.records import ExperimentFacts, OfferFacts
from handful.policy.points import values_of
from handful.policy.records import OfferPoints


def offer_points(experiment: Experiment) -> OfferPoints | None:
    """Return the numbers behind the offers' names; None where offers are names alone.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> offer_points(simulate("quadratic_dial", n=500).experiment).values[1]
        (0.01,)
    """
    dials = experiment.dials
    if dials is None:
        return None
    levels = dials.levels or ((),) * len(dials.names)
    return OfferPoints(
        dials.names,
        tuple(
            None
            if np.isnan(point).any()
            else tuple(
                named[int(value)] if named else float(value)
                for value, named in zip(point, levels, strict=True)
            )
            for point in dials.candidates
        ),
    )


def experiment_facts(experiment: Experiment, seed: int, brief: Brief | None) -> ExperimentFacts:
    """Return the facts of an experiment and of the run.

    Cost: O(n).
    """
    points = offer_points(experiment)
    rows = np.bincount(experiment.offer, minlength=experiment.n_offers)
    return ExperimentFacts(
        rows=experiment.n_rows,
        customers=len(np.unique(experiment.customers)),
        clusters=int(experiment.cluster.max()) + 1,
        offers=tuple(
            OfferFacts(name, int(rows[g]), g == experiment.control, values_of(points, g))
            for g, name in enumerate(experiment.offers)
        ),
        currency=experiment.currency,
        data_sha256=experiment.source.data_sha256,
        brief_sha256=brief.sha256 if brief else "",
        seed=seed,
        version=handful.__version__,
        source=experiment.source.description,
        profit_sql=experiment.source.profit_sql,
        observational=experiment.design.observational,
        population=experiment.population,
        customer=brief.experiment.customer if brief else None,
        columns=(*(brief.columns.items() if brief else ()), *experiment.eligibility),
    )
