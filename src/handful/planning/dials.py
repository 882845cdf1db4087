"""Plans for offers with dials: learn at the nodes, choose and polish, value with a kernel.

1. Cross-fit the response surface at its nodes, once for every repetition.
2. Every world chooses menus on the candidates and polishes them on its own rows; so do all rows
   together for the menus that would be run.
3. The points found become offers like any other: predictions and scores of all of them follow from
   the nodes, and the evidence room goes on as it does with names.
4. What only a world used is dropped again: the plan knows the candidates and its own points.

Cost: `repetitions` cross-fits at q nodes, J + 1 menu paths each, O(n G (q + d)) for the scores.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from handful.effects.crossfit import CrossFit, learn_whole, open_workshop
from handful.effects.dial_amounts import make_surface, over_candidates
from handful.effects.dials import fit_nodes, restrict_fit, spread, spread_fit, spread_model
from handful.effects.heterogeneity import measure_heterogeneity
from handful.effects.kernel import kernel_weights, rule_bandwidth
from handful.effects.nodes import NodeWeights, weigh_nodes
from handful.effects.predict import predict_profit
from handful.effects.records import EffectsModel
from handful.effects.response import dials_of, is_control, make_response, respond
from handful.effects.worlds import Workshop
from handful.evidence.evidence import (
    Claims,
    Evidence,
    SplitSource,
    keep_ledgers,
    weigh_evidence,
)
from handful.evidence.ladder import RivalColumns
from handful.evidence.polishing import (
    Chosen,
    Space,
    as_shortlist,
    choose_offers,
    make_space,
    polished_points,
    worlds_choices,
)
from handful.evidence.terms import Terms
from handful.experiment.consent_records import Consented
from handful.experiment.consent_rows import closed_cells
from handful.experiment.dial_support import dial_support
from handful.experiment.dials import nearest_candidate, point_names
from handful.experiment.records import Experiment
from handful.notation import Float32Array, FloatArray, IntArray
from handful.planning.constrained import AmountSplits
from handful.planning.splits import OwnSplits


@dataclass(frozen=True, slots=True)
class DialPlan:
    """What the rest of a plan is made from: candidates and the plan's own points as offers."""

    experiment: Experiment
    terms: Terms
    evidence: Evidence
    model: EffectsModel


@dataclass(frozen=True, slots=True)
class _Offers:
    """The log and its limits with every polished point as an offer of its own."""

    experiment: Experiment
    terms: Terms
    phi: FloatArray
    kernel: Float32Array
    final: int


def plan_dials(own: OwnSplits, terms: Terms, rivals: RivalColumns | None) -> DialPlan:
    """Learn, choose, polish and value offers with dials.

    Args:
        own: the log with its folds and settings.
        terms: limits of the menu, in candidate codes.
        rivals: columns of the ladder; None leaves it out.

    Returns:
        The evidence and the final model, over the candidates and the plan's own points.

    Cost: see the module's head.
    """
    experiment, seed = own.experiment, own.random_state
    nodes = weigh_nodes(experiment, make_response(experiment))
    fits, shop = _fits(own, nodes)
    space = make_space(experiment, nodes.response, terms.never)
    worlds = [worlds_choices(experiment, space, terms, fit) for fit in fits]
    rows = np.arange(experiment.n_rows)
    final = choose_offers(experiment, space, terms, rows, (fits[0].predicted, fits[0].scores), None)
    chosen = [final, *(each for split in worlds for each in split)]
    offers, code = _extend(experiment, terms, space, nodes, chosen)

    def source(repetition: int) -> CrossFit:
        return _with_shortlists(
            spread_fit(
                fits[repetition],
                nodes,
                experiment.profit,
                offers.phi,
                offers.kernel,
                offers.experiment.offers,
            ),
            worlds[repetition],
            final,
            code,
            terms.allowed,
        )

    ledgers = keep_ledgers(
        offers.experiment, source, own.settings.repetitions, offers.terms, rivals, seed
    )
    learned = learn_whole(experiment, shop)
    claimed = spread(predict_profit(learned.model, experiment.features), offers.phi)
    claims = Claims(claimed, measure_heterogeneity(shop), learned)
    found = weigh_evidence(offers.experiment, ledgers, claims, offers.terms, seed)
    return _trimmed(offers, found, learned.model)


def dial_source(own: OwnSplits) -> SplitSource:
    """Return what makes the cross-fit of each repetition over the candidates alone.

    Args:
        own: the log with its folds and settings.

    Cost: `repetitions` cross-fits at the nodes, at once.
    """
    surface = make_surface(own.experiment)
    fits, _ = _fits(own, surface.nodes)
    return lambda repetition: over_candidates(own.experiment, fits[repetition], surface)


def plan_limited_dials(
    own: OwnSplits, terms: Terms, rivals: RivalColumns | None, amounts: AmountSplits
) -> tuple[DialPlan, AmountSplits]:
    """Learn, choose and value offers with dials under limits: candidates alone, none polished.

    Args:
        own: the log with its folds and settings.
        terms: with limits, in candidate codes.
        rivals: columns of the ladder; None leaves it out.
        amounts: what the limits count, to be learned on the same surface.

    Returns:
        The evidence and the final model over the candidates; the amounts, cross-fitted.

    Raises:
        BriefError: P730 the limits conflict, now that the amounts are known.

    Cost: `repetitions` cross-fits at q nodes for the profit and each amount, and J (G + K)
        allocations.
    """
    experiment, seed = own.experiment, own.random_state
    surface = make_surface(experiment)
    amounts = replace(amounts, surface=surface)
    fits, shop = _fits(own, surface.nodes)
    source = amounts.source(lambda r: over_candidates(experiment, fits[r], surface))
    ledgers = keep_ledgers(experiment, source, own.settings.repetitions, terms, rivals, seed)
    learned = learn_whole(experiment, shop)
    claimed = spread(predict_profit(learned.model, experiment.features), surface.phi)
    claims = Claims(claimed, measure_heterogeneity(shop), learned)
    found = weigh_evidence(experiment, ledgers, claims, terms, seed)
    model = spread_model(learned.model, surface.phi, experiment.offers)
    return DialPlan(experiment, terms, found, model), amounts


