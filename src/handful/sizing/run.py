"""The whole of `handful size`: what is known, which design, what it takes, and does it pay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import handful
from handful.brief.dials import NO_OFFER, DialSpec
from handful.brief.schema import Brief
from handful.brief.size import SizeSpec
from handful.errors import Finding, blocked
from handful.experiment.records import Experiment
from handful.notation import FloatArray
from handful.progress import SILENT, Progress
from handful.sizing.arms import Point, dial_points, name_of
from handful.sizing.break_even import Business, break_even, gain_needed
from handful.sizing.facts import make_facts
from handful.sizing.from_log import read_log
from handful.sizing.lead import CRITICAL, lead_error
from handful.sizing.noise import equal_shares, root_shares
from handful.sizing.questions import answer, curve
from handful.sizing.records import Arm, BreakEven, Facts, Known, Need, Sizing

MANY_ARMS = 12
"""Offers above which each gets so few rows that fewer should be tried first."""


def size_experiment(
    brief: Brief,
    experiment: Experiment | None = None,
    *,
    random_state: int = 0,
    progress: Progress = SILENT,
) -> Sizing:
    """Answer what a firm needs to know before it runs the experiment.

    Args:
        brief: with a [size] table; see `read_size_request`.
        experiment: an earlier log that passed its checks; None without one.
        random_state: seed of the log's folds.
        progress: told of reading the log.

    Returns:
        Rows for every question, the design, the curve of power, break-even, findings.

    Raises:
        BriefError: E544 sd or gain is missing; E545 a gain beyond belief.

    Cost: some 500 evaluations of power, about a second; with a log one cross-fit.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> tables = {"experiment": {"source": "-", "offer": "arm"}, "profit": {"per_row": "0"}}
        >>> size = {"offers": ["none", "mail"], "sd": 1.0, "gain": 0.2}
        >>> sized = size_experiment(parse_brief({**tables, "size": size}))
        >>> [arm.name for arm in sized.arms]
        ['none', 'mail']
    """
    size = brief.size
    points = offers_to_try(brief, experiment)
    names = tuple(points)
    business = _business(brief)
    needed = gain_needed(business) if business is not None and business.costs else None
    log = None if experiment is None else read_log(experiment, random_state, progress)
    facts = make_facts(size, names, needed, log)
    if experiment is not None and size.features == SizeSpec().features:
        facts = _with_features(facts, len(experiment.features.schema.names))
    available = None if size.rows is None else int(size.rows)
    shares, needs, design = _design(facts, size, available)
    rows = _rows(needs, facts.cluster_size)
    paid = _pays(facts, business, shares, size, rows)
    return Sizing(
        facts=facts,
        currency=brief.profit.currency,
        power=size.power,
        population=brief.profit.population,
        available=available,
        rows=rows,
        needs=needs,
        arms=_arms(points, shares, rows or available or 0),
        design=design,
        curve=curve(facts, shares, needs, available),
        break_even=paid,
        findings=_findings(facts, needs, available, paid),
        name=size.name,
        version=handful.__version__,
        brief_sha256=brief.sha256,
    )


def shares_of(sizing: Sizing) -> FloatArray:
    """Return the (G,) shares of the design."""
    return np.array([arm.share for arm in sizing.arms])


def offers_to_try(brief: Brief, experiment: Experiment | None) -> dict[str, Point]:
    """Return name -> dials of the offers to try, the control first; () for names.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> tables = {"experiment": {"source": "-", "offer": "arm"}, "profit": {"per_row": "0"}}
        >>> size = {"offers": ["mail", "none"], "control": "none"}
        >>> list(offers_to_try(parse_brief({**tables, "size": size}), None))
        ['none', 'mail']
    """
    size = brief.size
    if size.offers:
        control = size.control if isinstance(size.control, str) else None
        return dict.fromkeys(_control_first(size.offers, control), ())
    if brief.dials:
        control_point = _control_point(brief)
        dials = tuple(_boxed(dial, experiment) for dial in brief.dials)
        return {name_of(p): p for p in dial_points(dials, size.levels, control_point)}
    if experiment is None:
        return {}
    control = None if experiment.control is None else experiment.offers[experiment.control]
    return dict.fromkeys(_control_first(experiment.offers, control), ())


def _control_first(offers: tuple[str, ...], control: str | None) -> tuple[str, ...]:
    if control is None or control not in offers:
        return offers
    return (control, *(name for name in offers if name != control))


def _control_point(brief: Brief) -> Point | None:
    """Return the control's point; None where empty dials mean no offer."""
    control = brief.size.control or brief.experiment.control
    if control is None or isinstance(control, str):
        return None
    return tuple((dial.name, _number(control.get(dial.name))) for dial in brief.dials)


def _number(value: float | str | None) -> float | None:
    return None if value is None or value == NO_OFFER else float(value)


