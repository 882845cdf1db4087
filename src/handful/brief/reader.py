"""Reads handful.toml into a frozen Brief, and says everything that is wrong with it at once."""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from handful.brief import outcomes
from handful.brief.assumptions import assumption_problems, with_assumptions
from handful.brief.consent import ConsentSpec
from handful.brief.constraints import ConstraintsSpec, contradictions
from handful.brief.contacts import ContactsSpec
from handful.brief.coverage import CoverageSpec, WorseOffSpec, coverage_conflicts
from handful.brief.dial_limits import name_points, points_elsewhere
from handful.brief.dials import dial_names, read_dials, without_dials
from handful.brief.differentiation import DifferentiationSpec
from handful.brief.execution import ExecutionSpec
from handful.brief.fairness import FairnessSpec
from handful.brief.guardrails import GuardrailsSpec
from handful.brief.keys import FREE_TABLES, KEYS, TABLES, keys_of
from handful.brief.orchestration import OrchestrationSpec
from handful.brief.policy import DEEPEST, PolicySpec
from handful.brief.presets import with_long_run
from handful.brief.readiness import ReadinessSpec
from handful.brief.rollout import RolloutSpec
from handful.brief.schema import (
    Brief,
    EvidenceSpec,
    ExperimentSpec,
    MenuSpec,
    ProfitSpec,
    TeamSpec,
)
from handful.brief.sensitivity import SensitivitySpec
from handful.brief.size import SizeSpec, size_conflicts
from handful.brief.stages import StagesSpec, odd_stages
from handful.brief.values import read_value, shown
from handful.brief.variety import VarietySpec
from handful.errors import BriefError, Finding, blocked

_Locate = Callable[[str, str], str]
"""(table, key) -> " on line 7", or "" when the place is unknown."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a sentence that names the nearest known word, or lists what is known.

    Args:
        word: what was written.
        known: the words that exist.

    Example:
        >>> did_you_mean("convrted", ["converted", "age"])
        "Did you mean 'converted'?"
    """
    words = list(known)
    folded = {name.casefold(): name for name in reversed(words)}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{folded[close[0]]}'?"
    listed = ", ".join(words[:20]) + (", ..." if len(words) > 20 else "")
    return f"There is: {listed}." if words else "There is none."


def read_brief(path: str | Path) -> Brief:
    r"""Read a brief from a TOML file.

    Args:
        path: the handful.toml; a relative `source` is looked up beside it.

    Returns:
        The brief, with the sha256 of the file's bytes.

    Raises:
        BriefError: B100 the file cannot be read, B101-B105 what is wrong in it, all at once.

    Example:
        >>> import tempfile, pathlib
        >>> file = pathlib.Path(tempfile.mkdtemp(), "handful.toml")
        >>> text = '[experiment]\nsource = "l.csv"\noffer = "arm"\n[profit]\nper_row = "y"\n'
        >>> _ = file.write_text(text)
        >>> read_brief(file).experiment.offer
        'arm'
    """
    mapping, raw = open_brief(path)
    text = raw.decode("utf-8-sig")
    sha256 = hashlib.sha256(raw).hexdigest()
    return _read(mapping, str(Path(path).parent), sha256, _locator(text))


def open_brief(path: str | Path) -> tuple[dict[str, Any], bytes]:
    """Return the tables of a TOML file as written, and its bytes.

    Args:
        path: the handful.toml.

    Raises:
        BriefError: B100 the file cannot be read.
    """
    file = Path(path)
    try:
        raw = file.read_bytes()
        return tomllib.loads(raw.decode("utf-8-sig")), raw
    except FileNotFoundError:
        remedy = "Write one with `handful init DATA`."
        raise BriefError(blocked("B100", f"there is no brief at {file}.", remedy)) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"expected a TOML file at {file}, but: {error}."
        remedy = "Correct that place; docs/brief.md shows a whole brief."
        raise BriefError(blocked("B100", message, remedy)) from None


def parse_brief(
    mapping: Mapping[str, Any], *, folder: str = ".", sha256: str = "", text: str = ""
) -> Brief:
    """Make a brief from the tables of a handful.toml given as a mapping.

    Args:
        mapping: table name -> {key: value}.
        folder: folder that a relative `source` is looked up in.
        sha256: of the bytes the mapping came from, for the record.
        text: what it was read from, to name lines by.

    Raises:
        BriefError: B101-B105, all findings at once.

    Example:
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "spend"}})
        >>> brief.menu.max_offers
        8
    """
    return _read(mapping, folder, sha256, _locator(text))


