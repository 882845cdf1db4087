"""What variety costs: content cells, stock of each variant, and the offers a team can author.

Content is charged like set-up, offer by offer, inside the choice of the menu. Stock is charged per
size: the newsvendor cost of the menu's variants, whose demand is uncertain because the log is a
sample, customers are counted in whole numbers, and the forecast of the whole campaign can be off:

    Var D_g = u_g^2 (N^2 q_g (1 - q_g) / C + N q_g (1 - q_g)) + cv^2 t_g M m_g,

N the population, C clusters, q_g the offer's share out of fold, u_g units per customer, m_g = N q_g
u_g and M = sum_g m_g: the spread of the total is cv M however it is split. A forecast
errs step by step, so its variance grows with the time t_g ahead at which the quantity is fixed.
Cost O(K G + draws K).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from handful.brief.variety import VarietySpec
from handful.errors import BriefError, Finding, blocked
from handful.evidence.frontier import MenuFacts
from handful.evidence.records import Estimate, SupplyFacts, VariantFacts
from handful.evidence.terms import StockTerms, Terms
from handful.experiment.records import Experiment
from handful.menu.newsvendor import Stock, best_orders, critical_ratio, never_falling
from handful.notation import FloatArray, IntArray

DRAWS: Final = 4_000
"""Samples of the shares behind the intervals of leftover and stock-out."""


def with_variety(
    terms: Terms, experiment: Experiment, asked: VarietySpec, can_author: int | None
) -> Terms:
    """Add the costs of variety and the team's cap to the terms.

    Args:
        terms: limits of the menu.
        experiment: the log.
        asked: the [variety] table.
        can_author: offers that the team can author; None for any number.

    Returns:
        Terms whose set-up costs include content.

    Raises:
        BriefError: E506 an offer that the log does not have; E507 stock without a shortage cost, a
            population, or with a salvage of the unit cost or more. All at once.

    Cost: O(G).
    """
    problems = [*_unknown_offers(asked, experiment), *_odd_stock(asked, experiment)]
    if problems:
        raise BriefError(problems)
    people = population(experiment)
    content = asked.content_cost * per_offer(asked.contents, experiment) / people
    stock = None
    if asked.unit_cost is not None:
        stock = StockTerms(
            units=per_offer(asked.units, experiment),
            overage=asked.unit_cost - asked.salvage,
            shortage=asked.shortage,
            spread=asked.demand_cv,
            population=people,
            clusters=int(experiment.cluster.max()) + 1,
            ahead=_ahead(asked, experiment),
        )
    return replace(
        terms,
        setup=terms.setup + content,
        content=content,
        cells=per_offer(asked.contents, experiment) if asked.content_cost else None,
        stock=stock,
        author=can_author,
        control=experiment.control,
        max_offers=_largest(terms, experiment.control, can_author),
    )


def _largest(terms: Terms, control: int | None, can_author: int | None) -> int:
    """Return the largest menu tried: what can be authored, "no offer", and one more to price it."""
    if can_author is None:
        return terms.max_offers
    if terms.limits is not None:
        return min(terms.max_offers, can_author)
    free = 1 if control in terms.allowed else 0
    return min(terms.max_offers, can_author + free + 1)


def population(experiment: Experiment) -> float:
    """Return the customers that costs are spread over."""
    return experiment.population or float(len(np.unique(experiment.customers)))


def per_offer(asked: float | Mapping[str, float], experiment: Experiment) -> FloatArray:
    """Return (G,) a number for every offer; "no offer" has none unless a table names it."""
    if isinstance(asked, Mapping):
        return np.array([float(asked.get(name, 0.0)) for name in experiment.offers])
    found = np.full(experiment.n_offers, float(asked))
    if experiment.control is not None:
        found[experiment.control] = 0.0
    return found


def _unknown_offers(asked: VarietySpec, experiment: Experiment) -> list[Finding]:
    tables: dict[str, object] = {
        "contents": asked.contents,
        "units": asked.units,
        "lead_time": asked.lead_time,
        "cut_off": asked.cut_off,
    }
    return [
        blocked(
            "E506",
            f"variety.{key} names '{name}'; the log has the offers "
            f"{', '.join(experiment.offers[:12])}.",
            "Use one of these.",
        )
        for key, table in tables.items()
        if isinstance(table, Mapping)
        for name in table
        if name not in experiment.offers
    ]


def _ahead(asked: VarietySpec, experiment: Experiment) -> FloatArray:
    """Return (G,) the time before the campaign at which each offer's quantity is fixed."""

    def of(table: float | Mapping[str, float], name: str, otherwise: float) -> float:
        return float(table.get(name, otherwise)) if isinstance(table, Mapping) else float(table)

    fixed = asked.lead_time if asked.cut_off is None else asked.cut_off
    return np.array([of(fixed, name, of(asked.lead_time, name, 1.0)) for name in experiment.offers])


