"""The packaged data are the published experiments, and their briefs name real columns."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from handful.brief.reader import read_brief
from handful.data import DEMOS, demo_path
from handful.errors import BriefError
from handful.experiment.log import load_experiment


def _brief(name: str) -> dict[str, Any]:
    return tomllib.loads(demo_path(name).read_text(encoding="utf-8"))


def _frame(name: str) -> pd.DataFrame:
    return pd.read_csv(demo_path(name).parent / _brief(name)["experiment"]["source"])


def test_unknown_demo_is_refused_with_the_names() -> None:
    with pytest.raises(BriefError) as refusal:
        demo_path("hilstrom")
    finding = refusal.value.findings[0]
    assert finding.code == "B190"
    assert "hillstrom" in finding.remedy


@pytest.mark.parametrize("name", DEMOS)
def test_brief_and_data_lie_side_by_side(name: str) -> None:
    source = demo_path(name).parent / _brief(name)["experiment"]["source"]
    assert source.read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.parametrize("name", DEMOS)
def test_provenance_tells_source_terms_and_citation(name: str) -> None:
    text = (demo_path(name).parent / "PROVENANCE.md").read_text(encoding="utf-8")
    start = text.index(f"## {_brief(name)['experiment']['source']}")
    section = text[start:].split("\n## ")[0]
    for heading in ("**Source and terms.**", "**Cite.**", "**Drawn by chance?**", "**Assumed"):
        assert heading in section


def test_hillstrom_arms_and_profit_are_the_published_ones() -> None:
    frame = _frame("hillstrom")
    assert len(frame) == 64_000
    counts = frame["segment"].value_counts()
    assert counts.to_dict() == {
        "Womens E-Mail": 21_387,
        "Mens E-Mail": 21_307,
        "No E-Mail": 21_306,
    }
    profit = 0.30 * frame["spend"] - np.where(frame["segment"] == "No E-Mail", 0.0, 0.05)
    means = profit.groupby(frame["segment"]).mean().round(4)
    assert means["No E-Mail"] == 0.1958
    assert means["Mens E-Mail"] == 0.3768
    assert means["Womens E-Mail"] == 0.2732


def test_hillstrom_brief_leaves_out_what_came_after_the_email() -> None:
    exclude = _brief("hillstrom")["experiment"]["exclude"]
    assert {"visit", "conversion", "spend"} <= set(exclude)
    assert set(exclude) <= set(_frame("hillstrom").columns)


def test_thornton_kept_rows_and_share_collected_by_band() -> None:
    frame = _frame("thornton")
    assert len(frame) == 4_820
    kept = frame.dropna(subset=["got", "tinc"])
    assert len(kept) == 2_834
    assert kept["villnum"].isna().sum() == 4
    none = kept.loc[kept["tinc"] == 0, "got"]
    assert len(none) == 623
    assert round(none.mean(), 3) == 0.339


def test_thornton_brief_names_real_columns() -> None:
    spec = _brief("thornton")["experiment"]
    assert {spec["cluster"], *spec["features"]} <= set(_frame("thornton").columns)
    assert set(spec["offer"]) <= set(_brief("thornton")["columns"])


def test_thornton_amounts_are_whole_steps_of_ten_kwacha() -> None:
    log = load_experiment(read_brief(demo_path("thornton")))
    received = log.dials.received[:, 0]
    assert log.n_rows == 2_709
    assert np.unique(received).size == 27
    assert not (received % 10).any()
    assert received.max() == 300
    assert log.offers[log.control] == "amount 0"
    assert set(np.unique(received)) <= set(log.dials.candidates[:, 0])


def test_nothing_else_travels_with_the_package() -> None:
    names = {path.name for path in demo_path("hillstrom").parent.iterdir() if path.is_file()}
    assert names == {
        "__init__.py",
        "PROVENANCE.md",
        "hillstrom.csv.gz",
        "hillstrom.toml",
        "thornton_hiv.csv.gz",
        "thornton.toml",
    }


EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_brief_reads(path: Path) -> None:
    brief = read_brief(path)
    assert brief.experiment.source.startswith("data/")
    assert brief.experiment.offer
    page = path.with_name("README.md").read_text(encoding="utf-8")
    assert f"`{path.name}`" in page
    assert f"`{Path(brief.experiment.source).name}`" in page
