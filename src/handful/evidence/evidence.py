"""The evidence in order: splits of the log, ledger, bands, frontier, ladder, verdict.

Cost: `repetitions` cross-fits, each with J menu paths and J rivals of each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from handful.effects.crossfit import CrossFit, Learned
from handful.effects.heterogeneity import NAME, HeterogeneityTest
from handful.evidence.announcing import with_correction
from handful.evidence.authoring import can_run, one_more, past_cap
from handful.evidence.bands import LEVEL
from handful.evidence.dial_values import value_dials
from handful.evidence.frontier import (
    MenuFacts,
    Values,
    make_frontier,
    make_ladder,
    make_references,
    make_tails,
    make_values,
)
from handful.evidence.instability import follows_single, with_choice_noise
from handful.evidence.ladder import RivalColumns, rival_codes
from handful.evidence.ledger import Ledger, Means, add_split, means
from handful.evidence.limited_menus import limited_menus
from handful.evidence.limited_split import limits_of, single_is_menu
from handful.evidence.limits import fold_rows, limited_codes
from handful.evidence.names import BEST_SINGLE
from handful.evidence.records import (
    DialValuation,
    Estimate,
    FrontierPoint,
    Heterogeneity,
    References,
    Rung,
    Tails,
    Valuation,
    Verdict,
)
from handful.evidence.ruling import final_rule
from handful.evidence.running import charged
from handful.evidence.splits import (
    choose_worlds,
    menu_choices,
    menu_name,
    standard_codes,
    value_split,
)
from handful.evidence.terms import Terms
from handful.evidence.variety import shares_of, single_costs, with_costs
from handful.evidence.verdict import (
    AS_LOGGED,
    Case,
    Challenge,
    challenges,
    decide,
    keep_always,
    keep_limits,
)
from handful.evidence.whatif_keep import keep_split
from handful.evidence.whatif_records import KeptEvidence, KeptSplit
from handful.experiment.records import Experiment
from handful.experiment.tails import tail_facts
from handful.notation import FloatArray, IntArray
from handful.policy.policy import assign_codes
from handful.policy.rules import assign_tree

SplitSource = Callable[[int], CrossFit]
"""Makes the cross-fit of one repetition."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the plan says about value, and what its segments are made from."""

    references: References
    frontier: tuple[FrontierPoint, ...]
    ladder: tuple[Rung, ...]
    tails: Tails
    heterogeneity: Heterogeneity
    verdict: Verdict
    valuation: Valuation
    menus: dict[int, tuple[int, ...]]
    single: int
    first: CrossFit
    means: Means | None = None
    """The ledger's means, the noise of choosing included."""
    codes: Mapping[str, IntArray] = field(default_factory=dict)
    """Policy -> (n,) the offers it gives out of fold, in the first split."""
    one_more: Estimate | None = None
    """What one more offer than the team can author would be worth; None without a cap."""
    kept: KeptEvidence | None = None
    """What other questions are answered from."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What the final model says of itself: shown only beside held-out values.

    Attributes:
        predicted: (n, G) its predicted profits on the log.
        test: the heterogeneity test.
        learned: how it was mixed; None where effects came from another library.
    """

    predicted: FloatArray
    test: HeterogeneityTest
    learned: Learned | None = None


@dataclass(frozen=True, slots=True)
class Ledgers:
    """The ledgers after all splits, the decisions of the first split, and its cross-fit."""

    raw: Ledger
    clipped: Ledger
    codes: dict[str, IntArray]
    first: CrossFit
    splits: tuple[KeptSplit, ...] = ()
    """What other questions need of them; () for offers with dials."""


def keep_ledgers(
    experiment: Experiment,
    source: SplitSource,
    repetitions: int,
    terms: Terms,
    rivals: RivalColumns | None,
    seed: int,
) -> Ledgers:
    """Value every policy on every split and average.

    Args:
        experiment: the log.
        source: makes the cross-fit of repetition r.
        repetitions: number of splits.
        terms: limits of the menu.
        rivals: columns of the ladder; None leaves the ladder out.
        seed: of the rivals' draws.

    Cost: that of the cross-fits, menus and rivals.
    """
    tails = tail_facts(experiment.profit)
    kept: Ledgers | None = None
    for r in range(repetitions):
        fit = source(r)
        chosen = choose_worlds(experiment, fit, terms)
        codes = standard_codes(experiment, fit, terms, chosen)
        if rivals is not None:
            codes |= rival_codes(experiment, fit, terms, rivals, seed + r)
        split = value_split(experiment, fit, terms, codes, tails)
        if kept is None:
            kept = Ledgers(Ledger({}), Ledger({}), codes, fit)
        clipped = add_split(kept.clipped, split.clipped) if split.clipped else kept.clipped
        kept = replace(kept, raw=add_split(kept.raw, split.columns), clipped=clipped)
        if fit.kernel is None:
            more = keep_split(experiment, fit, terms, codes, chosen)
            kept = replace(kept, splits=(*kept.splits, more))
    if kept is None:
        raise ValueError("repetitions must be 1 or more")
    kept.raw.columns[AS_LOGGED] = experiment.profit
    return kept


