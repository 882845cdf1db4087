"""What a log gave out and how: names, or candidate points of dials, with their design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from handful.brief.dials import DialSpec
from handful.brief.schema import Brief, ExperimentSpec
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.design import accepted, make_design, not_randomised, received_problems
from handful.experiment.dial_candidates import box_of, dial_design
from handful.experiment.dial_log import control_of, misfit, point_of, settle_points
from handful.experiment.levels import check_offer_names
from handful.experiment.records import Box, Design, Dials, Experiment
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
    pinned = [point_of(point, brief, box.levels).tolist() for point in brief.pinned]
    settled, findings = settle_points(box, strata, control_of(brief, box.levels), pinned)
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


def turn(experiment: Experiment, boxes: Mapping[str, Box]) -> Experiment:
    """Return an experiment with other boxes for its dials: candidates, offers, design, support.

    Args:
        experiment: a log with dials, whose design is the shares seen.
        boxes: column -> (min, max, increment), None for what the log says; others stay.

    Raises:
        BriefError: B106 no dial has that name, or the log carries probabilities of its own.
        DataError: B117 a box outside what was tried; D312 too few points.

    Cost: O(n G d).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("quadratic_dial", n=2_000).experiment
        >>> turn(log, {"t": (0.0, 1.0, 0.25)}).offers
        ('t 0', 't 0.25', 't 0.5', 't 0.75', 't 1')
    """
    dials = experiment.dials
    strange = sorted(set(boxes) - set(() if dials is None else dials.names))
    if dials is None or strange or experiment.design.kind != "design":
        message = "dials can be set anew only where the shares seen are the design."
        if dials is None or strange:
            message = f"dials names {', '.join(boxes)}, which the log's offers do not have."
        raise BriefError(blocked("B106", message, "Read the log with offer=[...] and dials=...."))
    box = _new_box(dials, boxes)
    control = None if experiment.control is None else dials.candidates[experiment.control]
    strata = (experiment.stratum, experiment.strata)
    settled, findings = settle_points(box, strata, control)
    design = dial_design(settled, experiment.stratum, len(experiment.strata))
    kept = tuple(finding for finding in experiment.findings if finding.code != "D313")
    return replace(
        experiment,
        offer=settled.offer,
        offers=settled.offers,
        control=settled.control,
        design=replace(design, observational=experiment.design.observational),
        dials=settled.dials,
        findings=(*kept, *findings),
    )


def _new_box(dials: Dials, boxes: Mapping[str, Box]) -> Dials:
    specs = []
    wrong: list[Finding] = []
    for j, name in enumerate(dials.names):
        step = None if np.isnan(dials.increment[j]) else float(dials.increment[j])
        spec = DialSpec(name, *boxes.get(name, (float(dials.low[j]), float(dials.high[j]), step)))
        specs.append(spec)
        if name in boxes:
            wrong += misfit(spec, dials.levels[j] if dials.levels else (), dials.received[:, j])
    if wrong:
        raise DataError(wrong)
    return box_of(dials.received, specs, dials.levels)