def _odd_stock(asked: VarietySpec, experiment: Experiment) -> list[Finding]:
    if asked.unit_cost is None:
        return []
    problems = []
    if asked.shortage <= 0:
        message = "variety.unit_cost keeps stock, but variety.shortage is 0: nothing would be kept."
        problems.append(blocked("E507", message, "Say what one unit short loses."))
    if asked.salvage >= asked.unit_cost:
        message = (
            f"variety.salvage = {asked.salvage:g} is not below variety.unit_cost = "
            f"{asked.unit_cost:g}: a unit left over would cost nothing."
        )
        problems.append(blocked("E507", message, "Mend one of the two."))
    if experiment.population is None:
        message = "variety.unit_cost keeps stock, and profit.population is not given."
        problems.append(blocked("E507", message, "Say how many customers one campaign reaches."))
    return problems


def stock_of(shares: FloatArray, codes: Sequence[int], stock: StockTerms) -> Stock:
    """Order every variant of a menu best.

    Args:
        shares: (K,) share of the population that gets each offer.
        codes: (K,) the offers.
        stock: costs and spreads.

    Cost: O(K).
    """
    units = stock.units[list(codes)]
    demand = stock.population * shares * units
    draw = shares * (1.0 - shares)
    variance = units**2 * draw * (stock.population**2 / stock.clusters + stock.population)
    ahead = 1.0 if stock.ahead is None else stock.ahead[list(codes)]
    variance += stock.spread**2 * ahead * demand.sum() * demand
    return best_orders(demand, np.sqrt(variance), stock.overage, stock.shortage)


def holding_cost(given: IntArray, menu: Sequence[int], terms: Terms) -> float:
    """Return what the stock of a menu costs on average, money per customer.

    Args:
        given: (n,) offers out of fold.
        menu: offer codes.
        terms: with or without stock.

    Cost: O(n + K).
    """
    return _held(shares_of(given, menu), menu, terms)


def _held(shares: FloatArray, menu: Sequence[int], terms: Terms) -> float:
    if terms.stock is None:
        return 0.0
    return stock_of(shares, menu, terms.stock).cost / terms.stock.population


def with_costs(
    facts: Sequence[MenuFacts],
    menus: Mapping[int, tuple[int, ...]],
    held: Mapping[int, FloatArray],
    terms: Terms,
) -> list[MenuFacts]:
    """Take content out of the menus' set-up costs and add what their stock costs.

    A larger menu is never charged less for stock than a smaller one: see `never_falling`.

    Args:
        facts: with content inside `setup_cost`.
        menus: size -> offer codes.
        held: size -> (K,) shares of the offers out of fold; empty without stock.
        terms: with the costs of variety.

    Cost: O(K^2).
    """
    stock = [_held(held[f.offers], menus[f.offers], terms) if held else 0.0 for f in facts]
    charged = never_falling(np.array(stock)).tolist() if stock else []
    found = []
    for known, holding in zip(facts, charged, strict=True):
        codes = list(menus[known.offers])
        content = 0.0 if terms.content is None else float(terms.content[codes].sum())
        cells = 0.0 if terms.cells is None else float(terms.cells[codes].sum())
        setup = known.setup_cost - content if content else known.setup_cost
        found.append(
            replace(
                known,
                setup_cost=setup,
                content_cost=content,
                contents=cells,
                holding_cost=holding,
            )
        )
    return found


