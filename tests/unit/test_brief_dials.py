from __future__ import annotations

import pytest

from handful.brief.dials import DialSpec
from handful.brief.reader import parse_brief, read_brief
from handful.errors import BriefError

RATE = {"source": "log.csv", "offer": ["rate"]}


def brief(experiment, menu=None):
    tables = {"experiment": experiment, "profit": {"per_row": "y"}, "menu": menu or {}}
    return parse_brief(tables)


def codes(experiment, menu=None):
    with pytest.raises(BriefError) as caught:
        brief(experiment, menu)
    return [finding.code for finding in caught.value.findings], str(caught.value)


def test_a_list_of_columns_is_read_with_its_boxes():
    read = brief(
        {**RATE, "offer": ["rate", "fee"], "control": "null"},
        {"rate": {"min": 3.25, "max": 11.75, "increment": 0.25}, "max_offers": 4},
    )
    assert read.experiment.offer_columns == ("rate", "fee")
    assert read.dials == (DialSpec("rate", 3.25, 11.75, 0.25), DialSpec("fee"))
    assert read.menu.max_offers == 4


def test_points_of_always_and_never_become_names():
    read = brief(
        {**RATE, "offer": ["discount", "basket"], "control": {"discount": 0, "basket": 0}},
        {"always": [{"basket": 30, "discount": 0.1}], "never": [{"discount": 0.3, "basket": 0}]},
    )
    assert read.menu.always == ("discount 0.1, basket 30",)
    assert read.menu.never == ("discount 0.3, basket 0",)
    assert [dict(point) for point in read.pinned] == [{"discount": 0.1, "basket": 30.0}]


def test_the_file_form_keeps_its_line_numbers(tmp_path):
    file = tmp_path / "handful.toml"
    file.write_text(
        '[experiment]\nsource = "l.csv"\noffer = ["rate"]\n[profit]\nper_row = "y"\n'
        "[menu.rate]\nmin = 5\nmax = 4\nincrement = 0\n"
    )
    with pytest.raises(BriefError, match=r"\[menu.rate\] \(line 6\): min = 5 should be below") as e:
        read_brief(file)
    assert [finding.code for finding in e.value.findings] == ["B105", "B103"]


@pytest.mark.parametrize(
    ("experiment", "menu", "code", "says"),
    [
        ({"offer": ["a", "b", "c", "d"]}, {}, "B103", "1 to 3 numeric columns"),
        ({"offer": ["a", "a"]}, {}, "B103", "none of them twice"),
        ({"offer": []}, {}, "B103", "1 to 3"),
        ({"offer": [1]}, {}, "B103", "1 to 3"),
        ({"offer": ["rate"], "control": {"rats": 0}}, {}, "B106", "a point of rate"),
        ({"offer": ["rate"], "control": "none"}, {}, "B106", 'control = "null"'),
        ({"offer": "arm", "control": {"arm": 0}}, {}, "B106", "offers are names"),
        ({"offer": "arm"}, {"always": [{"arm": 0}]}, "B106", "offers are names"),
        ({"offer": ["rate"]}, {"always": [{"fee": 0}]}, "B106", "each of rate"),
        ({"offer": ["rate"]}, {"setup_cost": {"rate 1": 5}}, "B106", "menu.setup_cost"),
        ({"offer": ["rate"], "propensity": {"a": 1.0}}, {}, "B106", "experiment.propensity"),
        ({"offer": ["rate"]}, {"rate": 3}, "B103", "a table of min, max"),
        ({"offer": ["rate"]}, {"rate": {"step": 3}}, "B101", "unknown key 'step'"),
        ({"offer": ["rate"]}, {"rate": {"min": "low"}}, "B103", "min should be a number"),
        ({"offer": ["rate"]}, {"rate": {"increment": -1}}, "B103", "above 0"),
        ({"offer": ["rate"]}, {"rate": {"min": 0, "max": 1, "increment": 2}}, "B105", "wider"),
        ({"offer": "arm"}, {"rate": {"min": 3}}, "B101", "unknown key 'rate'"),
    ],
)
def test_what_does_not_fit_is_said(experiment, menu, code, says):
    found, text = codes({**RATE, **experiment}, menu)
    assert code in found
    assert says in text


def test_everything_wrong_is_said_at_once():
    found, _ = codes(
        {**RATE, "control": "none"},
        {"rate": {"min": 9, "max": 1}, "setup_cost": {"x": 1}, "always": [{"fee": 1}]},
    )
    assert sorted(found) == ["B105", "B106", "B106", "B106"]
