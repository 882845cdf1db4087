"""The [size] table: what a firm expects of an experiment that it has not run yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handful.brief.key import Key
from handful.errors import Finding, blocked


@dataclass(frozen=True, slots=True)
class SizeSpec:
    """The [size] table. Money is per customer unless a name says cost."""

    offers: tuple[str, ...] = ()
    """Names of the offers to try, the control among them; () for dials, or for those of the log."""
    control: str | Mapping[str, float | str] | None = None
    levels: int = 3
    baseline: float | None = None
    sd: float | None = None
    rate: float | None = None
    margin: float | None = None
    gain: float | None = None
    heterogeneity: float | None = None
    targeting: float | None = None
    features: int = 8
    explained: float = 0.0
    icc: float = 0.0
    cluster_size: int = 1
    power: float = 0.8
    rows: float | None = None
    build_cost: float = 0.0
    run_cost: float = 0.0
    campaigns: float = 1.0
    horizon: float = 12.0
    name: str = "experiment"
    salt: str | None = None


_S = "size"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_S, "offers", "names", "offers to try, the control first",
        "those of the log, or points of the dials"),
    Key(_S, "control", "control", 'the offer that means "no offer": a name or a point',
        "the first of offers; experiment.control"),
    Key(_S, "levels", "whole", "values to try of each dial", "3", least=2),
    Key(_S, "baseline", "number", "mean profit of a customer without an offer",
        "rate x margin; that of the log; else 0"),
    Key(_S, "sd", "number", "standard deviation of profit between customers",
        "from rate and margin, or the log", least=0, strict=True),
    Key(_S, "rate", "number", "share of customers who buy without an offer, where profit is all or "
        "nothing", least=0, strict=True),
    Key(_S, "margin", "number", "profit of one purchase", "1 beside rate", least=0, strict=True),
    Key(_S, "gain", "number", "smallest gain of the best offer over the control worth knowing",
        "what breaks even within the horizon", least=0, strict=True),
    Key(_S, "heterogeneity", "number", "standard deviation of customers' own effects of an offer, "
        "as far as features tell them", "the log's; what targeting means; else gain", least=0,
        strict=True),
    Key(_S, "targeting", "number", "gain of the best menu of two over the best single offer, if "
        "effects were known", "what heterogeneity means", least=0, strict=True),
    Key(_S, "features", "whole", "features that a decision may read", "8, or the log's", least=1),
    Key(_S, "explained", "number", "share of the variance of profit that features explain",
        "0, or the log's", least=0),
    Key(_S, "icc", "number", "correlation of profit within a cluster", "0, or the log's", least=0),
    Key(_S, "cluster_size", "whole", "customers of a cluster, who get the same offer",
        "1, or the log's", least=1),
    Key(_S, "power", "number", "chance to see what is there", "0.8", least=0.5),
    Key(_S, "rows", "number", "customers at hand for the experiment", least=1),
    Key(_S, "build_cost", "number", "what building the programme costs, in total", "0", least=0),
    Key(_S, "run_cost", "number", "what running it costs a month, in total", "0", least=0),
    Key(_S, "campaigns", "number", "campaigns a month, each to profit.population", "1", least=0,
        strict=True),
    Key(_S, "horizon", "number", "months within which it has to pay", "12", least=0, strict=True),
    Key(_S, "name", "text", "name of the experiment: part of every assignment hash",
        '"experiment"'),
    Key(_S, "salt", "text", "secret word of the assignment hash; needed to assign"),
)
# fmt: on

_BELOW_ONE: Final = (("rate", 1.0), ("explained", 1.0), ("icc", 1.0), ("power", 1.0))
_MOST_LEVELS: Final = 7
_MONEY: Final = ("baseline", "sd", "margin", "gain", "heterogeneity", "targeting")
_MOST_MONEY: Final = 1e12
"""Per customer; beyond it numbers lose their meaning long before they overflow."""


def size_conflicts(size: Mapping[str, Any]) -> list[Finding]:
    """Return what cannot be meant by a [size] table whose values are each well formed.

    Example:
        >>> [f.code for f in size_conflicts({"rate": 1.5, "sd": 1.0})]
        ['E540', 'E541']
    """
    findings = [
        blocked("E540", f"size.{key} should be below {most:g}, found {size[key]:g}.", _SHARE)
        for key, most in _BELOW_ONE
        if size.get(key, 0.0) >= most
    ]
    findings += [
        blocked("E545", f"size.{key} = {size[key]:g} is beyond any money.", "Check its unit.")
        for key in _MONEY
        if abs(size.get(key, 0.0)) > _MOST_MONEY
    ]
    if size.get("levels", 0) > _MOST_LEVELS:
        message = f"size.levels should be at most {_MOST_LEVELS}, found {size['levels']}."
        findings.append(blocked("E540", message, "A response is drawn through few values."))
    findings += _clashes(size)
    offers, control = size.get("offers", ()), size.get("control")
    if len(offers) == 1:
        message = "size.offers names one offer; expected the control and one more at least."
        findings.append(blocked("E542", message, 'Write offers = ["none", "mail"].'))
    if offers and isinstance(control, str) and control not in offers:
        message = f"size.control is '{control}', which size.offers does not name."
        findings.append(blocked("E542", message, "Add it to the list, or leave control out."))
    return findings


_SHARE: Final = "Write a share, such as 0.05 for 5 in 100."


def _clashes(size: Mapping[str, Any]) -> list[Finding]:
    """Return a block for keys that say the same thing twice, or half of it."""
    findings = []
    if "rate" in size and "sd" in size:
        message = "size.rate and size.sd both say how much profit varies."
        remedy = "Keep rate (and margin) where profit is all or nothing, sd for any other amount."
        findings.append(blocked("E541", message, remedy))
    if "rate" in size and "baseline" in size:
        message = "size.rate and size.baseline both say what a customer brings without an offer."
        findings.append(blocked("E541", message, "Keep one: with rate, it is rate x margin."))
    if "margin" in size and "rate" not in size:
        message = "size.margin is given without size.rate."
        findings.append(blocked("E541", message, "Add rate, or leave margin out and give sd."))
    if "heterogeneity" in size and "targeting" in size:
        message = "size.heterogeneity and size.targeting both say how much customers differ."
        findings.append(blocked("E541", message, "Keep one; the other follows from it."))
    if size.get("icc", 0.0) > 0 and size.get("cluster_size", 1) == 1:
        message = "size.icc is given, but clusters hold one customer each."
        findings.append(blocked("E541", message, "Add cluster_size, or leave icc out."))
    if "gain" in size and "rate" in size and size["rate"] < 1.0:
        room = (1.0 - size["rate"]) * size.get("margin", 1.0)
        if size["gain"] >= room:
            message = f"size.gain = {size['gain']:g} would need more than everybody to buy."
            findings.append(blocked("E541", message, f"Ask for a gain below {room:g}."))
    return findings
