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


def tested_names(brief: Brief, features: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns read for testing only: those held apart and what bystanders know.

    Args:
        brief: names them.
        features: columns that a decision may read; they are read once, as such.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "y"},
        ...                      "guardrails": {"known_to_bystanders": ["age", "street"]}})
        >>> tested_names(brief, ("age",))
        ('street',)
    """
    known = (name for name in brief.guardrails.known_to_bystanders if name not in features)
    return tuple(dict.fromkeys((*apart_names(brief), *known)))


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
    decide = brief.guardrails.protected if brief.fairness.use_protected else ()
    apart = frozenset(apart_names(brief)) - (frozenset(decide) - {*brief.guardrails.sensitive})
    return apart | {name for name, behind in columns.reads.items() if behind & apart}


def bound_elsewhere(purpose: str) -> bool:
    """Tell whether data declared for this purpose may not be read to personalise.

    Example:
        >>> bound_elsewhere("service"), bound_elsewhere("personalise")
        (True, False)
    """
    return purpose.strip().lower() not in {"personalise", "personalize", "train"}


def tier_of(purpose: str) -> str | None:
    """Return the tier of a purpose such as "tier:gold", None for any other purpose.

    Example:
        >>> tier_of("tier:Gold")
        'gold'
    """
    word, _, tier = purpose.strip().lower().partition(":")
    return tier if word == "tier" and tier else None


def declared_elsewhere(brief: Brief, columns: Columns) -> frozenset[str]:
    """Return the columns that features = "*" leaves alone: declared for another purpose.

    A derived column made from one is left alone too.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "y"},
        ...                      "consent": {"feature_purpose": {"size": "service"}}})
        >>> sorted(declared_elsewhere(brief, Columns({"size": "BIGINT"}, {})))
        ['size']
    """
    named = brief.consent.feature_purpose.items()
    bound = frozenset(name for name, purpose in named if bound_elsewhere(purpose))
    return bound | {name for name, behind in columns.reads.items() if behind & bound}


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
