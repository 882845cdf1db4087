"""Times: mixed zones, days that could be months, hours that do not exist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from handful.errors import BriefError, DataError, Finding
from handful.experiment.records import Experiment
from made_log import codes, load, rows, write

HEADER = "id,arm,age,town,spend,sent"


def timed(folder: Path, times: Sequence[str], n: int = 240) -> Path:
    """Write a log whose rows carry these times in turn."""
    lines = [f"{line},{times[i % len(times)]}" for i, line in enumerate(rows(n))]
    return write(folder, lines, header=HEADER)


def refused(path: Path, **keys: object) -> Finding:
    with pytest.raises(DataError) as caught:
        load(path, time="sent", **keys)  # type: ignore[arg-type]
    (finding,) = caught.value.findings
    return finding


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-05-04", "2026-05-04T00:00"),
        ("2026-05-04 06:30", "2026-05-04T06:30"),
        ("2026-05-04T06:30:15.25", "2026-05-04T06:30:15.250000"),
        ("2026-05-04T06:30:00Z", "2026-05-04T06:30"),
        ("2026-05-04T06:30:00+02:00", "2026-05-04T04:30"),
    ],
)
def test_iso_times_are_read_in_utc(tmp_path: Path, written: str, read: str) -> None:
    experiment = load(timed(tmp_path, [written]), time="sent")
    assert experiment.time is not None
    assert experiment.time.dtype == np.dtype("datetime64[us]")
    assert experiment.time[0] == np.datetime64(read)
    assert "sent" not in experiment.features.schema.names


def test_missing_times_are_not_a_time(tmp_path: Path) -> None:
    experiment = load(timed(tmp_path, ["2026-05-04", ""]), time="sent", outcome_time="sent")
    assert experiment.time is not None
    assert experiment.outcome_time is not None
    assert np.isnat(experiment.time).sum() == 120
    assert np.isnat(experiment.outcome_time).sum() == 120


def test_mixed_zones_name_the_hour_that_does_not_exist(tmp_path: Path) -> None:
    finding = refused(timed(tmp_path, ["2026-03-28T10:00:00Z", "2026-03-29 02:30"]))
    assert finding.code == "S230"
    assert "mixed zones" in finding.message
    assert "120 times without a zone (first in row 2)" in finding.message
    assert "120 with one (first in row 1)" in finding.message
    assert "2026-03-29 02:30, an hour that does not exist in most of Europe" in finding.message


@pytest.mark.parametrize(
    ("stamp", "where"),
    [
        ("2026-03-29 02:30", "Europe"),
        ("2026-03-08 02:00", "North America"),
        ("2026-03-29 03:00", ""),
    ],
)
def test_hours_that_clocks_skip_are_noted(tmp_path: Path, stamp: str, where: str) -> None:
    experiment = load(timed(tmp_path, ["2026-03-01 10:00", stamp]), time="sent")
    noted = [f for f in experiment.findings if f.code == "S233"]
    assert len(noted) == bool(where)
    assert all(where in f.message and "Row 2" in f.message and f.level == "note" for f in noted)


def test_ambiguous_days_are_never_guessed(tmp_path: Path) -> None:
    finding = refused(timed(tmp_path, ["03/04/2026", "05/06/2026"]))
    assert finding.code == "S231"
    assert "Day and month cannot be told apart" in finding.message
    assert 'date_format = "%d/%m/%Y" or "%m/%d/%Y"' in finding.remedy


def test_unambiguous_days_still_need_the_format(tmp_path: Path) -> None:
    finding = refused(timed(tmp_path, ["03/04/2026", "25/06/2026"]))
    assert 'date_format = "%d/%m/%Y";' in finding.remedy


@pytest.mark.parametrize(("form", "read"), [("%d/%m/%Y", "2026-04-03"), ("%m/%d/%Y", "2026-03-04")])
def test_date_format_settles_it(tmp_path: Path, form: str, read: str) -> None:
    experiment = load(timed(tmp_path, ["03/04/2026"]), time="sent", date_format=form)
    assert experiment.time is not None
    assert experiment.time[0] == np.datetime64(read)


def test_cells_that_do_not_fit_the_format(tmp_path: Path) -> None:
    path = timed(tmp_path, ["03/04/2026", "2026-04-03"])
    finding = refused(path, date_format="%d/%m/%Y")
    assert finding.code == "S232"
    assert "120 are not, the first in row 2" in finding.message


def test_a_format_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(BriefError, match=r"experiment\.date_format"):
        load(timed(tmp_path, ["03/04/2026"]), time="sent", date_format="%Q")


def test_a_day_that_does_not_exist(tmp_path: Path) -> None:
    finding = refused(timed(tmp_path, ["2026-02-28", "2026-02-30"]))
    assert finding.code == "S232"
    assert "first in row 2" in finding.message


def test_numbers_are_not_times(tmp_path: Path) -> None:
    finding = refused(timed(tmp_path, ["1774742400"]))
    assert finding.code == "S234"
    assert "to_timestamp" in finding.remedy
    experiment = load(
        timed(tmp_path, ["1774742400"]), time="at", columns={"at": "to_timestamp(sent)"}
    )
    assert experiment.time is not None
    assert experiment.time[0] == np.datetime64("2026-03-29T00:00")


@pytest.mark.parametrize("zone", [None, UTC])
def test_times_of_a_frame(zone: timezone | None) -> None:
    n = 200
    when = pa.array([datetime(2026, 5, 4, 6, 30, tzinfo=zone)] * n)
    frame = pa.table({"arm": ["a", "b"] * 100, "y": [1.0] * n, "x": range(n), "when": when})
    experiment = Experiment.from_frame(frame, offer="arm", profit="y")
    assert experiment.features.schema.names == ("x",)
    assert "S221" in codes(experiment)
