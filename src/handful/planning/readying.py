"""What readiness adds to the facts of a plan: messages sent, the matrix, the scorecard."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import MappingProxyType

from handful.brief.schema import Brief
from handful.brief.variety import VarietySpec
from handful.errors import BriefError, blocked
from handful.experiment.contacts import ContactRegister, read_contacts
from handful.experiment.firm_tables import read_firm_tables
from handful.experiment.records import Experiment
from handful.guardrails.matrix import make_matrix
from handful.guardrails.maturity import make_scorecard
from handful.guardrails.records import Facts


def contacts_of(brief: Brief | None) -> ContactRegister | None:
    """Count the messages of the table that a brief names; None where it names none.

    Raises:
        BriefError, DataError, MachineError: as `read_contacts`.
    """
    return None if brief is None else read_contacts(brief.contacts, brief.folder)


def with_cells(asked: VarietySpec, brief: Brief | None, log: Experiment) -> VarietySpec:
    """Return the costs of variety with the cells of the orchestration matrix counted as contents.

    Only where the brief prices content and does not itself say how many contents an offer needs.
    """
    if brief is None or not brief.orchestration.cells or asked.contents != VarietySpec().contents:
        return asked
    listed = Counter(cell.offer for cell in brief.orchestration.cells)
    control = None if log.control is None else log.offers[log.control]
    cells = {name: float(listed.get(name, 1)) for name in log.offers if name != control}
    return replace(asked, contents=MappingProxyType(cells))


def with_readiness(facts: Facts) -> Facts:
    """Return the facts with the orchestration matrix and the scorecard.

    Raises:
        BriefError: G137 a column that is not among the features.
        BriefError, DataError, MachineError: as `read_firm_tables`.

    Cost: O(rows of the firm's tables + n).
    """
    brief = facts.brief
    if brief is None:
        return facts
    _check_columns(brief, facts.experiment.features.schema.names)
    facts = replace(facts, matrix=make_matrix(facts))
    ids = facts.experiment.customers if brief.experiment.customer else None
    tables = read_firm_tables(brief, ids)
    return replace(facts, scorecard=make_scorecard(facts, tables))


def _check_columns(brief: Brief, features: tuple[str, ...]) -> None:
    named = {
        "readiness.segments": brief.readiness.segments,
        "orchestration.preferred": brief.orchestration.preferred,
    }
    strange = [
        blocked(
            "G137",
            f"{key} is '{column}', which is not among the features: {', '.join(features[:12])}.",
            "Name a feature of the log, or leave the key out.",
        )
        for key, column in named.items()
        if column is not None and column not in features
    ]
    if strange:
        raise BriefError(strange)
