"""Guardrail outcomes: margins, harm planted in one segment, profit up while loyalty goes down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.brief.outcomes import OutcomeSpec
from handful.brief.reader import parse_brief
from handful.brief.schema import Brief
from handful.effects.scores import doubly_robust
from handful.errors import BriefError
from handful.evidence.coverage_records import OutcomeFacts
from handful.evidence.outcomes import Measured, outcome_facts, within
from handful.evidence.records import Estimate
from handful.evidence.worse_off import Comparison
from handful.experiment.records import Amount
from handful.planning.run import make_plan
from made_experiment import made_experiment

N = 6_000


@pytest.mark.parametrize(
    ("lo", "hi", "worse", "verdict"),
    [
        (-0.01, 0.02, "higher", "pass"),
        (-0.01, 0.021, "higher", "unclear"),
        (0.021, 0.05, "higher", "fail"),
        (-0.05, -0.021, "higher", "pass"),
        (-0.02, 0.01, "lower", "pass"),
        (-0.05, -0.021, "lower", "fail"),
        (0.021, 0.05, "lower", "pass"),
    ],
)
def test_a_change_is_held_against_its_margin(lo, hi, worse, verdict) -> None:
    spec = OutcomeSpec("y", worse=worse, margin=0.02)
    assert within(Estimate((lo + hi) / 2, 0.01, lo, hi), spec) == verdict


def _world(gain: float = 1.0) -> tuple[Comparison, np.ndarray]:
    """Two segments by the sign of a feature, offers 1 and 2; both gain."""
    log = made_experiment(N, 3, seed=3)
    given = np.where(log.features.values[:, 0] > 0, 1, 2)
    seen = gain * (log.offer > 0) + np.random.default_rng(5).normal(size=N)
    scores = _scored(log, seen)
    return Comparison(log, scores, given, np.zeros(N, dtype=np.int64), None, 0), given


def _scored(log, seen: np.ndarray) -> np.ndarray:
    mean = np.array([seen[log.offer == g].mean() for g in range(3)])
    return doubly_robust(np.tile(mean, (N, 1)), seen, log.offer, log.design.received)


def _tested(spec: OutcomeSpec, harm: tuple[float, float], gain: float = 1.0) -> OutcomeFacts:
    """An event at 10 % that offers 1 and 2 make more likely by `harm`."""
    case, given = _world(gain)
    rate = 0.1 + np.where(case.experiment.offer == 1, harm[0], 0.0)
    rate = rate + np.where(case.experiment.offer == 2, harm[1], 0.0)
    seen = (np.random.default_rng(6).random(N) < rate).astype(float)
    one = Measured("event", spec, seen, _scored(case.experiment, seen))
    members = [("one", given == 1), ("two", given == 2)]
    return outcome_facts(case, np.zeros(N, dtype=np.int64), [one], members)[0]


def test_harm_in_one_segment_is_found_there() -> None:
    found = _tested(OutcomeSpec("y", margin=0.03), (0.0, 0.2))
    assert [test.verdict for test in found.segments] == ["unclear", "fail"]
    assert found.segments[1].difference is not None
    assert found.segments[1].difference.lo < 0.2 < found.segments[1].difference.hi
    assert found.segments[0].under_default is not None
    assert found.segments[0].under_default.lo < 0.1 < found.segments[0].under_default.hi


def test_no_harm_passes_with_a_margin_the_log_can_tell() -> None:
    found = _tested(OutcomeSpec("y", margin=0.08), (0.0, 0.0))
    assert {test.verdict for test in (found.overall, *found.segments)} == {"pass"}


def test_a_margin_too_narrow_for_the_log_is_not_passed() -> None:
    found = _tested(OutcomeSpec("y", margin=0.001), (0.0, 0.0))
    assert found.overall.verdict == "unclear"


@pytest.mark.parametrize(
    ("horizon", "gain", "conflict"),
    [("180 days", 1.0, True), (None, 1.0, False), ("180 days", 0.0, False)],
)
def test_profit_up_and_loyalty_down_is_a_conflict(horizon, gain, conflict) -> None:
    spec = OutcomeSpec("y", worse="higher", margin=1.0, horizon=horizon)
    found = _tested(spec, (0.2, 0.2), gain)
    assert found.overall.verdict == "pass"  # a wide margin does not hide a conflict
    assert found.conflict is conflict


def test_events_too_rare_say_nothing() -> None:
    case, given = _world()
    seen = np.zeros(N)
    seen[:5] = 1.0
    one = Measured("event", OutcomeSpec("y", margin=0.1), seen, _scored(case.experiment, seen))
    members = [("one", given == 1)]
    found = outcome_facts(case, np.zeros(N, dtype=np.int64), [one], members)[0]
    assert found.overall.verdict == "too_few"
    assert found.overall.difference is None


def test_events_on_one_side_alone_say_nothing() -> None:
    """Hundreds of complaints under the default, none where the plan's offer was tried: too few."""
    case, given = _world()
    seen = ((case.experiment.offer == 0) & (np.arange(N) % 3 == 0)).astype(float)
    assert seen.sum() > 100
    one = Measured("event", OutcomeSpec("y", margin=0.1), seen, _scored(case.experiment, seen))
    found = outcome_facts(case, np.zeros(N, dtype=np.int64), [one], [("one", given == 1)])[0]
    assert found.overall.verdict == "too_few"


