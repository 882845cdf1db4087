"""A guardrail of one's own: at most a given share of customers may get the same offer.

Named in handful.toml as `plugins = ["stock:not_everybody"]`, it runs with the others.
"""

from __future__ import annotations

import numpy as np

from handful.guardrails.records import Facts, GuardrailResult

MOST = 0.9


def not_everybody(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Fail a plan that sends one offer to more customers than the warehouse can serve."""
    counts = np.bincount(facts.assignment.offer, minlength=facts.experiment.n_offers)
    share = counts / counts.sum()
    if facts.experiment.control is not None:
        share[facts.experiment.control] = 0.0
    largest = float(share.max())
    name = facts.experiment.offers[int(share.argmax())]
    return (
        GuardrailResult(
            name="not_everybody",
            measure="largest share of customers who get one offer",
            value=largest,
            lo=None,
            hi=None,
            bound=MOST,
            verdict="pass" if largest <= MOST else "fail",
            remedy=f"Send '{name}' in two waves, or order more stock.",
        ),
    )
