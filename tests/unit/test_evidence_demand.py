"""Demand: held-out curves by price, bands, refusals, and a plan made again without the refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from handful.brief.reader import parse_brief
from handful.delivery.plan_json import plan_document
from handful.delivery.report import render_report
from handful.errors import BriefError, DataError
from handful.evidence.demand import PriceScores, Seen, Segments, demand_points, premiums
from handful.experiment.log import build_experiment
from handful.experiment.opening import open_table
from handful.experiment.records import Experiment
from handful.planning.demanding import priced_log
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from handful.policy.artefact import read_policy, write_policy

PRICES = {"basic": 2.0, "plus": 5.0, "premium": 6.0}


def shop(n: int, likes: tuple[float, ...], others: tuple[float, ...], **profit: object) -> tuple:
    """A log of three prices; rows with x above 0 accept with `likes`, the rest with `others`."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    given = rng.integers(0, 3, n)
    chance = np.where((x > 0)[:, None], likes, others)
    bought = (rng.random(n) < chance[np.arange(n), given]).astype(float)
    price = np.array(list(PRICES.values()))[given]
    table = pa.table(
        {
            "offer": np.array(list(PRICES))[given],
            "price": price,
            "bought": bought,
            "paid": bought * (price - 1.0),
            "x": x,
            "z": rng.normal(size=n),
        }
    )
    money = {"per_row": "paid", "take_up": "bought", "price": dict(PRICES)} | profit
    brief = parse_brief(
        {
            "experiment": {"source": "shop", "offer": "offer", "features": ["x", "z"]},
            "profit": {key: value for key, value in money.items() if value is not None},
            "menu": {"max_offers": 3},
            "evidence": {"repetitions": 1, "folds": 4},
        }
    )
    with open_table(table, "shop") as log:
        return build_experiment(log, brief), brief, table


@pytest.fixture(scope="module")
def handful() -> tuple:
    log, brief, table = shop(6_000, (0.6, 0.5, 0.42), (0.8, 0.1, 0.0))
    return make_plan(log, brief=brief), log, table


def test_take_up_is_read_and_is_no_feature(handful: tuple) -> None:
    _, log, table = handful
    assert log.take_up.tolist() == table["bought"].to_pylist()
    assert "bought" not in log.features.schema.names
    assert log.amounts == ()


def test_curves_hold_the_true_take_up_by_segment(handful: tuple) -> None:
    plan, _, _ = handful
    truth = {"basic": (0.8, 0.1, 0.0), "plus": (0.6, 0.5, 0.42)}
    for point in plan.demand.points:
        if point.segment in truth:
            expected = truth[point.segment][list(PRICES).index(point.offer)]
            slack = 0.02  # a few customers near the border get the other segment's offer
            assert point.take_up.lo - slack <= expected <= point.take_up.hi + slack
            earned = expected * (point.price - 1.0)
            assert point.margin.lo - 4 * slack <= earned <= point.margin.hi + 4 * slack


def test_an_offer_not_worth_more_than_the_standard_leaves_the_menu(handful: tuple) -> None:
    plan, _, _ = handful
    assert plan.verdict.menu == ("basic", "plus")
    (gone,) = [premium for premium in plan.demand.premiums if premium.refused]
    assert (gone.offer, gone.standard) == ("premium", "plus")
    assert gone.gain.lo <= 0
    (said,) = [finding for finding in plan.findings if finding.code == "E509"]
    assert "'premium'" in said.message
    assert "left out of the menu" in said.message
    assert all("premium" not in point.menu for point in plan.frontier)


def test_the_page_and_the_document_say_it(handful: tuple) -> None:
    plan, _, _ = handful
    page = render_report(plan)
    assert "What customers pay for" in page
    assert "refused" in page
    document = plan_document(plan)
    assert [p["offer"] for p in document["demand"]["premiums"]] == ["basic", "premium"]
    assert len(document["demand"]["points"]) == 9


def test_a_dial_is_its_own_price() -> None:
    _, _, table = shop(2_000, (0.6, 0.5, 0.4), (0.8, 0.1, 0.0))
    brief = parse_brief(
        {
            "experiment": {"source": "shop", "offer": ["price"], "features": ["x", "z"]},
            "profit": {"per_row": "paid", "take_up": "bought"},
            "menu": {"max_offers": 2},
            "evidence": {"repetitions": 1, "folds": 4},
        }
    )
    with open_table(table, "shop") as log:
        plan = make_plan(build_experiment(log, brief), brief=brief)
    everybody = [p for p in plan.demand.points if p.segment == "everybody"]
    assert [p.price for p in everybody] == [2.0, 5.0, 6.0]
    assert [round(p.take_up.value, 1) for p in everybody] == [0.7, 0.3, 0.2]


def test_many_values_of_a_dial_are_put_into_bands() -> None:
    rng = np.random.default_rng(1)
    table = pa.table({"price": np.round(rng.uniform(1, 9, 3_000), 2), "y": rng.random(3_000)})
    table = table.append_column("x", pa.array(rng.normal(size=3_000)))
    brief = parse_brief(
        {
            "experiment": {"source": "shop", "offer": ["price"], "features": ["x"]},
            "profit": {"per_row": "y", "take_up": "CAST(y > 0.5 AS INTEGER)"},
            "menu": {"price": {"min": 1, "max": 9, "increment": 1}},
        }
    )
    with open_table(table, "shop") as log:
        priced = priced_log(build_experiment(log, brief), PlanSettings())
    assert len(priced.price) == 8
    assert (np.diff(priced.price) > 0).all()
    assert np.bincount(priced.experiment.offer).min() > 300
    assert 1.0 < priced.price[0] < priced.price[-1] < 9.0


