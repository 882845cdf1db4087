"""Columns held apart, sensitive and protected ones: they test a plan and never decide."""

from __future__ import annotations

from handful.brief.schema import Brief
from handful.errors import BriefError, blocked
from handful.experiment.columns import Columns


def apart_names(brief: Brief) -> tuple[str, ...]:
    """Return the columns that the brief holds apart, sensitive ones first.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "y"}, "guardrails": {"sensitive": ["ill"]}})
        >>> apart_names(brief)
        ('ill',)
    """
    asked = brief.guardrails
    return tuple(dict.fromkeys((*asked.sensitive, *asked.protected)))


def kept_apart(brief: Brief, columns: Columns) -> frozenset[str]:
    """Return the names that no decision may read: those held apart and what is derived from them.

    Args:
        brief: names them.
        columns: all columns, with what derived ones are made from.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "y"}, "guardrails": {"sensitive": ["ill"]}})
        >>> columns = Columns({"ill": "BIGINT", "d": "BIGINT"}, {"d": frozenset({"ill"})})
        >>> sorted(kept_apart(brief, columns))
        ['d', 'ill']
    """
    apart = frozenset(apart_names(brief))
    return apart | {name for name, behind in columns.reads.items() if behind & apart}


def refuse_apart(brief: Brief, columns: Columns) -> None:
    """Refuse a brief that lets a decision read a column held apart.

    Raises:
        BriefError: G005 such a column is a feature or a stratum.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "y"}, "guardrails": {"sensitive": ["ill"]}})
        >>> refuse_apart(brief, Columns({"ill": "BIGINT"}, {}))
    """
    spec = brief.experiment
    apart = kept_apart(brief, columns)
    read = {"experiment.features": spec.features, "experiment.strata": spec.strata}
    findings = [
        blocked(
            "G005",
            f"{key} names '{name}', which [guardrails] holds apart (or which is made from such a "
            "column): it may test a plan, never decide.",
            f"Take it out of {key}, or out of guardrails.sensitive and guardrails.protected.",
        )
        for key, names in read.items()
        for name in names
        if name in apart
    ]
    if findings:
        raise BriefError(findings)
