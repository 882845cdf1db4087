"""What a menu may hold and what it costs, in the units the evidence room works in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handful.errors import BriefError, Finding, blocked
from handful.evidence.limit_records import LimitTerms
from handful.experiment.consent_rows import kept_offers
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray
from handful.policy.fallback import fallback_offers


@dataclass(frozen=True, slots=True)
class StockTerms:
    """What stock costs and how uncertain demand is.

    Attributes:
        units: (G,) units that one customer of each offer takes.
        overage: money per unit left over; `shortage` per unit short.
        spread: of the whole campaign's demand around a forecast made one unit of time ahead.
        population: customers one campaign reaches.
        clusters: of the log, which the shares are counted on.
    """

    units: FloatArray
    overage: float
    shortage: float
    spread: float
    population: float
    clusters: int
    ahead: FloatArray | None = None
    """(G,) time ahead at which each offer's quantity is fixed; None: one unit."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Limits on menus and what every row falls back to.

    Attributes:
        max_offers: largest K.
        setup: (G,) set-up cost per offer, money per customer (spread over the population).
        always, never: offer codes.
        allowed: codes that may be used at all, ascending.
        fallback: (n,) offer a row keeps where no offer of a menu is open to it.
        by_stratum: (S + 1,) the same by stratum, for the policy.
        by_rule: a rule decides who gets which offer of a menu, not the predictions.
        rule_depth: questions a rule asks at most.
        extra: codes valued as single offers besides: the polished single of an offer with dials.
        read: (G, q) weights of the nodes in the curve that single offers with dials are chosen by.
        limits: on all customers together; None where there are none.
        exclusive: pairs of offers that no menu may hold both of.
        content: (G,) the part of `setup` that is content; None where content is free.
        cells: (G,) content cells of each offer; None where content is free.
        stock: what stock costs; None where none is kept.
        author: offers that the team can author, "no offer" not counted; None for any number.
        control: the code of "no offer", which is no work; None where there is none.
        running: money per customer that telling customers apart costs, with any menu of two.
        cost_weight: how often costs count when a menu is proven and chosen.
        slack: standard errors below the best net value at which a smaller menu is taken.
    """

    max_offers: int
    setup: FloatArray
    always: tuple[int, ...]
    never: tuple[int, ...]
    allowed: tuple[int, ...]
    fallback: IntArray
    by_stratum: IntArray
    by_rule: bool = False
    rule_depth: int = 2
    extra: tuple[int, ...] = ()
    read: FloatArray | None = None
    limits: LimitTerms | None = None
    exclusive: tuple[tuple[int, int], ...] = ()
    content: FloatArray | None = None
    cells: FloatArray | None = None
    stock: StockTerms | None = None
    author: int | None = None
    control: int | None = None
    running: float = 0.0
    cost_weight: float = 1.0
    slack: float = 1.0

    @property
    def singles(self) -> tuple[int, ...]:
        """Codes of the single offers that a menu has to beat."""
        return (*self.allowed, *self.extra)


def make_terms(
    experiment: Experiment,
    *,
    max_offers: int,
    setup_cost: float | Mapping[str, float] = 0.0,
    always: tuple[str, ...] = (),
    never: tuple[str, ...] = (),
) -> Terms:
    """Check the menu's limits against the log and spread set-up costs over the population.

    "No offer" costs nothing to set up unless the brief's table names it.

    Raises:
        BriefError: E501 an offer that the log does not have; E502 always and never clash or leave
            too little; E503 a set-up cost or max_offers out of range. All at once.

    Cost: O(n + S G).
    """
    problems = [
        _unknown(key, name, experiment.offers)
        for key, names in (("always", always), ("never", never), ("setup_cost", _named(setup_cost)))
        for name in names
        if name not in experiment.offers
    ]
    left = [g for g in experiment.offers if g not in never]
    problems += _clashes(max_offers, always, never, len(left))
    costs = setup_cost.values() if isinstance(setup_cost, Mapping) else [setup_cost]
    if not all(np.isfinite(c) and c >= 0 for c in costs):
        problems.append(
            blocked("E503", "menu.setup_cost must be finite and not negative.", "Mend the amount.")
        )
    if problems:
        raise BriefError(problems)
    code = {name: g for g, name in enumerate(experiment.offers)}
    by_stratum = fallback_offers(experiment, tuple(code[g] for g in never))
    return Terms(
        max_offers=min(max_offers, len(left)),
        setup=_setup(experiment, setup_cost),
        always=tuple(sorted(code[g] for g in always)),
        never=tuple(sorted(code[g] for g in never)),
        allowed=tuple(code[g] for g in left),
        fallback=_kept(experiment, by_stratum[experiment.stratum]),
        by_stratum=by_stratum,
    )


def _kept(experiment: Experiment, fallback: IntArray) -> IntArray:
    """Return what rows fall back to, consent respected."""
    found = experiment.consent
    return fallback if found is None else kept_offers(found.rights, found.gate.binding, fallback)


def _setup(experiment: Experiment, setup_cost: float | Mapping[str, float]) -> FloatArray:
    population = experiment.population or float(len(np.unique(experiment.customers)))
    if isinstance(setup_cost, Mapping):
        costs = np.array([float(setup_cost.get(name, 0.0)) for name in experiment.offers])
        return costs / population
    costs = np.full(experiment.n_offers, float(setup_cost))
    if experiment.control is not None:
        costs[experiment.control] = 0.0
    return costs / population


def _named(setup_cost: float | Mapping[str, float]) -> tuple[str, ...]:
    return tuple(setup_cost) if isinstance(setup_cost, Mapping) else ()


def _unknown(key: str, name: str, offers: tuple[str, ...]) -> Finding:
    shown = ", ".join(offers[:12]) + (", ..." if len(offers) > 12 else "")
    return blocked(
        "E501", f"menu.{key} names '{name}'; the log has the offers {shown}.", "Use one of these."
    )


def _clashes(
    max_offers: int, always: tuple[str, ...], never: tuple[str, ...], left: int
) -> list[Finding]:
    problems = []
    both = sorted(set(always) & set(never))
    if both:
        problems.append(
            blocked(
                "E502", f"{', '.join(both)} is in both menu.always and menu.never.", "Keep one."
            )
        )
    if left < 1 or len(always) > max_offers:
        problems.append(
            blocked(
                "E502",
                f"menu.never leaves {left} offers and menu.always asks for {len(always)} of at "
                f"most {max_offers}.",
                "Shorten menu.never or menu.always, or raise menu.max_offers.",
            )
        )
    if max_offers < 1:
        problems.append(
            blocked("E503", f"menu.max_offers is {max_offers}; expected 1 or more.", "Raise it.")
        )
    return problems
