"""Names that are formulas, markup or SQL come through the door unchanged and do no harm."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest

from handful.experiment.features import Features
from handful.experiment.records import Experiment
from handful.experiment.sources import stream_customers
from made_log import load

NAMES = (
    '=HYPERLINK("http://example.org","x")',
    "<script>alert(1)</script>",
    'x"; DROP TABLE t;--',
    "it's '' quoted",
    "a | b",
    "line\nend",
    "\u202eright to left",
    "NULL",
    "*",
    "0",
)


def table(n: int = 800) -> dict[str, list[object]]:
    return {
        "arm": [NAMES[i % len(NAMES)] for i in range(n)],
        'x"; DROP TABLE log;--': [NAMES[i % 7] for i in range(n)],
        "=1+1": [i % 13 for i in range(n)],
        "spend": [float(i % 5) for i in range(n)],
    }


def check(experiment: Experiment) -> None:
    assert experiment.offers[0] == NAMES[2]
    assert set(experiment.offers) == set(NAMES)
    assert experiment.features.schema.names == ('x"; DROP TABLE log;--', "=1+1")
    assert set(experiment.features.schema.levels[0]) == set(NAMES[:7])
    first = [experiment.offers[g] for g in experiment.offer[:10]]
    assert first == list(NAMES)


def test_names_of_a_csv(tmp_path: Path) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    columns = table()
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    path = tmp_path / "log.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    check(load(path, control=NAMES[2]))


def test_names_of_a_frame() -> None:
    check(Experiment.from_frame(pa.table(table()), offer="arm", profit="spend", control=NAMES[2]))


def test_names_as_strata_and_as_levels_of_customers() -> None:
    odd = 'x"; DROP TABLE log;--'
    frame = pa.table(table())
    experiment = Experiment.from_frame(
        frame, offer="arm", profit="spend", strata=[odd], accept_observational=True,
        propensity="estimate",
    )  # fmt: skip
    assert set(experiment.strata) == set(NAMES[:7])
    blocks = stream_customers(
        frame,
        schema=experiment.features.schema,
        strata_columns=experiment.strata_columns,
        strata=experiment.strata,
    )
    (block,) = blocks
    assert isinstance(block.features, Features)
    assert (block.features.values == experiment.features.values).all()
    assert (block.stratum == experiment.stratum).all()
    assert dict(block.unseen) == {}


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_the_offer_column(name: str, tmp_path: Path) -> None:
    columns = table(400)
    frame = pa.table({name: columns["arm"], "x": columns["=1+1"], "y_": columns["spend"]})
    assert len(Experiment.from_frame(frame, offer=name, profit="y_").offers) == len(NAMES)
