"""The winner's curse of the verdict: a plan is announced when its numbers came out well.

The verdict is reached again on redrawn ledgers V* ~ N(V, Cov); among those with the same kind of
verdict the announced gain exceeds what was put in by the curse:

    curse = E*[ gain*_chosen - gain_chosen | same verdict ],

and the redraws are centred again with the curse taken off, a few times over. The policies are held
fixed: this corrects the choice of K and the announcing, while cross-fitting takes care of learning.
Cost O(rounds draws (M^2 + K G)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.evidence.bands import normal_root
from handful.notation import BoolArray, FloatArray, IntArray

DRAWS: Final = 4_000
ROUNDS: Final = 3
LEAST_SAME: Final = 50
"""Redraws with the same verdict needed to average over; below it the correction stops there."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The verdict as arithmetic on the ledger's means.

    Attributes:
        value: (M,) means; `covariance` (M, M).
        menus: (Q,) columns of the menus of two or more, ascending K; `cost` (Q,) their set-up.
        singles: (G,) columns of the single offers; `single_cost` (G,).
        enough: (Q,) whether enough clusters differ.
        errors: (Q, G) standard errors of menu less single; `paired` (Q, Q) of menu less menu.
        critical: what the least t of a menu must exceed.
        best: column of the best single offer; `base` of no offer, or of the log's own mix.
        lead_error: standard error of best less base; 0 where there is no "no offer".
        lead_critical: critical value of that lead; `lead_cost` set-up of the best single.
        slack: paired errors below the best net value at which a smaller menu is taken.
    """

    value: FloatArray
    covariance: FloatArray
    menus: IntArray
    cost: FloatArray
    singles: IntArray
    single_cost: FloatArray
    enough: BoolArray
    errors: FloatArray
    paired: FloatArray
    critical: float
    best: int
    base: int
    lead_error: float
    lead_critical: float
    lead_cost: float
    slack: float = 1.0


def announced(rule: Rule, values: FloatArray) -> IntArray:
    """Return what each row of ledger values (D, M) would announce.

    Returns:
        (D,) q >= 0 for the q-th menu, -1 for one offer, -2 for no offer.

    Cost: O(D Q G).
    """
    over_base = values[:, rule.best] - rule.lead_cost - values[:, rule.base]
    shown = (rule.lead_error == 0) | (over_base > rule.lead_critical * rule.lead_error)
    without = np.where(shown, -1, -2).astype(np.int64)
    if not len(rule.menus):
        return without
    net = values[:, rule.menus] - rule.cost
    single = values[:, rule.singles] - rule.single_cost
    lead = net[:, :, None] - single[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(rule.errors > 0, lead / rule.errors, -np.inf)
    proven = (t.min(axis=2) > rule.critical) & rule.enough
    top = net.argmax(axis=1)
    near = net >= np.take_along_axis(net, top[:, None], 1) - rule.slack * rule.paired[top]
    first = proven & near
    fallback = np.where(proven, net, -np.inf)
    chosen = np.where(first.any(axis=1), first.argmax(axis=1), fallback.argmax(axis=1))
    return np.where(proven.any(axis=1), chosen, without).astype(np.int64)


def curse(rule: Rule, seed: int) -> float | None:
    """Return how much the announced gain over the base overstates on average.

    Args:
        rule: the verdict as arithmetic.
        seed: of the redraws.

    Returns:
        Money per customer to take off the announced gain; 0 when nothing is announced, None when
        the redraws hardly ever announce this verdict again.

    Cost: O(rounds draws (M^2 + K G)).
    """
    now = int(announced(rule, rule.value[None, :])[0])
    if now == -2:
        return 0.0
    noise = np.random.default_rng([seed, 13]).standard_normal((DRAWS, len(rule.value)))
    noise = noise @ normal_root(rule.covariance).T
    shifted = np.ones(len(rule.value))
    shifted[rule.base] = 0.0
    if now >= 0:  # what was selected is the menus' lead over the single offers
        shifted[rule.singles] = 0.0
        shifted[rule.best] = 0.0
    found: float | None = None
    for _ in range(ROUNDS):
        centre = rule.value - (found or 0.0) * shifted
        drawn = centre + noise
        verdicts = announced(rule, drawn)
        same = verdicts >= 0 if now >= 0 else verdicts == -1
        if same.sum() < LEAST_SAME:
            break
        plan = np.where(
            verdicts >= 0, rule.menus[np.maximum(verdicts, 0)] if len(rule.menus) else 0, rule.best
        )
        rows = np.arange(len(drawn))
        gain = (drawn - centre)[rows, plan] - (drawn - centre)[:, rule.base]
        found = float(gain[same].mean())
    return found
