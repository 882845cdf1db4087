"""Two million customers: bounded memory, at least 300,000 decided per CPU-second, all in all."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_plan import made_plan

from handful.delivery.plan_folder import write_plan
from handful.effects.records import EffectsModel, Forest
from handful.experiment.records import Features, FeatureSchema

ROWS = 2_000_000
SMALL = 200_000
LEAST_PER_CPU_SECOND = 300_000
TREES, DEPTH = 150, 4

SCHEMA = FeatureSchema(
    names=("recency", "history", "mens", "womens", "newbie", "zip_code", "channel"),
    kinds=("number", "number", "number", "number", "number", "category", "category"),
    levels=((), (), (), (), (), ("Rural", "Surburban", "Urban"), ("Multichannel", "Phone", "Web")),
)
OFFERS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")


def bushy_forest(rng: np.random.Generator) -> Forest:
    """Complete trees, as large as a boosted effects model of this size grows them."""
    inner, leaves = 2**DEPTH - 1, 2**DEPTH
    size = inner + leaves
    node = np.arange(size)
    one = {
        "left": np.where(node < inner, 2 * node + 1, node - inner),
        "right": np.where(node < inner, 2 * node + 2, 0),
    }
    feature = np.where(node < inner, rng.integers(0, 7, (TREES, size)), -1)
    threshold = np.where(feature == 1, rng.gamma(2, 120, feature.shape), 1.0)
    base = np.arange(TREES)[:, None] * size
    leaf = np.arange(TREES)[:, None] * leaves
    shift = np.where(node < inner, base, leaf)
    return Forest(
        roots=(np.arange(TREES) * size).astype(np.int64),
        feature=feature.ravel().astype(np.int64),
        threshold=threshold.ravel().astype(np.float32),
        left=(one["left"] + shift).ravel(),
        right=np.where(node < inner, one["right"] + base, 0).ravel(),
        missing_left=np.zeros(TREES * size, dtype=np.bool_),
        leaves=rng.normal(0, 0.01, (TREES * leaves, len(OFFERS))),
    )


def people(rows: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "recency": rng.integers(1, 13, rows),
            "history": np.round(rng.gamma(2, 120, rows), 2),
            "mens": rng.integers(0, 2, rows),
            "womens": rng.integers(0, 2, rows),
            "newbie": rng.integers(0, 2, rows),
            "zip_code": pa.DictionaryArray.from_arrays(rng.integers(0, 3, rows), SCHEMA.levels[5]),
            "channel": pa.DictionaryArray.from_arrays(rng.integers(0, 3, rows), SCHEMA.levels[6]),
        }
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("scale")
    made = made_plan()
    rng = np.random.default_rng(3)
    model = EffectsModel(SCHEMA, OFFERS, np.zeros(3), (), bushy_forest(rng))
    support = np.ones((1, 3), dtype=np.bool_)
    policy = replace(
        made.policy,
        model=model,
        menu=(0, 1, 2),
        strata_columns=(),
        strata=("all",),
        support=support,
        fallback=np.zeros(2, dtype=np.int64),
    )
    probe = Features(SCHEMA, np.asfortranarray(rng.integers(0, 2, (300, 7)).astype(float)))
    facts = replace(made.experiment, customer=None, columns=())
    (home / "plan").mkdir()
    write_plan(
        replace(made, experiment=facts, policy=policy, segments=()), home / "plan", probe, None
    )
    for rows in (SMALL, ROWS):
        pq.write_table(people(rows), home / f"{rows}.parquet")
    return home


@dataclass(frozen=True)
class Spent:
    cpu: float
    peak: int


def assign(home: Path, rows: int) -> Spent:
    """Run the command in a process of its own; its CPU seconds and its peak memory in bytes."""
    code = (
        "import resource, sys; from handful.cli.main import run; code = run(sys.argv[1:]); "
        "used = resource.getrusage(resource.RUSAGE_SELF); "
        "peak = open('/proc/self/status').read().split('VmHWM:')[1].split()[0]; "
        "print(used.ru_utime + used.ru_stime, int(peak) * 1024); sys.exit(code)"
    )
    out = home / f"who-{rows}.parquet"
    words = ["assign", str(home / "plan"), str(home / f"{rows}.parquet"), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--quiet"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    cpu, peak = done.stdout.split()
    assert pq.read_metadata(out).num_rows == rows
    return Spent(float(cpu), int(peak))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read on Linux")
def test_ten_times_the_customers_need_no_more_memory_and_little_time(home: Path) -> None:
    small, large = assign(home, SMALL), assign(home, ROWS)
    assert large.peak < 1.5 * small.peak
    assert large.peak < 800e6
    assert ROWS / large.cpu >= LEAST_PER_CPU_SECOND
