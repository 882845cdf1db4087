"""Reads a brief for `handful size`: with a log, or with nothing but expectations."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handful.brief.dials import MOST_DIALS, DialSpec
from handful.brief.keys import keys_of
from handful.brief.reader import open_brief, parse_brief, read_brief
from handful.brief.schema import Brief
from handful.errors import BriefError, Finding, blocked

_NO_LOG = ("size", "profit", "menu")


@dataclass(frozen=True, slots=True)
class SizeRequest:
    """What `handful size` is asked.

    Attributes:
        brief: every table; its [experiment] stands for nothing without a log.
        has_log: whether the brief names a log to read baseline and spread from.
    """

    brief: Brief
    has_log: bool

    @property
    def dials(self) -> tuple[DialSpec, ...]:
        """The dials of the offers; () for names."""
        return self.brief.dials


def read_size_request(path: str | Path) -> SizeRequest:
    r"""Read a brief that may have no log yet.

    Args:
        path: the handful.toml.

    Returns:
        The request.

    Raises:
        BriefError: B100-B106 as `read_brief`; E540-E544 expectations that are missing or that
            cannot be meant. All at once.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp(), "size.toml")
        >>> _ = file.write_text('[size]\noffers = ["none", "mail"]\nsd = 4.0\ngain = 0.2')
        >>> read_size_request(file).has_log
        False
    """
    mapping, raw = open_brief(path)
    if "experiment" in mapping:
        return _checked(SizeRequest(read_brief(path), has_log=True))
    return _checked(SizeRequest(_without_log(mapping, raw), has_log=False))


def _without_log(mapping: Mapping[str, Any], raw: bytes) -> Brief:
    """Read the tables that mean something before there is a log."""
    strange = [table for table in mapping if table not in _NO_LOG]
    if strange:
        message = f"without [experiment] there is no log, so [{strange[0]}] means nothing."
        remedy = "Keep [size], [profit] and [menu]; or add [experiment] and its source."
        raise BriefError(blocked("E543", message, remedy))
    tables = {name: value for name, value in mapping.items() if isinstance(value, Mapping)}
    menu = tables.get("menu", {})
    dials = [k for k, v in menu.items() if isinstance(v, Mapping) and k not in keys_of("menu")]
    if len(dials) > MOST_DIALS:
        message = (
            f"[menu] holds {len(dials)} dials ({', '.join(dials)}), at most {MOST_DIALS} can be."
        )
        raise BriefError(blocked("E542", message, "Hold the least important one fixed."))
    control = tables.get("size", {}).get("control")
    experiment: dict[str, Any] = {"source": "none yet", "offer": dials or "offer"}
    if control is not None:
        experiment["control"] = control
    profit = {"per_row": "0.0", **tables.get("profit", {})}
    whole = {**mapping, "experiment": experiment, "profit": profit}
    sha256 = hashlib.sha256(raw).hexdigest()
    return parse_brief(whole, sha256=sha256, text=raw.decode("utf-8-sig"))


def _checked(request: SizeRequest) -> SizeRequest:
    findings = [*_offers_missing(request), *_numbers_missing(request), *_boxes_missing(request)]
    if findings:
        raise BriefError(findings)
    return request


def _offers_missing(request: SizeRequest) -> list[Finding]:
    size = request.brief.size
    if request.has_log or size.offers or request.dials:
        return []
    message = "size.offers is missing: without a log nothing says which offers are to be tried."
    remedy = 'Write offers = ["none", "mail", "call"], or [menu.COLUMN] tables for dials.'
    return [blocked("E544", message, remedy)]


def _numbers_missing(request: SizeRequest) -> list[Finding]:
    size, findings = request.brief.size, []
    if not request.has_log and size.sd is None and size.rate is None:
        message = "size.sd is missing: without a log nothing says how much profit varies."
        remedy = "Write sd = the standard deviation of profit, or rate where customers buy or not."
        findings.append(blocked("E544", message, remedy))
    costs = size.build_cost > 0 or size.run_cost > 0
    if size.gain is None and not (costs and request.brief.profit.population):
        message = "size.gain is missing: the smallest gain per customer that is worth knowing."
        remedy = "Write it; or give build_cost and profit.population, and it is what breaks even."
        findings.append(blocked("E544", message, remedy))
    if costs and request.brief.profit.population is None:
        message = "profit.population is missing, so costs cannot be held against a gain."
        findings.append(blocked("E544", message, "Write how many customers a campaign reaches."))
    return findings


def _boxes_missing(request: SizeRequest) -> list[Finding]:
    if request.has_log or request.brief.size.offers:
        return []
    return [
        blocked(
            "E544",
            f"[menu.{dial.name}] should say min and max: there is no log to read them from.",
            "Write the smallest and the largest value worth trying.",
        )
        for dial in request.dials
        if dial.low is None or dial.high is None
    ]
