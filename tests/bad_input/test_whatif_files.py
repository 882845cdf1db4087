"""whatif/ is checked before it is used: damaged files are refused by name, nothing is unpickled."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from handful.delivery.forgetting import forget
from handful.delivery.plan_folder import write_plan
from handful.delivery.stored import part_records
from handful.delivery.whatif_file import read_whatif
from handful.errors import BriefError, DataError
from handful.experiment.simulate import simulate
from handful.planning.run import plan
from handful.planning.settings import PlanSettings
from handful.planning.whatif import Question, ask

LOG = simulate("types", n=800, offers=2, random_state=4).experiment
MADE = plan(LOG, setup_cost=5.0, settings=PlanSettings(repetitions=1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_plan(MADE, tmp_path, LOG.features, LOG.stratum)
    return tmp_path


def _sealed_again(folder: Path) -> None:
    document = json.loads((folder / "plan.json").read_text())
    document["files"] = part_records(folder)
    (folder / "plan.json").write_text(json.dumps(document))


def test_what_is_read_answers_as_what_was_written(folder):
    read = read_whatif(folder)
    assert ask(read, Question()) == ask(MADE.whatif, Question())
    other = Question(setup_cost=500.0)
    assert ask(read, other).verdict.kind == ask(MADE.whatif, other).verdict.kind


def test_only_the_owner_may_read_it(folder):
    assert {f.stat().st_mode & 0o777 for f in (folder / "whatif").iterdir()} == {0o600}


def test_a_plan_without_it_says_so(tmp_path):
    with pytest.raises(BriefError) as caught:
        read_whatif(tmp_path)
    assert caught.value.findings[0].code == "F860"


def test_a_changed_byte_is_seen(folder):
    file = folder / "whatif" / "profit.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"profit\.npy"):
        read_whatif(folder)


BAD = {
    "objects": np.array([{}] * 800, dtype=object),
    "short": np.zeros(3, np.float32),
    "wide": np.zeros((800, 2), np.float32),
    "double": np.zeros(800),
    "not a number": np.full(800, np.nan, np.float32),
    "infinite": np.full(800, np.inf, np.float32),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_arrays_of_another_kind_are_refused_by_name(folder, bad):
    with (folder / "whatif" / "profit.npy").open("wb") as file:
        np.save(file, bad, allow_pickle=True)
    _sealed_again(folder)
    with pytest.raises(DataError) as caught:
        read_whatif(folder)
    assert caught.value.findings[0].code == "F861"
    assert "profit.npy" in caught.value.findings[0].message


@pytest.mark.parametrize("start", [b"", b"PK\x03\x04", b"PK\x05\x06", b"\x80\x04", b"\x93NUMPY"])
def test_files_that_are_no_array_are_refused_by_name(folder, start):
    (folder / "whatif" / "profit.npy").write_bytes(start + b"0" * 18 * bool(start))
    _sealed_again(folder)
    with pytest.raises(DataError, match=r"profit\.npy"):
        read_whatif(folder)


@pytest.mark.parametrize(
    ("name", "value"), [("offer", 9), ("split_0_fold", 200), ("assigned", 77), ("cluster", 10**6)]
)
def test_codes_out_of_range_are_refused_by_name(folder, name, value):
    file = folder / "whatif" / f"{name}.npy"
    array = np.load(file)
    array[0] = value
    np.save(file, array)
    _sealed_again(folder)
    with pytest.raises(DataError, match=name):
        read_whatif(folder)


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}', "{" * 5_000])
def test_a_head_of_another_form_is_refused(folder, text):
    (folder / "whatif" / "head.json").write_text(text)
    _sealed_again(folder)
    with pytest.raises(DataError) as caught:
        read_whatif(folder)
    assert caught.value.findings[0].code == "F861"


def test_a_forgotten_person_is_gone_from_it(folder):
    ids = pq.read_table(folder / "assignments.parquet")["customer"]
    found = forget(str(ids[5].as_py()), (folder,))
    assert (str(folder / "whatif"), 1) in found.removed
    read = read_whatif(folder)
    assert read.log.n_rows == LOG.n_rows - 1
    kept = np.delete(LOG.offer, 5)
    assert np.array_equal(read.log.offer, kept)
    assert ask(read, Question()).frontier == MADE.frontier
    assert ask(read, Question(setup_cost=50.0)).frontier
