"""What customers get from the plan: held out, and in the plan's own assignment of the log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.effects.crossfit import CrossFit
from handful.effects.scores import close_cells
from handful.evidence.evidence import Evidence
from handful.evidence.limited_split import limits_of
from handful.evidence.limits import codes_by_fold
from handful.evidence.ruling import rule_out_of_fold
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray
from handful.policy.policy import assign_codes
from handful.policy.records import Chance, Policy


@dataclass(frozen=True, slots=True)
class Decisions:
    """Who gets which, and the chance mixed into it.

    Attributes:
        offer: (n,) codes.
        chance: of the policy; None where nothing is drawn.
    """

    offer: IntArray
    chance: Chance | None

    def at(self, values: FloatArray) -> FloatArray:
        """Return (n,) the expected value of what each row gets.

        Args:
            values: (n, G), or (1, G) where offers alone settle it.

        Example:
            >>> Decisions(np.array([1, 0]), None).at(np.array([[0.0, 2.0]])).tolist()
            [2.0, 0.0]
        """
        rows = np.arange(len(self.offer)) if len(values) > 1 else np.zeros(len(self.offer), int)
        given: FloatArray = values[rows, self.offer]
        if self.chance is None:
            return given
        drawn = values[:, list(self.chance.offers)] @ np.asarray(self.chance.probability)
        mixed: FloatArray = self.chance.keep * given + drawn[rows]
        return mixed


@dataclass(frozen=True, slots=True)
class Held:
    """Held-out decisions, and held-out scores to value them by.

    Attributes:
        plan: what every row gets from models that never saw its fold, of the plan's menu.
        free: (n,) every row's own best offer of all that are allowed, by the same models.
        predicted: (n, G) what these models expect; `scores` (n, G) doubly robust, closed cells
            holding the fallback's.
    """

    plan: Decisions
    free: IntArray
    predicted: FloatArray
    scores: FloatArray


def held_decisions(
    experiment: Experiment,
    policy: Policy,
    evidence: Evidence,
    terms: Terms,
    seed: int,
    fallen: IntArray | None = None,
) -> Held:
    """Decide for every row by models that never saw its fold, from the plan's own menu.

    Args:
        experiment: the log.
        policy: the plan's.
        evidence: with the cross-fit of the first split.
        terms: limits and fallbacks.
        seed: of the rules.
        fallen: (n,) these decisions where segments fell back to the default, decided for every fold
            on the others; None where none did.

    Cost: O(n G), J rules where a rule decides, J allocations under limits.
    """
    fit, cells = evidence.first, experiment.open_cells
    given = _given(experiment, fit, policy, terms, seed) if fallen is None else fallen
    allowed = tuple(sorted({*terms.allowed, *policy.menu}))
    return Held(
        plan=Decisions(given, policy.chance),
        free=assign_codes(fit.predicted, allowed, cells, terms.fallback),
        predicted=close_cells(fit.predicted, cells, terms.fallback),
        scores=close_cells(fit.scores, cells, terms.fallback),
    )


def _given(
    experiment: Experiment, fit: CrossFit, policy: Policy, terms: Terms, seed: int
) -> IntArray:
    cells, menu = experiment.open_cells, policy.menu
    if terms.limits is not None:
        return codes_by_fold(experiment, fit, menu, limits_of(terms), terms.fallback)
    if not terms.by_rule or len(menu) < 2:
        return assign_codes(fit.predicted, menu, cells, terms.fallback)
    rule = rule_out_of_fold(experiment, fit, terms, menu, seed)
    return np.where(cells[np.arange(len(rule)), rule], rule, terms.fallback)