def single_costs(terms: Terms) -> FloatArray:
    """Return (G,) what each offer costs to run for everybody, money per customer."""
    if terms.stock is None:
        return terms.setup
    whole = np.ones(1)
    held = [stock_of(whole, [g], terms.stock).cost for g in range(len(terms.setup))]
    costs: FloatArray = terms.setup + np.array(held) / terms.stock.population
    return costs


def shares_of(given: IntArray, menu: Sequence[int]) -> FloatArray:
    """Return (K,) the share of rows that get each offer of a menu."""
    return np.array([float(np.mean(given == g)) for g in menu])


def supply_facts(
    given: IntArray, menu: Sequence[int], single: int, terms: Terms, names: Sequence[str], seed: int
) -> SupplyFacts | None:
    """Say what to order, and what leftover and stock-out to expect against the one-offer plan.

    Intervals are 95 % over samples of the shares, as many clusters drawn as the log has; the
    forecast's own spread is in the expectations already.

    Args:
        given: (n,) offers out of fold.
        menu: offer codes.
        single: the best single offer.
        terms: with stock, else there is nothing to say.
        names: (G,) offer names.
        seed: of the draws.

    Cost: O(draws K).
    """
    if terms.stock is None:
        return None
    shares, stock = shares_of(given, menu), terms.stock
    found = stock_of(shares, menu, stock)
    alone = stock_of(np.ones(1), [single], stock)
    rest = max(1.0 - float(shares.sum()), 0.0)
    drawn = np.random.default_rng([seed, 17]).multinomial(
        stock.clusters, np.append(shares, rest) / (shares.sum() + rest), DRAWS
    )[:, :-1]
    sums = np.array([_totals(row / stock.clusters, menu, stock) for row in drawn])
    left, short = float(found.leftover.sum()), float(found.short.sum())
    left_alone = float(alone.leftover.sum())
    return SupplyFacts(
        critical_ratio=critical_ratio(stock.overage, stock.shortage),
        variants=tuple(
            VariantFacts(
                offer=names[g],
                demand=float(stock.population * shares[at] * stock.units[g]),
                order=float(found.order[at]),
                leftover=float(found.leftover[at]),
                short=float(found.short[at]),
                ahead=1.0 if stock.ahead is None else float(stock.ahead[g]),
                at_least=_bound(terms, f"at_least.{names[g]}", "low"),
                at_most=_bound(terms, f"capacity.{names[g]}", "high"),
            )
            for at, g in enumerate(menu)
        ),
        leftover=_between(left, sums[:, 0], 0.0),
        short=_between(short, sums[:, 1], 0.0),
        leftover_over_single=_between(left, sums[:, 0], left_alone),
        short_over_single=_between(short, sums[:, 1], float(alone.short.sum())),
        pooling_loss=_between(found.cost, sums[:, 2], alone.cost),
        waste=_between(stock.overage * left, stock.overage * sums[:, 0], 0.0),
        waste_over_single=_between(
            stock.overage * left, stock.overage * sums[:, 0], stock.overage * left_alone
        ),
    )


def _bound(terms: Terms, name: str, end: str) -> float | None:
    """Return the least or the most of a limit by name; None where the brief sets none."""
    rules = () if terms.limits is None else terms.limits.rules
    return next((float(getattr(rule, end)) for rule in rules if rule.name == name), None)


def _totals(
    shares: FloatArray, menu: Sequence[int], stock: StockTerms
) -> tuple[float, float, float]:
    found = stock_of(shares, menu, stock)
    return float(found.leftover.sum()), float(found.short.sum()), found.cost


def _between(value: float, drawn: FloatArray, base: float) -> Estimate:
    lo, hi = np.quantile(drawn, [0.025, 0.975]) - base
    return Estimate(value - base, float(drawn.std()), float(lo), float(hi))