@pytest.mark.parametrize(
    ("price", "words"),
    [(None, "needs the price of each offer"), ({"basic": 2, "gold": 9}, "gold")],
)
def test_take_up_without_prices_is_refused(price: object, words: str) -> None:
    log, brief, _ = shop(600, (0.6, 0.5, 0.4), (0.8, 0.1, 0.0), price=price)
    with pytest.raises(BriefError, match=words) as refusal:
        make_plan(log, brief=brief)
    assert refusal.value.findings[0].code == "E508"


def test_take_up_below_zero_is_refused() -> None:
    with pytest.raises(DataError, match="take_up") as refusal:
        shop(600, (0.6, 0.5, 0.4), (0.8, 0.1, 0.0), take_up="bought - 0.5")
    assert refusal.value.findings[0].code == "S236"


def test_without_take_up_nothing_is_drawn() -> None:
    log, brief, _ = shop(1_200, (0.6, 0.5, 0.4), (0.8, 0.1, 0.0), take_up=None, price=None)
    plan = make_plan(log, brief=brief)
    assert plan.demand is None
    assert "What customers pay for" not in render_report(plan)


def test_a_price_few_were_open_to_has_no_value() -> None:
    scores = np.arange(200.0).reshape(100, 2)
    cells = np.ones((100, 2), dtype=bool)
    cells[:60, 1] = False
    everybody = Segments(("everybody",), (np.ones(100, dtype=bool),))
    priced = PriceScores(("a", "b"), np.array([1.0, 2.0]), scores, scores, cells)
    first, second = demand_points(priced, everybody, np.arange(100), 0)
    assert first.take_up.value == scores[:, 0].mean()
    assert second.take_up is None
    assert second.margin is None


def test_bands_cover_all_points_at_once() -> None:
    rng = np.random.default_rng(2)
    masks = Segments(("everybody", "half"), (np.ones(400, bool), np.arange(400) < 200))
    cells, covered = np.ones((400, 3), dtype=bool), 0
    for draw in range(300):
        scores = rng.normal(size=(400, 3))
        priced = PriceScores(("a", "b", "c"), np.arange(3.0), scores, scores, cells)
        points = demand_points(priced, masks, np.arange(400), draw)
        covered += all(p.take_up.lo <= 0 <= p.take_up.hi for p in points)
    assert covered / 300 == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 300))


@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_bands_hold_in_small_segments_that_hardly_buy(rate: float) -> None:
    rng = np.random.default_rng(5)
    n, prices, covered, draws = 1_500, 5, 0, 120
    segment = Segments(("few",), (np.arange(n) < 200,))
    cells, rows = np.ones((n, prices), dtype=bool), np.arange(n)
    for draw in range(draws):
        given, taken = rng.integers(0, prices, n), rng.random(n) < rate
        scores = np.full((n, prices), rate)
        scores[rows, given] += prices * (taken - rate)
        seen = Seen(given, taken, 3.0 * taken)
        priced = PriceScores(tuple("abcde"), np.arange(5.0), scores, 3 * scores, cells, seen)
        points = demand_points(priced, segment, rows, draw)
        covered += all(
            p.take_up.lo <= rate <= p.take_up.hi and p.margin.lo <= 3 * rate <= p.margin.hi
            for p in points
        )
    assert covered / draws >= 0.88


def test_a_price_few_of_a_segment_were_given_has_no_value() -> None:
    n = 300
    given = np.where(np.arange(n) < 285, 0, 1)
    seen = Seen(given, np.ones(n, dtype=bool), np.ones(n))
    everybody = Segments(("everybody",), (np.ones(n, dtype=bool),))
    cells, scores = np.ones((n, 2), dtype=bool), np.ones((n, 2))
    priced = PriceScores(("a", "b"), np.array([1.0, 2.0]), scores, scores, cells, seen)
    first, second = demand_points(priced, everybody, np.arange(n), 0)
    assert first.take_up is not None
    assert second.take_up is None


def test_premiums_are_paired_and_respect_clusters(handful: tuple) -> None:
    _, log, _ = handful
    scores = np.zeros((log.n_rows, 3))
    scores[:, 0] = np.arange(log.n_rows) % 2
    given = np.zeros(log.n_rows, np.int64)
    ((offer, customers, gain),) = premiums(log, scores, given, (0, 1), 1)
    assert (offer, customers) == (0, log.n_rows)
    assert gain.value == pytest.approx(0.5)
    assert gain.se == pytest.approx(0.5 / np.sqrt(log.n_rows))
    assert isinstance(log, Experiment)


def test_the_policy_without_the_refused_offer_travels(
    handful: tuple, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plan, log, _ = handful
    folder = tmp_path_factory.mktemp("demand") / "policy"
    write_policy(plan.policy, folder, log.features, log.stratum)
    assert read_policy(folder).menu == plan.policy.menu
