"""plan.json: the plan as plain JSON, schema `handful.plan/1`, the same bytes every time.

Keys come in a fixed order, floats are written so that they read back exactly, and a number that
does not exist is null, with its reason in `absent`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

import numpy as np

from handful.delivery.consent_json import consent_document
from handful.delivery.fairness_json import WHY_NO_FAIRNESS
from handful.evidence.records import RuleFacts, Tails, Valuation
from handful.notation import SCHEMA_PLAN
from handful.planning.records import ExperimentFacts, Plan
from handful.policy.points import offer_entry, sayable
from handful.policy.records import Policy

Json: TypeAlias = Any
"""What the json module reads and writes."""

WHY_ABSENT: Mapping[str, str] = {
    "no_offer": "the experiment has no level that means no offer",
    "share_of_one_to_one": "one-to-one gains nothing over the best single offer",
    "certified_gap": "no bound was computed for this menu",
    "shadow_price": "the limit does not bind",
    "held_out": "the limit is counted on the menu, not on customers",
    "by_prices": "the limit is counted on the menu, not on customers",
    "allocation": "the brief sets no limit on all customers together",
    "statistic": "the test needs two offers with enough rows",
    "p_value": "the test needs two offers with enough rows",
    "corrected": "the winner's curse of this choice cannot be told",
    "gain": "no menu is advised",
    "runs_out": "nobody's yes has an end",
    "customer": "the log has no column of customer ids",
    "consent": "the brief names no consent table",
    "demand": "the brief does not say what take-up is",
    "take_up": "too few customers of the segment were open to this price",
    "margin": "too few customers of the segment were open to this price",
    "price": "the offer has no price",
    "standard_price": "the offer has no price",
    "supply": "the brief keeps no stock",
    "fairness": "the brief names no protected column and no [fairness]",
    "readiness": "the plan was made without a brief",
    "orchestration": "the brief lists no content",
    "pressure": "the brief names no table of messages sent",
    "rollout": "the brief does not say how the plan goes out",
    "lacks": "there is no further stage",
    "next_step": "there is no further stage",
    "aim": "the brief aims at no stage",
    "preferred": "the brief names no column of preferred channels",
    "at_most": "the brief sets no limit",
    "at_least": "the brief sets no limit",
    "engaged": "the brief names no column of engagement",
    "content": "the cell is empty",
    "trigger": "the brief does not say",
    "timing": "the brief does not say",
    "owner": "the brief does not say",
    "sensitivity": "the plan keeps nothing to ask: it was made without the studio",
    "low": "it cannot be told; why_absent says why",
    "high": "it cannot be told; why_absent says why",
    "band": "limits, offers that must stay, costs by offer, or a menu changed after it was chosen",
    "highest": "it stays however much an offer costs",
    "first_loss": "every further offer nets more than the one before",
    "one_more_offer": "no cap on the offers the team can author holds the menu back",
    "rule": "one offer is for everybody: there is nothing to tell apart",
    "population": "the brief names no population",
    "values": "no offer was made",
    "dials": "offers are names: nothing is smoothed",
    "stages": "the plan was put together without its evidence",
    "fit": "the plan was put together without its evidence",
    "differentiation": "the brief does not ask what the firm's own data are worth",
    "retained": "one-to-one is not shown to gain over the best single offer, or segments fell back",
    "operating_efficiency": "it costs nothing that the brief names",
    "value_efficiency": "it costs nothing that the brief names",
    "first_unpaid": "every further offer pays for itself",
    "channels": "the brief names no channel for these offers",
    "preset": "the brief names no preset",
    "minutes_per_card": "the brief does not say how long a card takes",
    "hours_needed": "the brief does not say how long a card takes",
    "hours": "the brief does not say how many hours the team has",
    "fits": "the brief does not say how many hours there are, or how long a card takes",
    "most": "no personalised plan was valued",
    "policy": "no personalised plan was valued",
    "rate": "not known; the remedy says what to add",
    "wasted": "nothing is sent",
    "benefit": "there are no such sends, or too few to tell",
    "lead": "there is no such baseline; why_absent says why",
    "survives": "the gain on all features is not shown to be above zero",
    "worse_off": "the plan gives everybody the default",
    "difference": "too few customers tell the plan and the default apart",
    "regret": "told of segments, not of groups",
    "effect": "no segment falls back",
    "horizon": "the outcome is not one of loyalty",
    "under_default": "nobody is in this group",
    "coverage": "no offer counts as exclusion",
    "revenue": "coverage.revenue_source says why",
    "reach": "the brief does not ask for take-up",
    "taken_up": "the brief does not ask for take-up",
    "why_not": "the offer counts",
    "shut_out_hidden": "too few customers to be counted",
    "floor": "the brief sets no floor",
    "revenue_floor": "the brief sets no floor",
    "share": "the finding concerns no part of the rows",
    "count": "the finding concerns no part of the rows",
}
"""Why a field may be null, by field name."""

_TOO_FEW = "too few customers to be counted, or another count would give them away"
_NOT_FINITE = "the number is not finite"
_NOT_MEASURED = "the guardrail measured no such number; its remedy says why"


_HOW_FAR = ("stages", "fit", "differentiation")
"""Fields that are written as they are: how far to personalise, and whether."""


def plan_document(plan: Plan) -> dict[str, Json]:
    """Lay a plan out as the dictionary that plan.json holds.

    Args:
        plan: the plan of an experiment with G offers.

    Returns:
        Plain dictionaries, lists, text, numbers, booleans and None; keys in schema order.

    Cost: O(size of the plan without its customers).

    Example:
        >>> plan_document.__annotations__["plan"]
        'Plan'
    """
    document: dict[str, Json] = {
        "schema": SCHEMA_PLAN,
        "experiment": _experiment(plan.experiment),
        "findings": plain(plan.findings),
        "heterogeneity": plain(plan.heterogeneity),
        "reference": plain(plan.reference),
        "frontier": plain(plan.frontier),
        "ladder": plain(plan.ladder),
        "verdict": plain(plan.verdict),
        "segments": plain(plan.segments),
        "constraints": plain(plan.constraints),
        "guardrails": plain(plan.guardrails),
        "tails": _tails(plan.tails),
        "valuation": _valuation(plan.valuation),
        "releasable": not plan.failed,
        "failed": [failed.name for failed in plan.failed],
        "overrides": plain(plan.overrides),
        "consent": consent_document(plan.consent, plan.policy.model.offers),
        "rule": _rule(plan.rule),
        "supply": plain(plan.supply),
        "demand": plain(plan.demand),
        "one_more_offer": plain(plan.one_more_offer),
        "allocation": plain(plan.allocation),
        **{name: plain(getattr(plan, name)) for name in _HOW_FAR},
        "readiness": plain(plan.readiness),
        "orchestration": plain(plan.orchestration),
        "pressure": plain(plan.pressure),
        "rollout": plain(plan.rollout),
        "fairness": plain(plan.fairness),
        "worse_off": plain(plan.worse_off),
        "outcomes": plain(plan.outcomes),
        "coverage": plain(plan.coverage),
        "moves": plain(plan.moves),
        "sensitivity": plain(plan.sensitivity),
    }
    _write_points(document, plan.policy)
    return document | {"absent": list(_absences(document))}


def _write_points(document: dict[str, Json], policy: Policy) -> None:
    """Write each offer with dials as an object of its values, such as {"rate": 7.75}."""
    points, offers = policy.points, policy.model.offers
    for offer in document["experiment"]["offers"]:
        values = offer.pop("values")
        if points is not None:
            offer["values"] = None if values is None else sayable(values)
    if points is None:
        return
    placed = [] if document["stages"] is None else document["stages"]["stages"]
    for place in (*document["frontier"], document["verdict"], *placed):
        place["menu"] = [offer_entry(points, offers, name) for name in place["menu"]]
    for segment in document["segments"]:
        segment["offer"] = offer_entry(points, offers, segment["offer"])


def plain(value: object) -> Json:
    """Turn records, arrays and numbers into what JSON can say; not-finite numbers become None.

    Args:
        value: a record, a mapping, a sequence, an array, text, a number, a boolean or None.

    Returns:
        The same as dictionaries, lists, text, numbers, booleans and None.

    Raises:
        TypeError: the value has no plain form.

    Example:
        >>> plain({"a": (1, float("inf"))})
        {'a': [1, None]}
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    raise TypeError(f"no plain form for {type(value).__name__}")


