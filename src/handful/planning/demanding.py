"""Demand for a plan: take-up cross-fitted like profit, at the prices that were tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.effects.scores import close_cells
from handful.errors import BriefError, Finding, blocked
from handful.evidence.demand import (
    LEAST_ROWS,
    PriceScores,
    Seen,
    demand_points,
    premiums,
    refused,
    segments_of,
)
from handful.evidence.evidence import Evidence, final_codes
from handful.evidence.records import DemandFacts, Premium
from handful.experiment.design import support_mask
from handful.experiment.records import Design, Experiment
from handful.notation import FloatArray, IntArray
from handful.planning.job import Job
from handful.planning.records import Plan
from handful.planning.settings import PlanSettings
from handful.planning.splits import OwnSplits
from handful.progress import Progress

FEW_PRICES: Final = 12
"""Prices tried up to which each stands alone; more are put into bands of equal size."""
BANDS: Final = 8


@dataclass(frozen=True, slots=True)
class Priced:
    """The log with one offer per price tried.

    Attributes:
        experiment: its offers are prices (and what has no price).
        codes: (P,) offers with a price, in the order of their prices.
        price: (P,) ascending: the mean of the prices paid in a band.
        name: what the price is called.
    """

    experiment: Experiment
    codes: tuple[int, ...]
    price: FloatArray
    name: str


def check_prices(experiment: Experiment, settings: PlanSettings) -> None:
    """Refuse take-up without prices to draw it over.

    Raises:
        BriefError: E508 no price table for named offers, a price of no offer, a table beside a
            dial, or several dials. All at once.
    """
    if experiment.take_up is None:
        return
    price, offers = settings.price, experiment.offers
    problems: list[Finding] = []
    if experiment.dials is not None and len(experiment.dials.names) > 1:
        message = "profit.take_up draws demand over one dial; the offers have several."
        problems.append(blocked("E508", message, "Leave take_up out, or keep the price alone."))
    elif experiment.dials is not None and price is not None:
        message = f"profit.price is given, and {experiment.dials.names[0]} is the price already."
        problems.append(blocked("E508", message, "Leave profit.price out."))
    elif experiment.dials is None and not isinstance(price, Mapping):
        message = "profit.take_up needs the price of each offer; profit.price is no table."
        problems.append(blocked("E508", message, "Write price = {OFFER = 2, OTHER = 5}."))
    elif isinstance(price, Mapping):
        unknown = [name for name in price if name not in offers]
        if unknown:
            message = (
                f"profit.price names {', '.join(unknown)}; the log has {', '.join(offers[:12])}."
            )
            problems.append(blocked("E508", message, "Use one of these."))
    if problems:
        raise BriefError(problems)


def priced_log(experiment: Experiment, settings: PlanSettings) -> Priced:
    """Return the log with one offer per price tried; a dial's values in bands where many.

    Cost: O(n log n).
    """
    if experiment.dials is None:
        table = settings.price if isinstance(settings.price, Mapping) else {}
        ordered = sorted(table, key=lambda name: table[name])
        codes = tuple(experiment.offers.index(name) for name in ordered)
        return Priced(experiment, codes, np.array([table[name] for name in ordered]), "price")
    paid = experiment.dials.received[:, 0]
    known = ~np.isnan(paid)
    cuts = _cuts(paid[known])
    band = np.searchsorted(cuts, paid, side="left").astype(np.int64)
    band[~known] = len(cuts) + 1
    used, offer = np.unique(band, return_inverse=True)
    mean = np.array([paid[band == b].mean() if b <= len(cuts) else np.nan for b in used])
    priced = np.flatnonzero(~np.isnan(mean))
    names = tuple(f"{value:.6g}" if b <= len(cuts) else "no offer"
                  for b, value in zip(used.tolist(), mean.tolist(), strict=True))  # fmt: skip
    counts = np.zeros((len(experiment.strata), len(used)), dtype=np.int64)
    np.add.at(counts, (experiment.stratum, offer), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    design = Design(
        "design",
        shares,
        shares[experiment.stratum, offer],
        support_mask(counts, shares),
        experiment.design.observational,
    )
    log = replace(
        experiment,
        offer=offer.astype(np.int64),
        offers=names,
        control=None,
        design=design,
        dials=None,
    )
    return Priced(log, tuple(priced.tolist()), mean[priced], experiment.dials.names[0])


def _cuts(paid: FloatArray) -> FloatArray:
    """Return the upper ends of all bands but the last; each price alone where they are few."""
    distinct = np.unique(paid)
    if len(distinct) <= FEW_PRICES:
        return distinct[:-1]
    wanted = np.quantile(paid, np.arange(1, BANDS) / BANDS, method="inverted_cdf")
    return np.unique(wanted[wanted < distinct[-1]])


def demand_facts(
    job: Job, evidence: Evidence, menu: tuple[int, ...], given: IntArray | None = None
) -> DemandFacts | None:
    """Draw demand over the prices tried, and test the menu's offers against the standard one.

    Args:
        job: the log (its offers those of the plan), limits, settings and seed.
        evidence: with the cross-fit of profit.
        menu: the plan's offers.
        given: (n,) offers out of fold, where others than those of the menu alone.

    Cost: a cross-fit of take-up, and one of profit for offers with a dial.
    """
    experiment, settings, terms = job.experiment, job.settings, job.terms
    if experiment.take_up is None:
        return None
    seed, progress = job.random_state, job.progress
    priced = priced_log(experiment, settings)
    first = evidence.first
    if given is None:
        given = final_codes(experiment, first, first.predicted, menu, terms)
    codes = list(priced.codes)
    take_up = _scores(priced.experiment, experiment.take_up, settings, seed, progress)
    if experiment.dials is None:
        margin = first.scores
    else:
        margin = _scores(priced.experiment, experiment.profit, settings, seed, progress)
    scores = PriceScores(
        names=tuple(priced.experiment.offers[g] for g in codes),
        price=priced.price,
        take_up=take_up[:, codes],
        margin=margin[:, codes],
        open_cells=priced.experiment.open_cells[:, codes],
        seen=_seen(priced, experiment.take_up),
    )
    segments = segments_of(experiment, given, menu)
    return DemandFacts(
        price=priced.name,
        points=demand_points(scores, segments, experiment.cluster, seed),
        premiums=_premiums(job, evidence, given, menu),
    )


def _seen(priced: Priced, take_up: FloatArray) -> Seen:
    """Return which price every row was given, and what came of it."""
    place = np.full(priced.experiment.n_offers, -1, dtype=np.int64)
    place[list(priced.codes)] = np.arange(len(priced.codes))
    return Seen(place[priced.experiment.offer], take_up > 0, priced.experiment.profit)


def _premiums(
    job: Job, evidence: Evidence, given: IntArray, menu: tuple[int, ...]
) -> tuple[Premium, ...]:
    """Compare each offer of the menu with the best single one, among those who would get it."""
    experiment = job.experiment
    held = close_cells(evidence.first.scores, experiment.open_cells, job.terms.fallback)
    prices = _prices(experiment, job.settings)
    standard = experiment.offers[evidence.single]
    return tuple(
        Premium(
            offer=experiment.offers[g],
            price=prices.get(experiment.offers[g]),
            standard=standard,
            standard_price=prices.get(standard),
            customers=count,
            gain=gain,
            refused=gain.lo <= 0 or count < LEAST_ROWS,
        )
        for g, count, gain in premiums(experiment, held, given, menu, evidence.single)
    )


def _scores(
    log: Experiment, outcome: FloatArray, settings: PlanSettings, seed: int, progress: Progress
) -> FloatArray:
    """Cross-fit one response as profit is, once."""
    asked = replace(settings, repetitions=1)
    return OwnSplits(replace(log, profit=outcome), asked, seed, progress).split(0).scores


def _prices(experiment: Experiment, settings: PlanSettings) -> dict[str, float]:
    if experiment.dials is None:
        return dict(settings.price) if isinstance(settings.price, Mapping) else {}
    found = zip(experiment.offers, experiment.dials.candidates[:, 0].tolist(), strict=True)
    return {name: price for name, price in found if not np.isnan(price)}


def kept_offers(experiment: Experiment, settings: PlanSettings) -> tuple[str, ...]:
    """Return the offers that stay even if refused: those asked for, and all under a coverage floor.

    A floor is there to give customers what earns less.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("null", n=600, offers=2, random_state=1).experiment
        >>> kept_offers(log, PlanSettings(always=("offer 1",)))
        ('offer 1',)
    """
    covers = settings.constraints.coverage_floor is not None
    return experiment.offers if covers else settings.always


def refusals(made: Plan, tried: tuple[str, ...], always: tuple[str, ...]) -> tuple[str, ...]:
    """Return the offers that leave the menu: refused, among the log's own, not asked to stay.

    Args:
        made: a plan with or without demand.
        tried: the log's offers.
        always: offers that must stay.
    """
    if made.demand is None:
        return ()
    return tuple(name for name in refused(made.demand.premiums) if name in set(tried) - set(always))


def with_refusals(made: Plan, before: tuple[Premium, ...]) -> Plan:
    """Keep the refused offers of earlier rounds in a plan's demand, and say so in its findings.

    Args:
        made: the plan without them.
        before: refused premiums of the rounds before.
    """
    if made.demand is None:
        return made
    still = tuple(premium for premium in made.demand.premiums if premium.refused)
    told = (*(_finding(p, made, gone=True) for p in before),
            *(_finding(p, made, gone=False) for p in still))  # fmt: skip
    demand = replace(made.demand, premiums=(*made.demand.premiums, *before))
    return replace(made, demand=demand, findings=(*made.findings, *told))


def _finding(premium: Premium, made: Plan, *, gone: bool) -> Finding:
    gain, currency = premium.gain, made.experiment.currency
    end = "it is left out of the menu" if gone else "it stays, since it could not be left out"
    message = (
        f"'{premium.offer}' is refused as a personalised product: among the {premium.customers:,} "
        f"customers it would go to, margin x take-up is {gain.value:.4g} {currency} over that of "
        f"'{premium.standard}' ({gain.lo:.4g} to {gain.hi:.4g}); {end}."
    )
    remedy = "Offer it to nobody, or try it on more customers first."
    return Finding("E509", "warn", message, remedy, premium.customers)