def weigh_evidence(
    experiment: Experiment,
    ledgers: Ledgers,
    claims: Claims,
    terms: Terms,
    seed: int,
) -> Evidence:
    """Turn the ledgers into frontier, ladder, tails and verdict.

    Args:
        experiment: the log.
        ledgers: from `keep_ledgers`.
        claims: what the final model says of itself, and the heterogeneity test.
        terms: limits of the menu.
        seed: of the bands.

    Cost: O(n M + C M^2 + draws q^2).
    """
    plain = means(ledgers.raw, experiment.cluster)
    raw = with_choice_noise(plain, terms, len(ledgers.first.worlds), ledgers.codes, seed)
    clipped = means(ledgers.clipped, experiment.cluster) if ledgers.clipped.splits else None
    values = make_values(raw, seed)
    single = _best_single(raw, ledgers.first, terms)
    menus, facts = _final_menus(experiment, ledgers.first, claims.predicted, terms, single)
    shown = [f for f in facts if menu_name(f.offers) in values.value]
    frontier = make_frontier(values, [f for f in shown if can_run(menus[f.offers], terms)])
    case = _case(raw, clipped, ledgers, frontier, terms, single)
    held = challenges(experiment, case, seed)
    verdict = reach_verdict(experiment, case, held, terms, seed)
    control = None if experiment.control is None else experiment.offers[experiment.control]
    return Evidence(
        references=make_references(values, experiment.offers[single], control),
        frontier=frontier,
        ladder=make_ladder(values, _offers_used(ledgers.codes)),
        tails=make_tails(tail_facts(experiment.profit), clipped, seed),
        heterogeneity=Heterogeneity(NAME, claims.test.statistic, claims.test.p_value),
        verdict=verdict,
        valuation=replace(
            _valuation(ledgers, claims.learned, values),
            dials=_dial_values(experiment, ledgers, frontier, verdict, terms),
        ),
        menus=menus,
        single=single,
        first=ledgers.first,
        means=raw,
        codes=ledgers.codes,
        one_more=one_more(raw, frontier, past_cap(facts, terms), seed),
        kept=_keep(ledgers, plain, clipped, claims.predicted, tuple(facts), held),
    )


def _keep(
    ledgers: Ledgers,
    plain: Means,
    clipped: Means | None,
    own: FloatArray,
    facts: tuple[MenuFacts, ...],
    held: list[Challenge],
) -> KeptEvidence:
    """Keep what other questions are answered from."""
    return KeptEvidence(
        means=plain,
        clipped=clipped,
        follows=follows_single(plain.names, ledgers.codes),
        apart={challenge.offers: challenge.enough for challenge in held},
        splits=ledgers.splits,
        own=np.ascontiguousarray(own.T, dtype=np.float32) if ledgers.splits else None,
        facts=facts,
    )


def _case(
    raw: Means,
    clipped: Means | None,
    ledgers: Ledgers,
    frontier: tuple[FrontierPoint, ...],
    terms: Terms,
    single: int,
) -> Case:
    """Gather what the verdict is argued from."""
    kernel = ledgers.first.kernel
    return Case(
        means=raw,
        clipped=clipped,
        codes=ledgers.codes,
        frontier=frontier,
        setup=tuple(float(c) for c in single_costs(terms)),
        allowed=terms.singles,
        single=single,
        fallback=terms.fallback,
        reach=None if kernel is None else np.asfortranarray(kernel != 0),
        cost_weight=terms.cost_weight,
        slack=terms.slack,
        limited=terms.limits is not None,
    )


def reach_verdict(
    experiment: Experiment, case: Case, held: list[Challenge], terms: Terms, seed: int
) -> Verdict:
    """Decide, and keep to what the brief insists on.

    Args:
        experiment: the log.
        case: what the verdict is argued from.
        held: from `challenges`.
        terms: limits of the menu.
        seed: of the bands.

    Cost: see `decide` and `with_correction`.
    """
    verdict = with_correction(decide(experiment, case, held, seed), case, held, seed)
    if terms.always:
        always = tuple(experiment.offers[g] for g in terms.always)
        verdict = keep_always(verdict, always, case, seed)
    return keep_limits(verdict, case, terms, seed)


