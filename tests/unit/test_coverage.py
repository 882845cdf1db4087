"""Coverage: hand-worked shares, who is shut out in words, the curve, floors and their verdicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.brief.coverage import CoverageSpec
from handful.effects.crossfit import CrossFit, World
from handful.evidence.coverage import CoverageCase, as_share, coverage_facts
from handful.evidence.coverage_curve import CurveCase, coverage_curve
from handful.evidence.coverage_records import CoverageFacts, Covered
from handful.evidence.records import Estimate
from handful.evidence.terms import Terms, make_terms
from handful.evidence.worse_off import Comparison
from handful.experiment.records import Experiment
from handful.guardrails.coverage import _floors
from made_experiment import made_experiment
from made_log import write

N = 400


def _made(given: np.ndarray, scores: np.ndarray, **changes: object) -> CoverageCase:
    """Offer 0 is exclusion, 1 and 2 may count."""
    log = made_experiment(N, 3, seed=1)
    log = replace(log, control=0, offers=("full price", "half", "free"), **changes)
    terms = make_terms(log, max_offers=3)
    fold = np.arange(N) % 4
    world = World(np.arange(N), scores, scores)
    fit = CrossFit(fold, scores, scores, (world,) * 4)
    case = Comparison(log, scores, given, np.zeros(N, dtype=np.int64), None, 0)
    return CoverageCase(case, fit, terms, given, (1, 2), None, CoverageSpec(), (), 11)


def _poor(log: Experiment) -> np.ndarray:
    return log.features.values[:, 0] < 0.0


def _scores() -> np.ndarray:
    return np.tile([1.0, 0.6, 0.2], (N, 1)) + np.random.default_rng(0).normal(size=(N, 3)) * 0.01


def test_shares_are_counted_and_those_shut_out_said_in_words() -> None:
    poor = _poor(made_experiment(N, 3, seed=1))
    asked = _made(np.where(poor, 0, 1), _scores())
    found = coverage_facts(asked)
    assert found.overall.held_out.value == pytest.approx(1.0 - poor.mean())
    assert found.overall.assigned == found.overall.held_out.value
    half = np.sqrt(poor.mean() * (1 - poor.mean()) / N)
    assert found.overall.held_out.se == pytest.approx(half, rel=0.01)
    (shut,) = found.shut_out
    assert shut.rule.startswith("age up to")
    assert shut.customers >= poor.sum() - 15
    assert shut.within > 0.9
    # Letting one in costs 1 - 0.6.
    assert shut.cost.lo < 0.4 < shut.cost.hi
    assert found.shut_out_hidden == int(poor.sum()) - shut.customers or (
        found.shut_out_hidden is None
    )
    kept = {offer.offer: offer.acceptable for offer in found.offers}
    assert kept == {"full price": False, "half": True}


def test_groups_revenue_and_reach() -> None:
    log = made_experiment(N, 3, seed=1)
    poor = _poor(log)
    revenue = np.where(poor, 1.0, 3.0)
    asked = _made(np.where(poor, 0, 1), _scores(), revenue=revenue)
    take_up = np.tile([0.1, 0.5, 0.9], (N, 1))
    asked = replace(asked, groups=(("poor", poor), ("rest", ~poor)), take_up=take_up)
    found = coverage_facts(asked)
    assert [group.held_out.value for group in found.groups] == [0.0, 1.0]
    assert found.overall.revenue is not None
    share = 3 * (~poor).sum() / (3 * (~poor).sum() + poor.sum())
    assert found.overall.revenue.value == pytest.approx(share)
    assert found.groups[0].reach is not None
    assert found.groups[0].reach.value == pytest.approx(0.1)


def test_without_anything_brought_there_is_no_share_of_revenue() -> None:
    scores = _scores()
    scores[:, 0] = np.random.default_rng(1).normal(size=N)
    found = coverage_facts(_made(np.ones(N, dtype=np.int64), scores))
    assert found.overall.revenue is None
    assert "not every group is shown to bring anything" in found.revenue_source


def test_an_offer_nobody_takes_up_is_not_acceptable() -> None:
    given = np.arange(N) % 2 + 1
    noise = np.random.default_rng(2).normal(size=(N, 3)) * 0.2
    taken = np.array([0.0, 0.1, 0.6]) + noise
    spec = CoverageSpec(acceptable_take_up=0.3)
    found = coverage_facts(replace(_made(given, _scores()), take_up=taken, spec=spec))
    assert {o.offer: o.acceptable for o in found.offers} == {"half": False, "free": True}
    assert found.overall.held_out.value == 0.5
    assert found.offers[0].why_not == "its take-up is not shown to be above 30 %"


def test_everybody_and_nobody_shut_out() -> None:
    whole = coverage_facts(_made(np.zeros(N, dtype=np.int64), _scores()))
    assert [one.rule for one in whole.shut_out] == ["everyone"]
    assert whole.overall.held_out.value == 0.0
    none = coverage_facts(_made(np.ones(N, dtype=np.int64), _scores()))
    assert none.shut_out == ()
    assert none.shut_out_hidden == 0


def test_a_handful_shut_out_is_never_counted_or_described() -> None:
    given = np.ones(N, dtype=np.int64)
    given[:5] = 0
    found = coverage_facts(_made(given, _scores()))
    assert found.shut_out == ()
    assert found.shut_out_hidden is None


def test_a_small_group_that_is_covered_is_no_proof_that_its_kind_is() -> None:
    few = np.arange(N) < 30
    given = np.where(np.arange(N) < 300, 1, 0)
    asked = replace(_made(given, _scores()), groups=(("few", few),))
    (group,) = coverage_facts(asked).groups
    assert group.held_out.value == group.held_out.hi == 1.0
    # Wilson's lower end for 30 of 30 is 0.887; the floor is held for everybody at once.
    assert 0.8 < group.held_out.lo < 0.887
    whole = replace(_made(np.ones(N, dtype=np.int64), _scores()), groups=(("few", few),))
    assert coverage_facts(whole).groups[0].held_out.lo == 1.0


def test_groups_too_small_are_left_out() -> None:
    few = np.arange(N) < 10
    asked = replace(_made(np.ones(N, dtype=np.int64), _scores()), groups=(("few", few),))
    assert coverage_facts(asked).groups == ()


def test_ends_of_a_share_stay_shares() -> None:
    assert as_share(Estimate(0.95, 0.1, 0.7, 1.2)) == Estimate(0.95, 0.1, 0.7, 1.0)


def _curve_case(scores: np.ndarray, terms: Terms | None = None) -> CurveCase:
    asked = _made(np.zeros(N, dtype=np.int64), scores)
    found = asked.terms if terms is None else terms
    return CurveCase(asked.case.experiment, asked.fit, found, (0, 1, 2), (1, 2), 0, 0)


def test_the_curve_starts_free_and_pays_for_every_customer_more() -> None:
    curve = coverage_curve(_curve_case(_scores()), (0.3,))
    assert [round(p.floor, 2) for p in curve] == [0.0, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9, 1.0]
    assert curve[0].coverage == 0.0
    assert curve[-1].coverage >= 0.99  # a fraction of a customer a fold is let go
    assert curve[0].value.value == pytest.approx(1.0, abs=0.01)
    # The cheapest acceptable offer earns 0.4 less.
    assert curve[-1].cost.value == pytest.approx(0.4, abs=0.01)
    assert curve[4].cost.value == pytest.approx(0.2, abs=0.02)


def test_floors_that_cost_nothing_are_not_drawn() -> None:
    scores = _scores()[:, [2, 1, 0]]
    curve = coverage_curve(_curve_case(scores), ())
    assert len(curve) == 1
    assert curve[0].coverage == 1.0


def _facts(value: float, lo: float, hi: float, **groups: tuple[float, float]) -> CoverageFacts:
    whole = Covered("everybody", 100, Estimate(value, 0.1, lo, hi), value)
    parts = tuple(
        Covered(name, 50, Estimate(sum(ends) / 2, 0.1, *ends), 0.5) for name, ends in groups.items()
    )
    return CoverageFacts((), whole, parts, "none", (), 0, floor=0.8)


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (_facts(0.9, 0.85, 0.95), "pass"),
        (_facts(0.7, 0.65, 0.75), "fail"),
        (_facts(0.8, 0.75, 0.85), "warn"),
        (_facts(0.9, 0.85, 0.95, poor=(0.5, 0.7)), "fail"),
        (_facts(0.9, 0.85, 0.95, poor=(0.7, 0.9)), "warn"),
    ],
)
def test_a_floor_is_held_against_every_interval(facts: CoverageFacts, verdict: str) -> None:
    (found,) = _floors(facts)
    assert found.verdict == verdict
    assert found.bound == 0.8


def test_a_revenue_floor_without_revenue_warns() -> None:
    facts = replace(_facts(0.9, 0.85, 0.95), revenue_floor=0.8)
    assert [one.verdict for one in _floors(facts)] == ["pass", "warn"]


def test_revenue_is_read_beside_features_and_outcomes_are_not_features(tmp_path) -> None:
    lines = [f"{i},{'ab'[i % 2]},{i % 50},{i % 3},{i % 7},{i % 5}" for i in range(200)]
    path = write(tmp_path, lines, header="id,arm,age,spend,gone,before")
    log = load_with(path, coverage={"revenue": "before"}, outcomes={"left": {"per_row": "gone"}})
    assert log.revenue is not None
    assert log.revenue[:3].tolist() == [0.0, 1.0, 2.0]
    assert "before" in log.features.schema.names
    assert "gone" not in log.features.schema.names
    assert [amount.name for amount in log.outcomes] == ["left"]
    assert log.amounts == ()


def load_with(path, **tables: object) -> Experiment:
    from handful.brief.reader import parse_brief
    from handful.experiment.log import load_experiment

    brief = parse_brief(
        {
            "experiment": {"source": path.name, "offer": "arm"},
            "profit": {"per_row": "spend"},
            **tables,
        },
        folder=str(path.parent),
    )
    return load_experiment(brief)
