"""The log's own splits: folds by cluster, one workshop of fits each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from handful.effects.crossfit import CrossFit, cross_fit, open_workshop
from handful.effects.folds import count_folds, make_folds
from handful.effects.worlds import Workshop
from handful.experiment.records import Experiment
from handful.notation import IntArray
from handful.planning.settings import PlanSettings
from handful.progress import Progress


@dataclass(frozen=True, slots=True)
class OwnSplits:
    """Makes the cross-fit of each repetition; keeps the first workshop for the final model."""

    experiment: Experiment
    settings: PlanSettings
    random_state: int
    progress: Progress
    kept: list[Workshop] = field(default_factory=list)

    @property
    def first(self) -> Workshop:
        """The workshop of the first repetition."""
        return self.kept[0]

    def folds(self, repetition: int) -> IntArray:
        """Return the (n,) folds of a repetition.

        Raises:
            BriefError: E504 fewer than 4 folds or 4 clusters.
        """
        rng = np.random.default_rng([self.random_state, 0, repetition])
        count = count_folds(self.experiment.cluster, self.settings.folds)
        return make_folds(self.experiment.cluster, count, rng)

    def split(self, repetition: int) -> CrossFit:
        """Cross-fit one repetition.

        Cost: J (J - 1) / 2 + J fits.
        """
        fold = self.folds(repetition)
        shop = open_workshop(
            self.experiment,
            fold,
            learn_rows=self.settings.learn_rows,
            random_state=self.random_state + repetition,
        )
        if not self.kept:
            self.kept.append(shop)
        return cross_fit(self.experiment, shop, fold, self.progress)