def dump_document(document: Mapping[str, Json]) -> str:
    """Write a document as text: two spaces, one trailing newline, never NaN.

    Args:
        document: what `plan_document` returns.

    Returns:
        The text of plan.json.

    Raises:
        ValueError: a number is not finite.

    Example:
        >>> load_document(dump_document({"value": 0.1}))
        {'value': 0.1}
    """
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def load_document(text: str) -> dict[str, Json]:
    """Read what `dump_document` wrote; every number comes back exactly.

    Args:
        text: the text of plan.json.

    Returns:
        The document.

    Raises:
        ValueError: the text is not a JSON object, or holds NaN or Infinity.

    Example:
        >>> load_document('{"offers": 3}')
        {'offers': 3}
    """
    document = json.loads(text, parse_constant=_refuse_constant)
    if not isinstance(document, dict):
        raise ValueError("expected a JSON object")
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _experiment(facts: ExperimentFacts) -> dict[str, Json]:
    document = plain(facts)
    document["columns"] = dict(facts.columns)
    return document  # type: ignore[no-any-return]


def _tails(tails: Tails) -> dict[str, Json]:
    document = plain(tails)
    document["winsorised"] = [{"name": name} | plain(value) for name, value in tails.winsorised]
    return document  # type: ignore[no-any-return]


