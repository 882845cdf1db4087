"""What ANY policy is worth on the log, beside the references, by the same doubly robust scores.

V(pi) = mean_i Gamma_{i, pi_i}. Cost: `repetitions` cross-fits and O(n M).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.evidence.bands import difference_rows, make_family, unit_rows
from handful.evidence.evidence import SplitSource
from handful.evidence.instability import with_choice_noise
from handful.evidence.ledger import Ledger, add_split, means
from handful.evidence.records import Estimate
from handful.evidence.splits import (
    BEST_SINGLE,
    NO_OFFER,
    ONE_TO_ONE,
    standard_codes,
    value_split,
)
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.experiment.tails import TailFacts, tail_facts
from handful.notation import IntArray

POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A policy's value beside the references, and its paired lead over each of them.

    Attributes:
        value: money per customer, with a 95 % band simultaneous over all values here.
        references: (name, estimate) of no offer, best single offer, one-to-one.
        leads: (name, policy less reference), simultaneous over the leads.
        winsorised: value with the profit winsorised; None unless the tail is heavy.
        closed: rows whose offer is not open in their stratum and was valued as their fallback.
    """

    value: Estimate
    references: tuple[tuple[str, Estimate], ...]
    leads: tuple[tuple[str, Estimate], ...]
    winsorised: Estimate | None
    closed: int


def value_policy(
    experiment: Experiment,
    given: IntArray,
    source: SplitSource,
    repetitions: int,
    terms: Terms,
    seed: int,
) -> Evaluation:
    """Value a policy: an offer code for every row.

    Held out only if the policy was made without these rows' outcomes; that cannot be seen here.

    Args:
        experiment: the log.
        given: (n,) offer codes.
        source: makes the cross-fit of repetition r.
        repetitions: number of splits.
        terms: the fallback where an offer is closed.
        seed: of the bands.

    Cost: that of the cross-fits and O(n M).
    """
    raw, clipped = Ledger({}), Ledger({})
    tails: TailFacts = tail_facts(experiment.profit)
    for r in range(repetitions):
        fit = source(r)
        codes = standard_codes(experiment, fit, terms) | {POLICY: given}
        split = value_split(experiment, fit, terms, codes, tails)
        raw = add_split(raw, split.columns)
        clipped = add_split(clipped, split.clipped) if split.clipped else clipped
    plain = means(raw, experiment.cluster)
    found = with_choice_noise(plain, terms, len(fit.worlds), codes, seed)
    lines = [n for n in (NO_OFFER, BEST_SINGLE, ONE_TO_ONE) if n in found.names]
    values = make_family(found, unit_rows(found, [POLICY, *lines]), seed)
    leads = make_family(found, difference_rows(found, [(POLICY, n) for n in lines]), seed)
    winsorised = None
    if clipped.splits:
        held = means(clipped, experiment.cluster)
        winsorised = make_family(held, unit_rows(held, [POLICY]), seed).estimate(0)
    cells = experiment.open_cells[np.arange(len(given)), given]
    return Evaluation(
        value=values.estimate(0),
        references=tuple((n, values.estimate(at + 1)) for at, n in enumerate(lines)),
        leads=tuple((n, leads.estimate(at)) for at, n in enumerate(lines)),
        winsorised=winsorised,
        closed=int(np.sum(~cells)),
    )
