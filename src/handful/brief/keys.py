"""The one table of every key of a brief: it drives reading, "did you mean" and the docs test."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from handful.brief import (
    consent,
    constraints,
    contacts,
    coverage,
    differentiation,
    execution,
    fairness,
    guardrails,
    orchestration,
    outcomes,
    policy,
    readiness,
    rollout,
    sensitivity,
    size,
    stages,
    variety,
)
from handful.brief.key import Key

_E, _P, _M, _V, _T = "experiment", "profit", "menu", "evidence", "team"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_E, "source", "text", "the log: csv, csv.gz, parquet, a glob, duckdb:///... or postgresql://...",
        "", required=True),
    Key(_E, "where", "text", "SQL condition that keeps rows of the log"),
    Key(_E, "customer", "text", "column with the customer's id", "the row number"),
    Key(_E, "cluster", "text", "column of the unit that was randomised", "the customer"),
    Key(_E, "strata", "names", "columns within which offers were randomised", "[]"),
    Key(_E, "time", "text", "column with the time the offer was given"),
    Key(_E, "outcome_time", "text", "column with the time the outcome was recorded"),
    Key(_E, "offer", "offer", "column with the name of the offer each row received, or its dials",
        "", required=True),
    Key(_E, "control", "control", 'the level, or the point of the dials, that means "no offer"'),
    Key(_E, "propensity", "shares", "where the probability of each offer comes from", '"design"'),
    Key(_E, "features", "columns", "columns a decision may read", '"*"'),
    Key(_E, "exclude", "names", 'columns left out of features = "*"', "[]"),
    Key(_E, "unit", "choice", "what one observation is when customers repeat",
        "none: repeats are refused", choices=("row", "customer")),
    Key(_E, "crossovers", "choice", "what to do with customers seen under two offers",
        "none: over 0.1 % are refused", choices=("drop", "first")),
    Key(_E, "date_format", "text", 'strptime format of the times, such as "%d/%m/%Y"', "ISO 8601"),
    Key(_E, "encoding", "choice", "how the text of a csv is encoded", '"utf-8"',
        choices=("utf-8", "latin-1")),
    Key(_E, "accept_observational", "flag", "accept in writing a log that is not randomised",
        "false"),
    Key(_P, "per_row", "text", "SQL expression over the log's columns: money per row", "",
        required=True),
    Key(_P, "currency", "text", "currency printed beside every amount", '"USD"'),
    Key(_P, "population", "number", "customers one campaign reaches; spreads set-up costs",
        "the customers of the log", least=0, strict=True),
    Key(_P, "kind", "choice", '"binary" when the outcome can only be 0 or 1', '"money"',
        choices=("money", "binary")),
    Key(_P, "long_run", "text", "SQL expression: money per row that comes later, such as "
        "repeat orders", "none"),
    Key(_P, "assumptions", "numbers", "numbers that per_row and long_run use by name", "{}"),
    Key(_P, "take_up", "text", "SQL expression: did the customer accept, 0 or 1 (or how much)",
        "none: demand is not drawn"),
    Key(_P, "price", "costs", "price of each named offer, offer = number", "none: the dial is",
        least=0),
    Key(_M, "max_offers", "whole", "largest menu considered", "8", least=1),
    Key(_M, "setup_cost", "costs", "cost of running one offer, in total, same currency", "0",
        least=0),
    Key(_M, "preset", "choice", "what the menu is for: to keep customers, or to reach many cheaply",
        "none: neither", choices=("loyalty", "scale")),
    Key(_M, "always", "offers", "offers that must stay in the menu", "[]"),
    Key(_M, "never", "offers", "offers that must not be in the menu", "[]"),
    Key(_V, "folds", "whole", "parts of the log; each is valued by models of the others", "5",
        least=4),
    Key(_V, "repetitions", "whole", "how often the split into folds is redrawn", "2", least=1),
    Key(_V, "learn_rows", "whole", "rows that effects are learned on, at most", "200000",
        least=100),
    Key(_V, "engaged", "text", "recency or frequency column that splits engaged customers off"),
    Key(_V, "direct_mail", "names", "columns of the direct-mail rival, such as age and region",
        "[]"),
    Key(_V, "studio", "flag", "keep what what-if questions are answered from", "true"),
    Key(_T, "hours", "number", "hours the team has for one campaign", least=0),
    Key(_T, "minutes_per_card", "number", "minutes one hand-written card takes", least=0,
        strict=True),
    Key(_T, "hours_per_offer", "number", "hours the team needs to author one offer", least=0,
        strict=True),
    Key(_T, "offers_we_can_author", "whole", "offers the team can author, at most", least=1),
    *constraints.KEYS,
    *variety.KEYS,
    *coverage.KEYS,
    *outcomes.KEYS,
    *policy.KEYS,
    *consent.KEYS,
    *guardrails.KEYS,
    *readiness.KEYS,
    *orchestration.KEYS,
    *contacts.KEYS,
    *rollout.KEYS,
    *size.KEYS,
    *stages.KEYS,
    *execution.KEYS,
    *differentiation.KEYS,
    *fairness.KEYS,
    *sensitivity.KEYS,
)
# fmt: on
"""Every key that is read, in the order of the docs."""

FREE_TABLES: Final = MappingProxyType(
    {"columns": "derived columns: name = SQL expression over the log's columns"}
)
"""Tables whose keys are the reader's own names."""

TABLES: Final[tuple[str, ...]] = (*dict.fromkeys(key.table for key in KEYS), *FREE_TABLES)
"""Names of all tables that are read."""


def keys_of(table: str) -> dict[str, Key]:
    """Return the keys of one table by name.

    Example:
        >>> sorted(keys_of("team"))
        ['hours', 'hours_per_offer', 'minutes_per_card', 'offers_we_can_author']
    """
    return {key.name: key for key in KEYS if key.table == table}