def _fits(own: OwnSplits, nodes: NodeWeights) -> tuple[list[CrossFit], Workshop]:
    """Cross-fit every repetition at the nodes; keep the first workshop for the final model."""
    fits = []
    shops: list[Workshop] = []
    for repetition in range(own.settings.repetitions):
        fold = own.folds(repetition)
        shop = open_workshop(
            own.experiment,
            fold,
            learn_rows=own.settings.learn_rows,
            random_state=own.random_state + repetition,
            nodes=nodes,
        )
        shops = shops or [shop]
        fits.append(fit_nodes(own.experiment, shop, nodes, fold, own.progress))
    return fits, shops[0]


def _extend(
    experiment: Experiment,
    terms: Terms,
    space: Space,
    nodes: NodeWeights,
    chosen: list[Chosen],
) -> tuple[_Offers, dict[int, int]]:
    """Give every polished point a code: the final menus' first, then those of the worlds."""
    first = polished_points(chosen[0])
    used = list(dict.fromkeys(point for each in chosen for point in polished_points(each)))
    code = {point: experiment.n_offers + at for at, point in enumerate(used)}
    points = space.points[used].reshape(len(used), space.points.shape[1])
    wide = with_points(experiment, points)
    dials = dials_of(wide)
    nearest = nearest_candidate(dials_of(experiment), points)
    single = as_shortlist(chosen[0], code, ()).single
    phi = respond(nodes.response, dials.candidates, is_control(wide, dials.candidates))
    limits = replace(
        terms_for(terms, np.concatenate([np.arange(experiment.n_offers), nearest])),
        extra=(single,) if single not in terms.allowed else (),
        read=phi,
    )
    kernel = kernel_weights(experiment, dials.candidates, rule_bandwidth(experiment))
    return _Offers(wide, limits, phi, kernel, experiment.n_offers + len(first)), code


def terms_for(terms: Terms, like: IntArray) -> Terms:
    """Return the terms of other offers: offer k costs and needs what offer `like[k]` does.

    Args:
        terms: limits of the menu.
        like: (G',) offer codes; allowed offers keep their codes.
    """
    stock = terms.stock
    return replace(
        terms,
        setup=terms.setup[like],
        content=None if terms.content is None else terms.content[like],
        cells=None if terms.cells is None else terms.cells[like],
        stock=None if stock is None else replace(stock, units=stock.units[like]),
        read=None if terms.read is None else terms.read[like],
    )


def with_points(experiment: Experiment, points: FloatArray) -> Experiment:
    """Return the log with more points as offers, which no row is counted to have received.

    Consent binds a point as it binds the candidate nearest to it.

    Args:
        experiment: a log with dials.
        points: (m, d).

    Raises:
        ValueError: the log has no dials.

    Cost: O(n m d).
    """
    dials = dials_of(experiment)
    design = experiment.design
    none = np.zeros((len(experiment.strata), len(points)))
    is_open = dial_support(experiment, points) if len(points) else none.astype(np.bool_)
    return replace(
        experiment,
        offers=(*experiment.offers, *point_names(dials, points)),
        design=replace(
            design,
            by_stratum=np.column_stack([design.by_stratum, none]),
            support=np.column_stack([design.support, is_open]),
        ),
        dials=replace(dials, candidates=np.vstack([dials.candidates, points])),
        consent=_consent_like(
            experiment.consent,
            np.concatenate([np.arange(experiment.n_offers), nearest_candidate(dials, points)]),
        ),
    )


def _consent_like(found: Consented | None, like: IntArray) -> Consented | None:
    """Return the consent of other offers: what binds offer `like[k]` binds offer k."""
    if found is None:
        return None
    known = found.gate.binding
    binding = replace(known, channel=known.channel[like], tier=known.tier[like])
    gate = replace(found.gate, binding=binding)
    return replace(found, gate=gate, closed=closed_cells(found.rights, binding))


def _with_shortlists(
    fit: CrossFit,
    worlds: list[Chosen],
    final: Chosen,
    code: dict[int, int],
    allowed: tuple[int, ...],
) -> CrossFit:
    return replace(
        fit,
        worlds=tuple(
            replace(world, shortlist=as_shortlist(chosen, code, allowed))
            for world, chosen in zip(fit.worlds, worlds, strict=True)
        ),
        shortlist=as_shortlist(final, code, allowed),
    )


def _trimmed(offers: _Offers, found: Evidence, model: EffectsModel) -> DialPlan:
    """Drop the points that only worlds used."""
    keep, wide = offers.final, offers.experiment
    dials = dials_of(wide)
    names = wide.offers[:keep]
    design = replace(
        wide.design,
        by_stratum=wide.design.by_stratum[:, :keep],
        support=wide.design.support[:, :keep],
    )
    first = restrict_fit(found.first, keep)
    return DialPlan(
        experiment=replace(
            wide,
            offers=names,
            design=design,
            dials=replace(dials, candidates=dials.candidates[:keep]),
            consent=_consent_like(wide.consent, np.arange(keep)),
        ),
        terms=terms_for(offers.terms, np.arange(keep)),
        evidence=replace(found, first=first),
        model=spread_model(model, offers.phi[:keep], names),
    )
