"""Small experiments built straight from the records, for tests of design and checks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.brief.schema import ExperimentSpec
from handful.experiment.design import make_design
from handful.experiment.records import Experiment, Features, FeatureSchema, SourceFacts


def spec(**changes):
    return replace(ExperimentSpec(source="log.csv", offer="arm"), **changes)


def design_of(offer, stratum=None, *, said=None, received=None, names=None):
    offer = np.asarray(offer, dtype=np.int64)
    stratum = np.zeros(offer.size, dtype=np.int64) if stratum is None else np.asarray(stratum)
    return make_design(
        offer=offer,
        stratum=stratum,
        offers=names or tuple("ABCDEFGH"[: int(offer.max()) + 1]),
        strata=tuple(f"s{s}" for s in range(int(stratum.max()) + 1)),
        spec=said or spec(),
        received=received,
    )


def made_experiment(n=2000, offers=2, *, seed=0, columns=None, said=None, received=None, **changes):
    """n rows, offers drawn evenly, two features unless `columns` (name -> array) says otherwise."""
    rng = np.random.default_rng(seed)
    offer = changes.pop("offer", rng.integers(0, offers, size=n))
    stratum = changes.pop("stratum", np.zeros(n, dtype=np.int64))
    columns = columns or {"age": rng.normal(size=n), "visits": rng.poisson(2.0, size=n)}
    design, findings = design_of(offer, stratum, said=said, received=received)
    values = np.asfortranarray(np.column_stack([np.asarray(c, float) for c in columns.values()]))
    p = len(columns)
    made = Experiment(
        customers=np.arange(n),
        cluster=np.arange(n),
        stratum=stratum,
        strata=tuple(f"s{s}" for s in range(int(stratum.max()) + 1)),
        strata_columns=(),
        offer=offer,
        offers=tuple("ABCDEFGH"[: int(offer.max()) + 1]),
        control=None,
        profit=rng.normal(size=n),
        features=Features(FeatureSchema(tuple(columns), ("number",) * p, ((),) * p), values),
        design=design,
        source=SourceFacts("made", "", n, n, "profit"),
        findings=findings,
    )
    return replace(made, **changes)


def found(findings, code):
    """The one finding with that code."""
    matching = [finding for finding in findings if finding.code == code]
    assert len(matching) == 1, [finding.code for finding in findings]
    return matching[0]
