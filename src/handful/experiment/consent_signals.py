"""Privacy signals kept as they came: Global Privacy Control and the integers of GPP's US section.

`Sec-GPC` counts only when a value is exactly 1. In GPP's usnat the opt-outs say 1 for "opted out"
and 2 for "did not", the consents say 1 for "no consent" and 2 for "consent": 1 is a no in both. A 2
is no explicit act, so it grants nothing. A signal that cannot be read counts as a no to sharing.
Sources: w3c/gpc; InteractiveAdvertisingBureau/Global-Privacy-Platform, usnat v2.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from handful.experiment.engine import literal

OPT_OUTS: Final = ("SaleOptOut", "SharingOptOut", "TargetedAdvertisingOptOut")
CONSENTS: Final = ("PersonalDataConsents",)
CHILDREN: Final = ("KnownChildSensitiveDataConsents",)

_GPC_LINE: Final = r"(?im)^[ \t]*sec-gpc[ \t]*:"
_GPC_YES: Final = r"(?im)^[ \t]*sec-gpc[ \t]*:(?:[^\r\n]*,)?[ \t]*1[ \t]*(?:,[^\r\n]*)?\r?$"


def signal_refusals(column: str) -> Mapping[str, str]:
    """Return purpose -> SQL condition under which a raw signal refuses it.

    Args:
        column: SQL of the raw signal, text or NULL.

    Returns:
        share, train and personalise; the conditions are false for NULL and empty text.

    Example:
        >>> from handful.experiment.engine import connect, one_row
        >>> share = signal_refusals("s")["share"]
        >>> [one_row(connect(), f"SELECT {share} FROM (SELECT $1::VARCHAR AS s)", [s])[0]
        ...  for s in ("Sec-GPC: 1", "Sec-GPC: true", '{"SaleOptOut": 1}', '{"SaleOptOut": 2}')]
        [True, False, True, False]
    """
    said = f"(coalesce(trim({column}), '') <> '')"
    json, header = _is_object(column), _is_header(column)
    gpc = f"regexp_matches({column}, {literal(_GPC_YES)})"
    opted = " OR ".join(_holds_one(column, name) for name in OPT_OUTS)
    withheld = " OR ".join(_holds_one(column, name) for name in (*CONSENTS, *CHILDREN))
    sub = f"coalesce(lower({_read(column, 'Gpc')}) IN ('true', '1'), false)"
    strange = " OR ".join(_strange(column, name) for name in (*OPT_OUTS, *CONSENTS, *CHILDREN))
    unreadable = f"(NOT {json} AND NOT {header})"
    share = (
        f"CASE WHEN NOT {said} THEN false WHEN {unreadable} THEN true WHEN {header} THEN {gpc} "
        f"ELSE ({opted} OR {withheld} OR {sub} OR {strange}) END"
    )
    profile = f"CASE WHEN NOT {said} OR NOT {json} THEN false ELSE ({withheld}) END"
    return MappingProxyType({"share": share, "train": profile, "personalise": profile})


def unreadable_signal(column: str) -> str:
    """Return the SQL condition of a signal that is neither a Sec-GPC header nor a JSON object."""
    said = f"coalesce(trim({column}), '') <> ''"
    return f"({said} AND NOT {_is_object(column)} AND NOT {_is_header(column)})"


def _safe(column: str) -> str:
    """Return SQL of the signal where it is JSON, an empty object where it is not."""
    return f"CASE WHEN json_valid({column}) THEN {column} ELSE '{{}}' END"


def _is_object(column: str) -> str:
    return f"(json_valid({column}) AND json_type({_safe(column)}) = 'OBJECT')"


def _is_header(column: str) -> str:
    return f"(NOT json_valid({column}) AND regexp_matches({column}, {literal(_GPC_LINE)}))"


def _read(column: str, name: str) -> str:
    """Read a field of the section, in an object of its own or under `usnat`."""
    column = _safe(column)
    return (
        f"coalesce(json_extract_string({column}, '$.usnat.{name}'), "
        f"json_extract_string({column}, '$.{name}'))"
    )


def _values(column: str, name: str) -> str:
    """Read a field that holds one integer or a list of them, as a list of texts."""
    safe = _safe(column)
    listed = (
        f"json_extract_string({safe}, '$.usnat.{name}[*]')",
        f"json_extract_string({safe}, '$.{name}[*]')",
    )
    single = f"CASE WHEN {_read(column, name)} IS NULL THEN [] ELSE [{_read(column, name)}] END"
    whole = f"list_concat(coalesce({listed[0]}, []), coalesce({listed[1]}, []))"
    return f"(CASE WHEN len({whole}) > 0 THEN {whole} ELSE {single} END)"


def _holds_one(column: str, name: str) -> str:
    return f"list_contains({_values(column, name)}, '1')"


def _strange(column: str, name: str) -> str:
    """A value that the section does not know: nobody can say what was meant."""
    return f"(len(list_filter({_values(column, name)}, lambda x: x NOT IN ('0', '1', '2'))) > 0)"