def _boxed(dial: DialSpec, experiment: Experiment | None) -> DialSpec:
    """Return a dial with the ends of what the log tried where the brief names none."""
    if experiment is None or experiment.dials is None:
        return dial
    j = experiment.dials.names.index(dial.name)
    low = float(experiment.dials.low[j]) if dial.low is None else dial.low
    high = float(experiment.dials.high[j]) if dial.high is None else dial.high
    return replace(dial, low=low, high=high)


def _with_features(facts: Facts, features: int) -> Facts:
    known = tuple(one for one in facts.known if one.name != "features")
    read = Known("features", float(features), "read from the log")
    return replace(facts, features=features, known=(*known, read))


def _design(
    facts: Facts, size: SizeSpec, available: int | None
) -> tuple[FloatArray, tuple[Need, ...], str]:
    """Choose equal shares or a larger control, whichever answers all questions with fewer rows."""
    even = equal_shares(facts.n_offers)
    needs = answer(facts, even, size.power, available)
    if facts.n_offers < 3:
        return even, needs, "Equal shares: with two offers nothing measures more precisely."
    large = root_shares(facts.n_offers)
    other = answer(facts, large, size.power, available)
    here, there = _total(needs), _total(other)
    share = f"{large[0]:.0%} in place of {even[0]:.0%}"
    if there < here:
        why = (
            f"A larger control, {share}, since every offer is compared with it. It takes "
            f"{there:,.0f} rows; equal shares would take {here:,.0f}."
        )
        return large, other, why
    why = (
        f"Equal shares: a larger control, {share}, would help to tell the best offer from none, "
        "but a menu compares offers with each other"
    )
    told = f", and it would take {there:,.0f} rows in place of {here:,.0f}."
    return even, needs, why + (told if np.isfinite(there) else ".")


def _total(needs: tuple[Need, ...]) -> float:
    return max(float("inf") if need.rows is None else float(need.rows) for need in needs)


def _rows(needs: tuple[Need, ...], cluster_size: int) -> int | None:
    """Return the rows that answer every question, in whole clusters."""
    if any(need.rows is None for need in needs):
        return None
    rows = max(need.rows or 0 for need in needs)
    return rows + -rows % cluster_size


def _arms(points: dict[str, Point], shares: FloatArray, rows: int) -> tuple[Arm, ...]:
    return tuple(
        Arm(name, float(share), int(np.ceil(share * rows - 1e-9)), point, control=at == 0)
        for at, ((name, point), share) in enumerate(zip(points.items(), shares, strict=True))
    )


def _business(brief: Brief) -> Business | None:
    if brief.profit.population is None:
        return None
    size, setup = brief.size, brief.menu.setup_cost
    return Business(
        population=brief.profit.population,
        build=size.build_cost,
        run=size.run_cost,
        setup=max(setup.values(), default=0.0) if not isinstance(setup, float | int) else setup,
        campaigns=size.campaigns,
        horizon=size.horizon,
    )


def _pays(
    facts: Facts, business: Business | None, shares: FloatArray, size: SizeSpec, rows: int | None
) -> BreakEven:
    """Reckon break-even with the log's own lead where there is one, else with the gain stated."""
    error = lead_error(facts, shares, 1.0, facts.gain)
    gain = next(one for one in facts.known if one.name == "gain")
    if facts.lead is not None:
        lead = facts.lead
        gain = Known("gain", lead.value, "read from the log", lead.lo, lead.hi)
    found = break_even(business, gain, error, size.power, size.horizon)
    if found.needed is None or rows is None:
        return found
    return replace(found, expected_lo=gain.value - CRITICAL * error / rows**0.5)


def _findings(
    facts: Facts, needs: tuple[Need, ...], available: int | None, paid: BreakEven
) -> tuple[Finding, ...]:
    """Say what stops the launch or weakens the experiment."""
    findings = []
    if paid.launch in {"never pays", "not shown to pay"}:
        message = f"the launch does not pay within {paid.horizon:g} months. {paid.why}"
        remedy = "Do not build it for this gain: lower the costs, or find a better offer first."
        findings.append(blocked("E550", message, remedy))
    if facts.n_offers > MANY_ARMS:
        message = f"{facts.n_offers} offers are to be tried, so each gets few customers."
        remedy = "Try fewer, or fewer levels of each dial, and refine in a second experiment."
        findings.append(Finding("E551", "warn", message, remedy, facts.n_offers))
    short = [need for need in needs if available is not None and (need.rows or 0) > available]
    if short and available is not None:
        named = ", ".join(dict.fromkeys(need.question for need in short))
        message = f"{available:,} rows are at hand, too few for: {named}."
        remedy = "Read what these rows can see, wait for more customers, or try fewer offers."
        findings.append(Finding("E552", "warn", message, remedy, available))
    if any(one.origin == "assumed" for one in facts.known):
        names = ", ".join(one.name for one in facts.known if one.origin == "assumed")
        message = f"nobody stated {names}: defaults were taken."
        remedy = "Replace each by what you know; the table of what is known shows them."
        findings.append(Finding("E553", "note", message, remedy))
    return tuple(findings)