def _rule(rule: RuleFacts | None) -> Json:
    if rule is None:
        return None
    said = [{"offer": offer, "words": words} for offer, words in rule.sentences]
    return plain(rule) | {"sentences": said}


def _valuation(valuation: Valuation) -> dict[str, Json]:
    document = plain(valuation)
    document["stack"] = [{"name": name, "weight": plain(w)} for name, w in valuation.stack]
    if valuation.dials is not None:
        document["dials"] = {
            "bandwidth": [
                {"name": name, "half_width": plain(h)} for name, h in valuation.dials.bandwidth
            ],
            "values": [
                {"policy": v.policy, "way": v.way} | plain(v.estimate)
                for v in valuation.dials.values
            ],
        }
    return document  # type: ignore[no-any-return]


def _absences(value: Json, path: str = "", key: str = "") -> Iterator[dict[str, str]]:
    """Name every null of the document with its reason, in document order."""
    if value is None and path.startswith("segments[") and key in {"customers", "share"}:
        yield {"field": path, "reason": _TOO_FEW}
    elif value is None and path.startswith("fairness.") and key in WHY_NO_FAIRNESS:
        yield {"field": path, "reason": WHY_NO_FAIRNESS[key]}
    elif value is None and key in WHY_ABSENT:
        yield {"field": path, "reason": WHY_ABSENT[key]}
    elif value is None and key in _NUMBERS:
        guarded = path.startswith("guardrails[")
        yield {"field": path, "reason": _NOT_MEASURED if guarded else _NOT_FINITE}
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "detail" and path.startswith("guardrails["):
                continue
            yield from _absences(item, f"{path}.{name}" if path else name, name)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _absences(item, f"{path}[{position}]", key)


_NUMBERS = frozenset({"value", "se", "lo", "hi", "claimed", "setup_cost", "net", "bound"})
