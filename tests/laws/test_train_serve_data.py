"""Train and serve on real data: every customer of every packaged log, three readers, one decision.

A model is learned on the log, written, read back; then each raw line of the file is decided in
plain Python and compared with the streamed, vectorised decision.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handful.brief.reader import read_brief
from handful.data import demo_path
from handful.effects.learn import learn_effects
from handful.experiment.log import load_experiment
from handful.experiment.records import Experiment, Features, FeatureSchema
from handful.experiment.simulate import simulate
from handful.experiment.sources import stream_customers
from handful.policy.artefact import read_policy, write_policy
from handful.policy.decide import decide
from handful.policy.fallback import fallback_offers
from handful.policy.policy import assign
from handful.policy.records import REASONS, Policy

VISITS = "visit - CASE WHEN segment = 'No E-Mail' THEN 0 ELSE 0.05 END"
"""On profit per visit customers differ, so the model has something to say."""


def _written(experiment: Experiment, folder: Path) -> Policy:
    """Learn on the log, write the policy of all offers, read it back."""
    policy = Policy(
        model=learn_effects(experiment),
        menu=tuple(range(experiment.n_offers)),
        strata_columns=experiment.strata_columns,
        strata=experiment.strata,
        support=experiment.design.support,
        fallback=fallback_offers(experiment),
        currency=experiment.currency,
    )
    write_policy(policy, folder, experiment.features, experiment.stratum)
    return read_policy(folder)


def _raw_rows(path: Path, schema: FeatureSchema) -> Iterator[dict[str, object]]:
    """Read the file as a caller without handful would."""
    with gzip.open(path, "rt", newline="") as lines:
        for line in csv.DictReader(lines):
            yield {
                name: _raw_value(line[name], kind)
                for name, kind in zip(schema.names, schema.kinds, strict=True)
            }


def _raw_value(text: str, kind: str) -> object:
    if text in ("", "NA"):
        return None
    return float(text) if kind == "number" else text


@pytest.mark.parametrize(("name", "least_offers"), [("hillstrom", 2), ("thornton", 2)])
def test_every_line_of_a_packaged_log_is_decided_alike(
    name: str, least_offers: int, tmp_path: Path
) -> None:
    brief = read_brief(demo_path(name))
    if name == "hillstrom":
        brief = replace(brief, profit=replace(brief.profit, per_row=VISITS))
    if name == "thornton":
        # The demo's own profit tells nobody apart: there would be nothing to compare.
        brief = replace(brief, profit=replace(brief.profit, per_row="(age - 35) * tinc * got"))
    policy = _written(load_experiment(brief), tmp_path / "policy")
    source = Path(brief.folder) / brief.experiment.source
    rows = _raw_rows(source, policy.model.schema)
    seen: set[str] = set()
    for block in stream_customers(str(source), schema=policy.model.schema):
        decided = assign(policy, block.features, block.stratum)
        codes, profits = decided.offer.tolist(), decided.expected_profit.tolist()
        for code, profit, row in zip(codes, profits, rows, strict=False):
            one = decide(policy, row, None)
            assert (one.offer, one.expected_profit) == (policy.model.offers[code], profit)
            seen.add(one.offer)
    assert next(rows, None) is None
    assert len(seen) >= least_offers


@pytest.mark.parametrize("kind", ["promotions", "strata"])
def test_every_customer_of_a_simulated_log_is_decided_alike(kind: str, tmp_path: Path) -> None:
    experiment = simulate(kind, n=6_000, random_state=1).experiment
    policy = _written(experiment, tmp_path / "policy")
    decided = assign(policy, experiment.features, experiment.stratum)
    codes = decided.offer.tolist()
    for place, row in enumerate(_labelled(experiment.features)):
        one = decide(policy, row, experiment.strata[experiment.stratum[place]])
        assert one.offer == policy.model.offers[codes[place]]
        assert one.reason == REASONS[int(decided.reason[place])]
        assert one.expected_profit == decided.expected_profit[place]
    assert len(set(codes)) > 1
    if kind == "promotions":
        assert policy.model.forest is not None


def _labelled(features: Features) -> Iterator[dict[str, object]]:
    """Yield the customers with labels instead of level codes."""
    schema = features.schema
    for values in features.values.tolist():
        yield {
            name: value if not levels or np.isnan(value) else levels[int(value)]
            for name, levels, value in zip(schema.names, schema.levels, values, strict=True)
        }
