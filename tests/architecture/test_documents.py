"""What people can type or read is documented, and what is documented exists."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import fields
from functools import cache

import pytest
from source import ROOT, docs_text, modules, tree

import handful
from handful.brief import schema
from handful.cli.application import application

CODE = re.compile(r"[BSDCEMPFGX]\d{3}")
LEVELS = {"block", "warn", "note"}
TABLES = {
    "experiment": schema.ExperimentSpec,
    "profit": schema.ProfitSpec,
    "menu": schema.MenuSpec,
    "evidence": schema.EvidenceSpec,
    "team": schema.TeamSpec,
    "guardrails": schema.GuardrailsSpec,
    "consent": schema.ConsentSpec,
    "coverage": schema.CoverageSpec,
    "worse_off": schema.WorseOffSpec,
    "outcomes.NAME": schema.OutcomeSpec,
    "size": schema.SizeSpec,
    "stages": schema.StagesSpec,
    "execution": schema.ExecutionSpec,
    "differentiation": schema.DifferentiationSpec,
}


@cache
def _codes_in_source() -> frozenset[str]:
    return frozenset(
        node.value
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CODE.fullmatch(node.value)
    )


@cache
def _rows() -> tuple[tuple[str, ...], ...]:
    rows = []
    for page in sorted((ROOT / "docs" / "findings").glob("*.md")):
        for line in page.read_text(encoding="utf-8").splitlines():
            cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
            if line.startswith("|") and CODE.fullmatch(cells[0].strip("`")):
                rows.append((cells[0].strip("`"), *cells[1:]))
    return tuple(rows)


def test_every_finding_code_is_documented() -> None:
    assert _codes_in_source() - {row[0] for row in _rows()} == set()


def test_every_documented_code_is_used() -> None:
    assert {row[0] for row in _rows()} - _codes_in_source() == set()


def test_every_code_is_documented_once_and_in_full() -> None:
    counts = Counter(row[0] for row in _rows())
    assert [code for code, count in counts.items() if count > 1] == []
    incomplete = [row[0] for row in _rows() if len(row) < 4 or not all(row)]
    assert incomplete == []


def test_documented_levels_exist() -> None:
    wrong = [row[0] for row in _rows() if not set(re.findall(r"[a-z]+", row[1])) & LEVELS]
    assert wrong == []


def test_every_findings_page_is_listed() -> None:
    folder = ROOT / "docs" / "findings"
    index = (folder / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in folder.glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def _page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("table", TABLES)
def test_every_brief_key_is_documented(table: str) -> None:
    section = _page("brief.md").split(f"\n## [{table}]")[1].split("\n## ")[0]
    keys = {field.name for field in fields(TABLES[table])}
    assert set(re.findall(r"^\| `(\w+)`", section, flags=re.MULTILINE)) == keys


def test_every_public_name_is_documented() -> None:
    documented = set(re.findall(r"^\| `hf\.(\w+)", _page("python.md"), flags=re.MULTILINE))
    assert documented == set(handful.__all__)


def test_every_command_is_documented() -> None:
    documented = set(re.findall(r"^## (\w+)$", _page("cli.md"), flags=re.MULTILINE))
    assert documented == set(application.commands)


def test_documents_point_at_files_that_exist() -> None:
    link = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in link.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_documents_are_in_plain_words() -> None:
    text = docs_text().lower()
    assert [
        word for word in ("utilize", "leverage ", "seamless", "cutting-edge") if word in text
    ] == []
