"""What each assumption does to profit under every offer, so that predictions at others are sums.

P(theta) = P + (theta - theta_0) B, B the predicted slope. Where y = theta_0 d + c with c settled by
the offer alone, d = (y - c) / theta_0 row by row, and B = (P - c) / theta_0 needs no fit of its
own; where d is settled by the offer alone B is a table. Otherwise d is learned like any amount, on
the folds of the profit, which differs from learning P(theta) anew (docs/sensitivity.md measures
by how much). Cost: one more cross-fit for each slope of the last kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from handful.effects.amounts import amount_table
from handful.effects.crossfit import CrossFit, cross_fit, learn_whole, open_workshop
from handful.effects.predict import predict_profit
from handful.effects.records import SlopeFit
from handful.effects.worlds import Workshop
from handful.experiment.records import Amount, Experiment, Slope
from handful.notation import FloatArray
from handful.progress import SILENT, Progress


@dataclass(frozen=True, slots=True)
class SlopeRule:
    """A slope that follows from the profit and the offer: B = share P + table."""

    name: str
    at: float
    share: float
    table: FloatArray


def slope_rule(experiment: Experiment, slope: Slope) -> SlopeRule | None:
    """Return the slope as a rule on profit and offer; None where it has to be learned.

    Cost: O(n).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("null", n=600, offers=2, random_state=1).experiment
        >>> slope_rule(log, Slope("margin", 0.5, log.profit / 0.5)).share
        2.0
    """
    if slope.values is None:
        return None
    table = amount_table(experiment, Amount(slope.name, slope.values))
    if table is not None:
        return SlopeRule(slope.name, slope.at, 0.0, table[0])
    if slope.at == 0.0:
        return None
    rest = amount_table(experiment, Amount(slope.name, experiment.profit - slope.at * slope.values))
    if rest is None:
        return None
    return SlopeRule(slope.name, slope.at, 1.0 / slope.at, -rest[0] / slope.at)


@dataclass(frozen=True, slots=True)
class SlopeSplits:
    """Adds what every assumption does to each split; keeps the first workshops."""

    experiment: Experiment
    learn_rows: int
    random_state: int
    progress: Progress = SILENT
    kept: dict[str, Workshop] = field(default_factory=dict)

    def source(self, profit: Callable[[int], CrossFit]) -> Callable[[int], CrossFit]:
        """Return a source of splits whose cross-fits hold the slopes too."""
        if not self.experiment.slopes:
            return profit
        return lambda repetition: self._with_slopes(profit(repetition), repetition)

    def _with_slopes(self, fit: CrossFit, repetition: int) -> CrossFit:
        found = []
        for slope in self.experiment.slopes:
            rule = slope_rule(self.experiment, slope)
            if rule is not None:
                found.append(SlopeFit(rule.name, rule.at, rule.share, rule.table))
            elif slope.values is not None:
                found.append(self._learn(fit, slope, repetition))
        return replace(fit, slopes=tuple(found))

    def _learn(self, fit: CrossFit, slope: Slope, repetition: int) -> SlopeFit:
        if slope.values is None:
            raise ValueError("the slope is not known")
        log = replace(self.experiment, profit=slope.values)
        shop = open_workshop(
            log,
            fit.fold,
            learn_rows=self.learn_rows,
            random_state=self.random_state + repetition,
        )
        self.kept.setdefault(slope.name, shop)
        found = cross_fit(log, shop, fit.fold, self.progress)
        nothing = np.zeros(log.n_offers)
        return SlopeFit(
            slope.name,
            slope.at,
            0.0,
            nothing,
            found.predicted,
            tuple(world.predicted for world in found.worlds),
            tuple(world.scores for world in found.worlds),
        )

    def whole(self, names: Sequence[str]) -> dict[str, FloatArray]:
        """Return (n, G) predictions of the final model of every slope that was learned.

        Cost: one fit each.
        """
        known = {slope.name: slope for slope in self.experiment.slopes}
        found = {}
        for name in names:
            values = known[name].values
            if name in self.kept and values is not None:
                log = replace(self.experiment, profit=values)
                model = learn_whole(log, self.kept[name]).model
                found[name] = predict_profit(model, log.features)
        return found
