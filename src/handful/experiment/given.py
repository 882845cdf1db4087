"""What a log gave out and how: names, or candidate points of dials, with their design."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from handful.brief.schema import Brief, ExperimentSpec
from handful.errors import DataError, Finding
from handful.experiment.design import accepted, make_design, not_randomised, received_problems
from handful.experiment.dial_candidates import dial_design
from handful.experiment.dial_log import settle_log
from handful.experiment.levels import check_offer_names
from handful.experiment.records import Design, Dials
from handful.notation import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Given:
    """Offers received and their design.

    Attributes:
        offer: (n,) codes.
        offers: (G,) names.
        control: code of "no offer", or None.
        design: propensities and support.
        findings: what was noticed.
        dials: where offers are numbers.
    """

    offer: IntArray
    offers: tuple[str, ...]
    control: int | None
    design: Design
    findings: tuple[Finding, ...] = ()
    dials: Dials | None = None


def offers_by_name(
    offer: IntArray,
    offers: tuple[str, ...],
    strata: tuple[IntArray, tuple[str, ...]],
    spec: ExperimentSpec,
    logged: FloatArray | None,
) -> Given:
    """Return offers that are levels of one column.

    Args:
        offer: (n,) codes.
        offers: (G,) names.
        strata: (n,) codes and their labels.
        spec: control and propensity.
        logged: (n,) probabilities of a column, or None.

    Raises:
        DataError: as `make_design`.
    """
    stratum, labels = strata
    design, noticed = make_design(
        offer=offer, stratum=stratum, offers=offers, strata=labels, spec=spec, received=logged
    )
    control = offers.index(spec.control) if isinstance(spec.control, str) else None
    return Given(offer, offers, control, design, noticed)


def offers_with_dials(
    box: Dials,
    brief: Brief,
    strata: tuple[IntArray, tuple[str, ...]],
    logged: FloatArray | None,
) -> Given:
    """Return the candidate points of dials, each row at its nearest one.

    Args:
        box: dials without candidates.
        brief: control, pinned points, propensity.
        strata: (n,) codes and their labels.
        logged: (n,) density or probability of what each row received, or None.

    Raises:
        DataError: D302-D308 the probabilities, D312 the candidates.

    Cost: O(n G d).
    """
    stratum, labels = strata
    spec = brief.experiment
    settled, findings = settle_log(box, brief, stratum, labels)
    findings += check_offer_names(brief, settled.offers)
    problems: list[Finding] = []
    if str(spec.propensity).startswith("column:"):
        problems += received_problems(logged, settled.offers, density=True)
    if spec.propensity == "estimate" and not spec.accept_observational:
        problems.append(not_randomised())
    if problems:
        raise DataError(problems)
    design = dial_design(settled, stratum, len(labels), logged)
    if spec.propensity == "estimate":
        design = replace(design, kind="estimate")
    if spec.accept_observational:
        findings.append(accepted())
        design = replace(design, observational=True)
    return Given(
        np.asarray(settled.offer),
        settled.offers,
        settled.control,
        design,
        tuple(findings),
        settled.dials,
    )
