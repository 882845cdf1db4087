"""The pricing lint, and names under [fairness] that fit neither log nor brief."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.brief.fairness import FairnessSpec
from handful.brief.guardrails import GuardrailsSpec
from handful.brief.origins import Origin
from handful.brief.reader import parse_brief
from handful.brief.schema import Brief
from handful.errors import BriefError
from handful.experiment.records import Experiment, Features, FeatureSchema
from handful.experiment.simulate import simulate
from handful.guardrails.fairness_bounds import MOST_RULES, fair_limits
from handful.guardrails.fairness_inputs import check_fairness
from handful.guardrails.fairness_proxies import is_direct_mail
from handful.guardrails.pricing import lint_prices, price_lines


def log() -> Experiment:
    drawn = simulate("null", n=600, offers=3, random_state=1).experiment
    group = np.asfortranarray((np.arange(600) % 2).astype(float)[:, None])
    apart = Features(FeatureSchema(("sex",), ("category",), (("f", "m"),)), group)
    return replace(drawn, held_apart=apart)


def brief(prices: dict[str, float] | None = None, **fairness: object) -> Brief:
    made = parse_brief({"experiment": {"source": "l", "offer": "o"}, "profit": {"per_row": "y"}})
    return replace(
        made,
        profit=replace(made.profit, price=prices),
        guardrails=GuardrailsSpec(protected=("sex",)),
        fairness=FairnessSpec(**fairness),
    )


def linted(asked: Brief, offer: np.ndarray, experiment: Experiment | None = None):
    experiment = experiment or log()
    lines = price_lines(experiment, asked, offer, 11)
    return lines, {r.name: r for r in lint_prices(experiment, asked, lines)}


PRICES = {"offer 1": 10.0, "offer 2": 15.0}
HALF = np.repeat([1, 2], 300)


def test_two_prices_for_one_item_are_a_dispersion_of_their_ratio() -> None:
    lines, found = linted(brief(PRICES), HALF)
    assert [(line.offer, line.over_lowest, line.share) for line in lines] == [
        ("offer 1", 0.0, 0.5),
        ("offer 2", 5.0, 0.5),
    ]
    lint = found["pricing_dispersion"]
    assert (lint.value, lint.verdict) == (1.5, "warn")
    assert "50%" in lint.remedy
    assert "not legal advice" in lint.remedy


def test_two_prices_for_two_items_are_none() -> None:
    asked = brief(PRICES, items={"offer 1": "tea", "offer 2": "coffee"})
    _, found = linted(asked, HALF)
    assert found["pricing_dispersion"].verdict == "pass"


def test_an_offer_below_cost_is_named_with_its_customers() -> None:
    _, found = linted(brief(PRICES, unit_cost={"offer 1": 12.0, "offer 2": 12.0}), HALF)
    lint = found["pricing_below_cost"]
    assert (lint.value, lint.verdict) == (-2.0, "warn")
    assert "offer 1 (50% of customers)" in lint.remedy
    _, found = linted(brief(PRICES, unit_cost=10.0), HALF)
    assert found["pricing_below_cost"].verdict == "pass"


def test_no_price_is_not_applicable_and_small_counts_are_withheld() -> None:
    lines, found = linted(brief(), HALF)
    assert lines == ()
    assert found["pricing_dispersion"].verdict == "not_applicable"
    few = np.repeat([1, 2], [595, 5])
    lines, _ = linted(brief(PRICES), few)
    assert [(line.customers, line.share) for line in lines] == [(None, 0.99), (None, 0.0083)]


@pytest.mark.parametrize("where", ["name", "origin", "topic", "own word"])
def test_custom_with_a_competitor_is_found_where_it_is_said(where: str) -> None:
    asked, experiment = brief(competitor_confidential=()), log()
    first = experiment.features.schema.names[0]
    rails = asked.guardrails
    if where == "name":
        schema = experiment.features.schema
        names = ("bought_from_competitors", *schema.names[1:])
        features = replace(experiment.features, schema=replace(schema, names=names))
        experiment = replace(experiment, features=features)
    elif where == "origin":
        rails = replace(rails, provenance={first: Origin(source="receipts of a rival shop")})
    elif where == "topic":
        rails = replace(rails, topics={"offer 1": "for switchers only"})
    else:
        asked = replace(asked, fairness=FairnessSpec(competitor_words=(first,)))
    _, found = linted(replace(asked, guardrails=rails), HALF, experiment)
    assert found["pricing_competitors"].verdict == "warn"
    assert found["pricing_competitors"].value == 1.0


def test_nothing_of_a_competitor_passes() -> None:
    _, found = linted(brief(), HALF)
    assert found["pricing_competitors"].verdict == "pass"


def codes(asked: Brief, experiment: Experiment | None = None) -> list[str]:
    with pytest.raises(BriefError) as refused:
        check_fairness(asked, experiment or log())
    return [finding.code for finding in refused.value.findings]


def test_confidential_data_of_a_competitor_is_refused_also_behind_a_derived_column() -> None:
    experiment = log()
    first = experiment.features.schema.names[0]
    assert codes(brief(competitor_confidential=(first,))) == ["G085"]
    asked = replace(brief(competitor_confidential=("theirs",)), columns={first: "2 * theirs"})
    assert codes(asked) == ["G085"]
    check_fairness(brief(competitor_confidential=("theirs",)), experiment)


def test_strange_names_and_bounds_that_compare_nothing_are_refused_together() -> None:
    asked = brief(
        selection_rate={"sexx": 0.1}, price=5.0, items={"offer 9": "tea"}, price_dial="rate"
    )
    assert codes(asked) == ["G086", "G086", "G086", "G087"]
    bare = replace(brief(selection_rate=0.1), guardrails=GuardrailsSpec())
    assert codes(bare) == ["G086"]
    assert codes(brief({"offer 1": 2.0}, price=1.0)) == ["G087"]


def test_bounds_become_limits_on_signed_weights() -> None:
    experiment = log()
    amounts, rules = fair_limits(experiment, brief(selection_rate=0.1, offer_share={"sex": 0.2}))
    assert [(rule.low, rule.high, rule.share) for rule in rules] == [
        (-0.1, 0.1, True),
        (-0.2, 0.2, True),
        (-0.2, 0.2, True),
    ]
    given = experiment.offer != 0
    group = experiment.held_apart.values[:, 0] == 1
    assert amounts[0].values.mean() == pytest.approx(given[~group].mean() - given[group].mean())
    assert fair_limits(experiment, brief(benefit=0.1)) == ((), ())
    assert fair_limits(experiment, brief(selection_rate=0.1, enforce=False)) == ((), ())


def test_a_bound_of_nothing_and_too_many_pairs_are_refused() -> None:
    with pytest.raises(BriefError, match="0 under"):
        fair_limits(log(), brief(selection_rate=0.0))
    many = np.asfortranarray((np.arange(600) % 12).astype(float)[:, None])
    schema = FeatureSchema(("sex",), ("category",), (tuple("abcdefghijkl"),))
    with pytest.raises(BriefError, match=f"more than {MOST_RULES}"):
        fair_limits(replace(log(), held_apart=Features(schema, many)), brief(selection_rate=0.1))


def test_fields_that_direct_mail_segments_by_are_marked() -> None:
    assert is_direct_mail("B_head_age_imputed")
    assert is_direct_mail("ZIP-code")
    assert not is_direct_mail("visits")
