"""The limits of a plan on disk: limits/limits.json, and a model of every amount beside it.

A model is stored in the format of a policy, whose expected profits are the expected amounts, so
that it is read with the same care (docs/policy-format.md).
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from handful.delivery.stored import StoredPlan
from handful.errors import BriefError, DataError, Finding, blocked
from handful.evidence.limit_records import LimitRule, LimitTerms
from handful.experiment.records import Features
from handful.notation import IntArray
from handful.planning.records import PlanLimits
from handful.policy.artefact import read_policy, write_policy
from handful.policy.records import Policy

LIMITS_FOLDER: Final = "limits"
_NAME: Final = "limits.json"
_SCHEMA: Final = "handful.limits/1"


def write_limits(
    limits: PlanLimits, policy: Policy, folder: Path, probe: Features, strata: IntArray | None
) -> None:
    """Write what an allocation of another list needs.

    Args:
        limits: of the plan.
        policy: whose offers and strata the limits are in.
        folder: of the plan.
        probe: (m, p) features that self-test rows are drawn from.
        strata: (m,) stratum codes.

    Cost: O(size of the models).
    """
    home = folder / LIMITS_FOLDER
    home.mkdir()
    plain = replace(policy, ranking=None, rule=None, chance=None)
    for at, model in enumerate(limits.models):
        write_policy(replace(plain, model=model), home / str(at), probe, strata)
    document = {
        "schema": _SCHEMA,
        "population": limits.terms.population,
        "base": limits.terms.base,
        "amounts": len(limits.models),
        "rules": [
            {
                "name": rule.name,
                "low": rule.low if math.isfinite(rule.low) else None,
                "high": rule.high if math.isfinite(rule.high) else None,
                "offers": list(rule.offers),
                "amount": rule.amount,
                "share": rule.share,
                "group": None if rule.group is None else list(rule.group),
            }
            for rule in limits.terms.rules
        ],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (home / _NAME).write_text(text, encoding="utf-8")


def read_limits(stored: StoredPlan) -> PlanLimits:
    """Read the limits of a stored plan, whose parts were compared with their sha256 before.

    Raises:
        BriefError: F833 the plan has no limits on all customers together.
        DataError: F812 they are damaged or missing; and the codes of `read_policy`.

    Cost: O(bytes).
    """
    home = stored.folder / LIMITS_FOLDER
    listed = {part["name"] for part in stored.document["files"]}
    if f"{LIMITS_FOLDER}/{_NAME}" not in listed:
        message = "Expected a plan with limits on all customers together, found none in its brief."
        remedy = "Leave --campaign out, or set [constraints] and plan again."
        raise BriefError(blocked("F833", message, remedy))
    try:
        document = json.loads((home / _NAME).read_text(encoding="utf-8"))
        terms = _terms(document, stored.policy)
        count = int(document["amounts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise DataError(_damaged()) from None
    models = tuple(read_policy(home / str(at)).model for at in range(count))
    same = all(
        m.offers == stored.policy.model.offers and m.schema == stored.policy.model.schema
        for m in models
    )
    if not same or any(r.amount is not None and r.amount >= count for r in terms.rules):
        raise DataError(_damaged())
    return PlanLimits(terms, models)


def _terms(document: dict[str, Any], policy: Policy) -> LimitTerms:
    population, base = float(document["population"]), document["base"]
    rules = tuple(_rule(entry, policy) for entry in document["rules"])
    if document["schema"] != _SCHEMA or not population > 0 or base not in policy.menu:
        raise ValueError("limits of another plan")
    return LimitTerms(rules, population, int(base))


def _rule(entry: dict[str, Any], policy: Policy) -> LimitRule:
    schema, group, amount = policy.model.schema, entry["group"], entry["amount"]
    if group is not None:
        column, level = group
        schema.levels[schema.names.index(column)].index(level)
    offers = tuple(int(offer) for offer in entry["offers"])
    if any(not 0 <= offer < len(policy.model.offers) for offer in offers):
        raise ValueError("an offer out of range")
    return LimitRule(
        name=str(entry["name"]),
        low=-math.inf if entry["low"] is None else float(entry["low"]),
        high=math.inf if entry["high"] is None else float(entry["high"]),
        offers=offers,
        amount=None if amount is None else abs(int(amount)),
        share=bool(entry["share"]),
        group=None if group is None else (str(group[0]), str(group[1])),
    )


def _damaged() -> Finding:
    message = "Expected the limits of the plan as they were written; they are damaged or missing."
    return blocked("F812", message, "Copy the folder again from where it was made.")
