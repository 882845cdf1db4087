"""The rule over a menu: learned outside a fold, applied to it, compared with the free assignment.

Fidelity and loss are those of rules that never saw the fold they are counted on: the share of
customers to whom rule and predictions give the same offer, and the paired difference of the
doubly robust scores of the two. Cost J + 1 trees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from handful.effects.crossfit import CrossFit, World
from handful.effects.scores import close_cells
from handful.evidence.ladder import LEARN_ROWS, LEAST_ROWS, thin_world, world_scores
from handful.evidence.records import Estimate, RuleFacts
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment, Features
from handful.notation import FloatArray, IntArray
from handful.policy.greedy import EXACT_DEPTH, learn_tree
from handful.policy.policy import assign_codes
from handful.policy.records import RuleTree
from handful.policy.rule_json import rule_document
from handful.policy.rules import assign_tree
from handful.policy.wording import rule_sql, rule_text


def learn_rule(
    scores: FloatArray, features: Features, menu: tuple[int, ...], depth: int
) -> RuleTree:
    """Learn the rule of at most `depth` questions; three are searched on a sample of the rows.

    Cost: see `learn_tree`.
    """
    if depth <= EXACT_DEPTH:
        return learn_tree(scores, features, menu, min_rows=LEAST_ROWS)
    rows = np.arange(len(scores))
    if len(rows) > LEARN_ROWS:
        rows = np.sort(np.random.default_rng([len(rows), 3]).permutation(rows)[:LEARN_ROWS])
    known = features.rows(rows)
    return learn_tree(scores[rows], known, menu, depth=depth, min_rows=LEAST_ROWS)


def rule_codes(
    experiment: Experiment, world: World, test: IntArray, menu: tuple[int, ...], terms: Terms
) -> IntArray:
    """Return what a rule learned on a world gives the rows outside it, closed offers replaced.

    Cost: one rule.
    """
    tree = learn_rule(
        world_scores(experiment, world, terms),
        experiment.features.rows(world.rows),
        menu,
        terms.rule_depth,
    )
    given = assign_tree(tree, experiment.features.rows(test))
    return np.where(experiment.open_cells[test, given], given, terms.fallback[test])


def menu_codes(
    experiment: Experiment,
    fit: CrossFit,
    world: World,
    test: IntArray,
    menu: tuple[int, ...],
    terms: Terms,
) -> IntArray:
    """Return what a fold's rows get from a menu: by predictions, or by rule where the brief says.

    Cost: O(n K), or one rule.
    """
    if terms.by_rule and len(menu) > 1:
        return rule_codes(experiment, thin_world(world, 0), test, menu, terms)
    cells = experiment.open_cells[test]
    return assign_codes(fit.predicted[test], menu, cells, terms.fallback[test])


def rule_out_of_fold(
    experiment: Experiment, fit: CrossFit, terms: Terms, menu: tuple[int, ...], seed: int
) -> IntArray:
    """Return (n,) what rules that never saw a row's fold would give it from this menu.

    Cost: J rules.
    """
    given = np.empty(experiment.n_rows, np.int64)
    for j, world in enumerate(fit.worlds):
        test = np.flatnonzero(fit.fold == j)
        given[test] = rule_codes(experiment, thin_world(world, seed), test, menu, terms)
    return given


def final_rule(
    experiment: Experiment, fit: CrossFit, menu: tuple[int, ...], terms: Terms
) -> RuleTree:
    """Learn the rule that would be run, on every row's out-of-fold scores.

    Cost: one rule.
    """
    scores = close_cells(fit.scores, experiment.open_cells, terms.fallback)
    return learn_rule(scores, experiment.features, menu, terms.rule_depth)


@dataclass(frozen=True, slots=True)
class RuleCase:
    """What a rule is judged by: held-out decisions of the predictions and of rules, and scores."""

    free: IntArray
    rule: IntArray
    scores: FloatArray


def rule_facts(
    experiment: Experiment, case: RuleCase, tree: RuleTree, *, decides: bool
) -> RuleFacts:
    """Say the rule in words, SQL and plain data, and how it does on rows it never saw.

    loss = mean_i (Gamma_i,free - Gamma_i,rule), paired; positive where the rule earns less.

    Args:
        experiment: the log.
        case: decisions out of fold.
        tree: the rule that would be run.
        decides: whether the plan follows it.

    Returns:
        The facts; intervals are 95 %, each on its own, robust to clusters.

    Cost: O(n).
    """
    rows = np.arange(experiment.n_rows)
    by_rule, free = case.scores[rows, case.rule], case.scores[rows, case.free]
    schema, offers = experiment.features.schema, experiment.offers
    return RuleFacts(
        decides=decides,
        depth=tree.depth,
        sentences=rule_text(tree, schema, offers),
        sql=rule_sql(tree, schema, offers),
        tree=rule_document(tree, schema, offers),
        fidelity=_mean((case.rule == case.free).astype(float), experiment.cluster),
        value=_mean(by_rule, experiment.cluster),
        loss=_mean(free - by_rule, experiment.cluster),
    )


def _mean(values: FloatArray, cluster: IntArray) -> Estimate:
    mean = float(values.mean())
    sums = np.bincount(cluster, values - mean)
    se = float(np.sqrt(np.sum(sums**2) * len(sums) / max(len(sums) - 1, 1))) / len(values)
    reach = float(norm.ppf(0.975)) * se
    return Estimate(mean, se, mean - reach, mean + reach)
