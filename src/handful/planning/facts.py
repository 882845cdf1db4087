"""What the plan was made from, for its record."""

from __future__ import annotations

import numpy as np

import handful
from handful.brief.schema import Brief
from handful.experiment.records import Experiment
from handful.planning.records import ExperimentFacts, OfferFacts


def experiment_facts(experiment: Experiment, seed: int, brief: Brief | None) -> ExperimentFacts:
    """Return the facts of an experiment and of the run.

    Cost: O(n).
    """
    rows = np.bincount(experiment.offer, minlength=experiment.n_offers)
    return ExperimentFacts(
        rows=experiment.n_rows,
        customers=len(np.unique(experiment.customers)),
        clusters=int(experiment.cluster.max()) + 1,
        offers=tuple(
            OfferFacts(name, int(rows[g]), g == experiment.control)
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
        columns=tuple(brief.columns.items()) if brief else (),
    )
