"""Numbers are written the way a marketer reads them, with as many digits as the band allows."""

from __future__ import annotations

import pytest

from handful.delivery.report.charts import spread
from handful.delivery.report.figures import (
    decimals,
    interval,
    lookup,
    money,
    money_text,
    number_text,
    percent_text,
    share,
)
from handful.delivery.report.tables import Column, Row, Table, csv_text, offers_text
from handful.evidence.records import Estimate
from plan_fixture import one_offer_plan


def band(half: float) -> Estimate:
    return Estimate(1.0, half, 1.0 - half, 1.0 + half)


@pytest.mark.parametrize(
    ("half", "places"),
    [(0.076, 3), (0.21, 2), (1.5, 2), (14.0, 0), (160_000.0, -4), (0.00003, 6), (0.0, 2)],
)
def test_two_digits_of_the_half_width(half: float, places: int) -> None:
    assert decimals([band(half)]) == places


def test_a_total_is_rounded_by_the_band_of_the_total() -> None:
    assert decimals([band(0.076)], scale=2_000_000) == -4


@pytest.mark.parametrize(
    ("value", "currency", "places", "text"),
    [
        (0.3774, "USD", 3, "$0.377"),
        (-0.016, "USD", 3, "−$0.016"),
        (-0.0001, "USD", 3, "$0.000"),
        (754_321.0, "GBP", -4, "£750,000"),
        (12.5, "CHF", 2, "CHF\u00a012.50"),
        (1234.5, "EUR", 2, "€1,234.50"),
    ],
)
def test_money(value: float, currency: str, places: int, text: str) -> None:
    assert money_text(value, currency, places) == text


def test_a_rounded_nothing_has_no_minus() -> None:
    assert number_text(-0.0004, 3) == "0.000"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.52, "52%"),
        (0.984, "98.4%"),
        (0.9997, "99.97%"),
        (0.004, "0.4%"),
        (1.0, "100%"),
        (1.02, "102%"),
        (-0.4, "−40%"),
    ],
)
def test_percentages_never_round_to_all_or_nothing(value: float, text: str) -> None:
    assert percent_text(value) == text


def test_a_figure_remembers_where_it_came_from() -> None:
    plan = one_offer_plan()
    figure = money(plan, "reference.best_single.value", 3, times=2_000_000)
    assert figure.field == "reference.best_single.value"
    assert figure.raw == plan.reference.best_single.value * 2_000_000


def test_lookup_follows_names_and_positions() -> None:
    plan = one_offer_plan()
    assert lookup(plan, "tails.winsorised.1.1.lo") == plan.tails.winsorised[1][1].lo


def test_a_missing_number_says_why() -> None:
    figure = share(one_offer_plan(), "frontier.0.share_of_one_to_one", "no gain to share")
    assert (figure.text, figure.raw, figure.why_missing) == ("n/a", None, "no gain to share")


def test_a_difference_to_itself_is_exact() -> None:
    plan = one_offer_plan()
    assert interval(plan, "frontier.0.gain_over_single", 3).exact
    assert not interval(plan, "frontier.1.gain_over_single", 3).exact


def test_labels_are_spread_apart_and_stay_in_order() -> None:
    places = spread([0.0, 0.1, 0.2, 9.0], 1.0)
    assert places == pytest.approx([-0.9, 0.1, 1.1, 9.0])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\tx", '=HYPERLINK("x")'])
def test_a_spreadsheet_runs_nothing(text: str) -> None:
    table = Table("t", "", (Column("Offer"),), (Row((text,)),))
    cell = csv_text(table).split("\r\n")[1]
    assert cell.lstrip('"').startswith("'")


def test_csv_has_exact_numbers_and_both_ends_of_the_band() -> None:
    plan = one_offer_plan()
    shown = interval(plan, "reference.best_single", 2)
    lines = csv_text(Table("t", "", (Column("Value", True),), (Row((shown,)),))).split("\r\n")
    best = plan.reference.best_single
    assert lines[0] == "Value,Value (low),Value (high)"
    assert [float(cell) for cell in lines[1].split(",")] == [best.value, best.lo, best.hi]


def test_menus_in_words() -> None:
    assert offers_text(("A",)) == "A"
    assert offers_text(("A", "B")) == "A and B"