def _best_single(raw: Means, first: CrossFit, terms: Terms) -> int:
    if first.shortlist is not None:
        return first.shortlist.single
    net = {g: float(raw.value[raw.at(f"single:{g}")]) - terms.setup[g] for g in terms.allowed}
    return max(net, key=lambda g: net[g])


def _final_menus(
    experiment: Experiment,
    first: CrossFit,
    own: FloatArray,
    terms: Terms,
    single: int,
) -> tuple[dict[int, tuple[int, ...]], list[MenuFacts]]:
    """Choose the menus that would be run, on every row's out-of-fold prediction."""
    menus, facts = {}, []
    held: dict[int, FloatArray] = {}
    for offers, (chosen, gap) in _chosen(experiment, first, terms).items():
        menu = (single,) if offers == 1 and single_is_menu(terms) else chosen
        given = final_codes(experiment, first, own, menu, terms)
        menus[offers] = menu
        facts.append(
            MenuFacts(
                offers=offers,
                menu=tuple(experiment.offers[g] for g in menu),
                claimed=float(own[np.arange(len(own)), given].mean()),
                certified_gap=gap,
                setup_cost=float(terms.setup[list(menu)].sum()),
            )
        )
        if terms.stock is not None:
            given = final_codes(experiment, first, first.predicted, menu, terms)
            held[offers] = shares_of(given, menu)
    return menus, charged(with_costs(facts, menus, held, terms), terms)


def final_codes(
    experiment: Experiment, first: CrossFit, own: FloatArray, menu: tuple[int, ...], terms: Terms
) -> IntArray:
    """Return what everybody would get from the final menu: by predictions, or by its rule."""
    cells = experiment.open_cells
    if terms.limits is not None:
        rows = replace(fold_rows(experiment, first, np.arange(len(own))), values=own)
        return limited_codes(rows, menu, limits_of(terms), terms.fallback)
    if not terms.by_rule or len(menu) == 1:
        return assign_codes(own, menu, cells, terms.fallback)
    given = assign_tree(final_rule(experiment, first, menu, terms), experiment.features)
    return np.where(cells[np.arange(len(given)), given], given, terms.fallback)


def _chosen(
    experiment: Experiment, first: CrossFit, terms: Terms
) -> dict[int, tuple[tuple[int, ...], float | None]]:
    """Return the menu of each size and its certified gap; none where an offer is closed."""
    if first.shortlist is not None:
        return {k: (menu, first.shortlist.gaps[k]) for k, menu in first.shortlist.menus.items()}
    if terms.limits is not None:
        rows = fold_rows(experiment, first, np.arange(experiment.n_rows))
        found = limited_menus(rows, terms)
        return {k: (choice.menu, _gap(choice.gap)) for k, choice in found.items()}
    cells = experiment.open_cells
    path = menu_choices(first.predicted, cells, terms.fallback, terms)
    proven = bool(cells.all())
    return {k: (c.menu, _gap(c.gap) if proven else None) for k, c in path.items()}


def _gap(gap: float) -> float | None:
    return None if np.isnan(gap) else max(float(gap), 0.0)


def _offers_used(codes: dict[str, IntArray]) -> dict[str, int]:
    return {name: len(np.unique(given)) for name, given in codes.items()}


def _dial_values(
    experiment: Experiment,
    ledgers: Ledgers,
    frontier: tuple[FrontierPoint, ...],
    verdict: Verdict,
    terms: Terms,
) -> DialValuation | None:
    """Value the advised menu (or the best of two or more) and the best single in several ways."""
    if ledgers.first.kernel is None:
        return None
    several = [point for point in frontier if point.offers >= 2]
    best = max(several, key=lambda point: point.net).offers if several else 1
    advised = verdict.offers if verdict.offers >= 2 else best
    names = (BEST_SINGLE, menu_name(advised)) if advised >= 2 else (BEST_SINGLE,)
    given = {name: ledgers.codes[name] for name in names}
    return value_dials(experiment, ledgers.first, given, terms.fallback)


def _valuation(ledgers: Ledgers, learned: Learned | None, values: Values) -> Valuation:
    weights = (
        ()
        if learned is None
        else (
            ("same_for_all", learned.weights.same_for_all),
            ("additive", learned.weights.additive),
            ("boosted", learned.weights.boosted),
        )
    )
    return Valuation(
        folds=len(ledgers.first.worlds),
        repetitions=ledgers.raw.splits,
        level=LEVEL,
        critical_value=values.critical,
        rows_learned=0 if learned is None else learned.rows,
        stack=weights,
    )