def test_an_outcome_that_offers_settle_needs_no_rows() -> None:
    case, given = _world()
    days = np.array([[2.0, 2.0, 5.0]])
    spec = OutcomeSpec("days", margin=1.0)
    one = Measured("days", spec, days[0][case.experiment.offer], days)
    members = [("one", given == 1), ("two", given == 2)]
    found = outcome_facts(case, np.zeros(N, dtype=np.int64), [one], members)[0]
    assert [test.verdict for test in found.segments] == ["pass", "fail"]
    assert found.segments[1].difference == Estimate(3.0, 0.0, 3.0, 3.0)


def test_a_plan_with_a_harmful_outcome_fails_its_guardrail() -> None:
    log = made_experiment(2_000, 2, seed=7)
    rng = np.random.default_rng(8)
    seen = 1.0 * (log.offer == 1) + rng.normal(size=2_000)
    left = (rng.random(2_000) < 0.1 + 0.2 * (log.offer == 1)).astype(float)
    log = replace(log, control=0, profit=seen, outcomes=(Amount("unsubscribe", left),))
    brief = _brief({"unsubscribe": {"per_row": "left", "margin": 0.02, "horizon": "a year"}})
    plan = make_plan(log, brief=brief)
    verdicts = {one.name: one.verdict for one in plan.guardrails}
    assert verdicts["outcome_unsubscribe"] == "fail"
    assert verdicts["conflict_unsubscribe"] == "warn"
    assert "outcome_unsubscribe" in {one.name for one in plan.failed}
    found = plan.outcomes[0].overall.difference
    assert found is not None
    assert found.lo < 0.2 < found.hi


def _brief(outcomes: dict[str, object]) -> Brief:
    return parse_brief(
        {
            "experiment": {"source": "log.csv", "offer": "arm"},
            "profit": {"per_row": "y"},
            "evidence": {"repetitions": 1},
            "outcomes": outcomes,
        }
    )


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ({"left": {"margin": 0.1}}, "B102"),
        ({"left": 3}, "B103"),
        ({"left": {"per_row": "left", "worse": "sideways"}}, "B103"),
        ({"left": {"per_row": "left", "margin": -1}}, "B103"),
        ({"left": {"per_row": "left", "margins": 1}}, "B101"),
    ],
)
def test_an_outcome_that_makes_no_sense_is_refused(outcomes, code) -> None:
    with pytest.raises(BriefError) as caught:
        _brief(outcomes)
    assert code in {finding.code for finding in caught.value.findings}