def _read(mapping: Mapping[str, Any], folder: str, sha256: str, where: _Locate) -> Brief:
    findings: list[Finding] = []
    found: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
    dials = dial_names(mapping)
    for table, content in mapping.items():
        if table not in TABLES:
            findings.append(_strange_table(table, where))
        elif not isinstance(content, Mapping):
            message = f"'{table}'{where(table, '')} should be a table, found {shown(content)}."
            findings.append(blocked("B103", message, f"Write [{table}] on a line of its own."))
        elif table == outcomes.TABLE:
            found[table] = _read_outcomes(content, where, findings)
        elif table in FREE_TABLES:
            found[table] = _read_free(table, content, where, findings)
        else:
            keys = without_dials(content, dials) if table == "menu" else content
            found[table] = _read_table(table, keys, where, findings)
    findings.extend(_missing_keys(mapping))
    findings.extend(read_dials(found, mapping, where))
    findings.extend(_points_in_limits(found, dials))
    findings.extend(_conflicts(found))
    findings.extend(assumption_problems(found["profit"]))
    if findings:
        raise BriefError(findings)
    asked = "differentiation" in mapping
    money = with_long_run(found["profit"], found["menu"].get("preset"))
    found["profit"], by_name = with_assumptions(money)
    return replace(
        _brief(found),
        differentiation=DifferentiationSpec(**found["differentiation"]) if asked else None,
        folder=folder,
        sha256=sha256,
        profit_by_name=by_name,
    )


def _brief(found: Mapping[str, dict[str, Any]]) -> Brief:
    """Make the record from what was read of every table."""
    return Brief(
        experiment=ExperimentSpec(**found["experiment"]),
        profit=ProfitSpec(**found["profit"]),
        menu=MenuSpec(**found["menu"]),
        evidence=EvidenceSpec(**found["evidence"]),
        team=TeamSpec(**found["team"]),
        constraints=ConstraintsSpec(**found.get("constraints", {})),
        variety=VarietySpec(**found.get("variety", {})),
        consent=ConsentSpec(**found.get("consent", {})),
        guardrails=GuardrailsSpec(**found.get("guardrails", {})),
        policy=PolicySpec(**found.get("policy", {})),
        readiness=ReadinessSpec(**found.get("readiness", {})),
        orchestration=OrchestrationSpec(**found.get("orchestration", {})),
        contacts=ContactsSpec(**found.get("contacts", {})),
        rollout=RolloutSpec(**found.get("rollout", {})),
        stages=StagesSpec(**found["stages"]),
        execution=ExecutionSpec(**found["execution"]),
        fairness=FairnessSpec(**found.get("fairness", {})),
        size=SizeSpec(**found.get("size", {})),
        coverage=CoverageSpec(**found["coverage"]),
        worse_off=WorseOffSpec(**found["worse_off"]),
        sensitivity=SensitivitySpec(**found["sensitivity"]),
        outcomes=MappingProxyType(
            {name: outcomes.OutcomeSpec(**keys) for name, keys in found[outcomes.TABLE].items()}
        ),
        columns=MappingProxyType(found["columns"]),
        dials=found.get("dials", {}).get("dials", ()),
        pinned=found.get("dials", {}).get("pinned", ()),
    )


def _points_in_limits(found: dict[str, dict[str, Any]], dials: tuple[str, ...]) -> list[Finding]:
    """Turn the points of [constraints] into names; they become candidates like those of [menu]."""
    limits = found.get("constraints", {})
    wrong = points_elsewhere(limits, dials)
    points = () if wrong else name_points(limits, dials)
    if "dials" in found:
        found["dials"]["pinned"] = (*found["dials"]["pinned"], *points)
    return wrong


def _missing_keys(mapping: Mapping[str, Any]) -> list[Finding]:
    given = {
        (table, key) for table, keys in mapping.items() if isinstance(keys, Mapping) for key in keys
    }
    return [
        blocked(
            "B102",
            f"{key.path} is missing: {key.meaning}.",
            f"Add {key.name} = ... under [{key.table}].",
        )
        for key in KEYS
        if key.required and (key.table, key.name) not in given
    ]


