"""What readiness adds to the facts of a plan: messages sent, the matrix, the scorecard."""

from __future__ import annotations

from dataclasses import replace

from handful.brief.schema import Brief
from handful.experiment.contacts import ContactRegister, read_contacts
from handful.experiment.firm_tables import read_firm_tables
from handful.guardrails.matrix import make_matrix
from handful.guardrails.maturity import make_scorecard
from handful.guardrails.records import Facts


def contacts_of(brief: Brief | None) -> ContactRegister | None:
    """Count the messages of the table that a brief names; None where it names none.

    Raises:
        BriefError, DataError, MachineError: as `read_contacts`.
    """
    return None if brief is None else read_contacts(brief.contacts, brief.folder)


def with_readiness(facts: Facts) -> Facts:
    """Return the facts with the orchestration matrix and the scorecard.

    Raises:
        BriefError, DataError, MachineError: as `read_firm_tables`.

    Cost: O(rows of the firm's tables + n).
    """
    brief = facts.brief
    if brief is None:
        return facts
    facts = replace(facts, matrix=make_matrix(facts))
    ids = facts.experiment.customers if brief.experiment.customer else None
    tables = read_firm_tables(brief, ids)
    return replace(facts, scorecard=make_scorecard(facts, tables))