def _strange_table(table: str, where: _Locate) -> Finding:
    homes = [key.table for key in KEYS if key.name == table]
    remedy = f"Move it under [{homes[0]}]." if homes else did_you_mean(table, TABLES)
    return blocked("B101", f"unknown table or key '{table}'{where(table, '')}.", remedy)


def _read_table(
    table: str, content: Mapping[str, Any], where: _Locate, findings: list[Finding]
) -> dict[str, Any]:
    keys = keys_of(table)
    read: dict[str, Any] = {}
    for name, value in content.items():
        place = where(table, name)
        if name not in keys:
            message = f"unknown key '{name}' in [{table}]{place}."
            findings.append(blocked("B101", message, did_you_mean(name, keys)))
        else:
            try:
                read[name] = read_value(keys[name], value)
            except ValueError as expected:
                message = f"{table}.{name}{place} should be {expected}, found {shown(value)}."
                findings.append(blocked("B103", message, f"It means: {keys[name].meaning}."))
    return read


def _read_outcomes(
    content: Mapping[str, Any], where: _Locate, findings: list[Finding]
) -> dict[str, dict[str, Any]]:
    """Read the tables [outcomes.NAME]."""
    table: str = outcomes.TABLE
    read: dict[str, dict[str, Any]] = {}
    for name, keys in content.items():
        if isinstance(keys, Mapping):
            read[name] = _read_table(table, keys, where, findings)
        else:
            message = f"{table}.{name}{where(table, name)} should be a table, found {shown(keys)}."
            findings.append(blocked("B103", message, f"Write [{table}.{name}] and per_row below."))
    findings.extend(outcomes.incomplete(read))
    return read


def _read_free(
    table: str, content: Mapping[str, Any], where: _Locate, findings: list[Finding]
) -> dict[str, str]:
    read: dict[str, str] = {}
    for name, value in content.items():
        if isinstance(value, str) and value.strip():
            read[name] = value
            continue
        message = (
            f"{table}.{name}{where(table, name)} should be an SQL expression in quotes, "
            f"found {shown(value)}."
        )
        findings.append(blocked("B103", message, f"[{table}] holds {FREE_TABLES[table]}."))
    return read


def _conflicts(found: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    experiment, menu = found["experiment"], found["menu"]
    findings = []
    both = sorted(set(menu.get("always", ())) & set(menu.get("never", ())))
    if both:
        message = f"menu.always and menu.never both name {', '.join(map(shown, both))}."
        findings.append(blocked("B105", message, "Take each out of one of the two lists."))
    if len(menu.get("always", ())) > menu.get("max_offers", MenuSpec().max_offers):
        message = (
            f"menu.always holds {len(menu['always'])} offers, "
            f"more than menu.max_offers = {menu.get('max_offers', MenuSpec().max_offers)}."
        )
        findings.append(blocked("B105", message, "Raise max_offers or shorten always."))
    if found["policy"].get("depth", DEEPEST) > DEEPEST:
        message = f"policy.depth should be 2 or 3, found {found['policy']['depth']}."
        findings.append(blocked("B103", message, "Longer rules are not said aloud; ask for 3."))
    findings += coverage_conflicts(found)
    findings += contradictions(found["constraints"], found["profit"].get("population"))
    findings += size_conflicts(found.get("size", {}))
    findings += odd_stages(found["stages"])
    features = experiment.get("features", ("*",))
    wrong = sorted(set(features) & set(experiment.get("exclude", ())))
    if wrong:
        message = f"experiment.features and experiment.exclude both name {', '.join(wrong)}."
        findings.append(blocked("B105", message, "Take each out of one of the two lists."))
    return findings


_TABLE_LINE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY_LINE = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*(\.|=)""")


def _locator(text: str) -> _Locate:
    lines: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        head, key = _TABLE_LINE.match(line), _KEY_LINE.match(line)
        if head:
            table, _, inner = head[1].partition(".")
            lines.setdefault((table, inner.strip("\"' ")), number)
        elif key:
            lines.setdefault((table, key[1].strip("\"'")), number)
            lines.setdefault((key[1].strip("\"'"), ""), number)

    def where(table: str, key: str) -> str:
        number = lines.get((table, key))
        return f" (line {number})" if number else ""

    return where
