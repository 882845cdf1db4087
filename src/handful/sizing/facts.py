"""Puts together what the brief states, what the log tells and what is assumed, each by its name."""

from __future__ import annotations

from dataclasses import replace

from handful.brief.size import SizeSpec
from handful.errors import BriefError, blocked
from handful.sizing.from_log import LogFacts
from handful.sizing.menus import pair_of, spread_for, targeting_gain
from handful.sizing.records import Facts, Known, Origin


def make_facts(
    size: SizeSpec, offers: tuple[str, ...], needed: float | None, log: LogFacts | None
) -> Facts:
    """Return what the experiment is sized from.

    Args:
        size: the [size] table.
        offers: (G,) to try, the control first.
        needed: gain that breaks even; None where no costs are stated.
        log: what a log tells; None without one.

    Returns:
        The facts; a key of [size] goes before the log, the log before a default.

    Raises:
        BriefError: E545 a gain that cannot be, beside the others.

    Example:
        >>> make_facts(SizeSpec(sd=2.0, gain=0.1), ("none", "mail"), None, None).spread
        0.1
    """
    margin = None if size.rate is None else (1.0 if size.margin is None else size.margin)
    known = [_baseline(size, margin, log), _sd(size, margin, log), _gain(size, needed)]
    known += [_or_log(size, "icc", log), _or_log(size, "cluster_size", log)]
    known += [_explained(size, log), Known("features", float(size.features), _said(size))]
    by_name = {one.name: one for one in known}
    _possible(by_name["gain"], by_name["sd"])
    facts = Facts(
        offers=offers,
        baseline=by_name["baseline"].value,
        sd=by_name["sd"].value,
        gain=by_name["gain"].value,
        spread=by_name["gain"].value,
        targeting=0.0,
        margin=margin,
        features=size.features,
        explained=by_name["explained"].value,
        icc=by_name["icc"].value,
        cluster_size=max(round(by_name["cluster_size"].value), 1),
        lead=None if log is None else log.lead,
    )
    spread, targeting = _differing(size, facts, log)
    known += [spread, targeting]
    return replace(facts, spread=spread.value, targeting=targeting.value, known=tuple(known))


def _said(size: SizeSpec) -> Origin:
    return "assumed" if size.features == SizeSpec().features else "stated"


def _baseline(size: SizeSpec, margin: float | None, log: LogFacts | None) -> Known:
    if size.baseline is not None:
        return Known("baseline", size.baseline, "stated")
    if size.rate is not None and margin is not None:
        return Known("baseline", size.rate * margin, "derived", why="rate x margin")
    if log is not None:
        return log.baseline
    return Known("baseline", 0.0, "assumed", why="only differences matter")


def _sd(size: SizeSpec, margin: float | None, log: LogFacts | None) -> Known:
    if size.sd is not None:
        return Known("sd", size.sd, "stated")
    if size.rate is not None and margin is not None:
        spread = margin * (size.rate * (1.0 - size.rate)) ** 0.5
        return Known("sd", spread, "derived", why="margin x sqrt(rate (1 - rate))")
    if log is not None:
        return log.sd
    raise BriefError(blocked("E544", "size.sd is missing.", "Write it, or rate."))


def _gain(size: SizeSpec, needed: float | None) -> Known:
    if size.gain is not None:
        return Known("gain", size.gain, "stated")
    if needed is not None and needed > 0.0:
        return Known("gain", needed, "derived", why="what breaks even within the horizon")
    raise BriefError(blocked("E544", "size.gain is missing.", "Write it, or the costs."))


def _or_log(size: SizeSpec, name: str, log: LogFacts | None) -> Known:
    """Return a key that was given, else what the log says of it, else its default."""
    value, default = getattr(size, name), getattr(SizeSpec(), name)
    if value != default:
        return Known(name, float(value), "stated")
    if log is not None:
        return log.icc if name == "icc" else log.cluster_size
    return Known(name, float(value), "assumed", why="customers are drawn one by one")


def _explained(size: SizeSpec, log: LogFacts | None) -> Known:
    if size.explained > 0.0:
        return Known("explained", size.explained, "stated")
    if log is not None and log.explained is not None:
        return log.explained
    return Known("explained", 0.0, "assumed", why="features may tell nothing of profit itself")


def _differing(size: SizeSpec, facts: Facts, log: LogFacts | None) -> tuple[Known, Known]:
    """Return how much customers differ, and what telling them apart gains."""
    if size.targeting is not None:
        spread = spread_for(facts, size.targeting)
        return (
            Known("heterogeneity", spread, "derived", why="what targeting means"),
            Known("targeting", size.targeting, "stated"),
        )
    if size.heterogeneity is not None:
        known = Known("heterogeneity", size.heterogeneity, "stated")
    elif log is not None and log.spread is not None and log.spread.value > 0.0:
        known = log.spread
    else:
        asked = log is not None and log.spread is not None
        seen = "; the log shows none that features tell" if asked else ""
        why = f"as wide as the gain itself{seen}"
        known = Known("heterogeneity", facts.gain, "assumed", why=why)
    gain = targeting_gain(pair_of(facts, known.value))
    why = "what heterogeneity means for a menu of two, effects known"
    return known, Known("targeting", gain, "derived", why=why)


def _possible(gain: Known, sd: Known) -> None:
    """Refuse a gain that dwarfs all that profit varies by: a wrong unit, more likely than not."""
    if gain.value > 10.0 * sd.value:
        raise BriefError(
            blocked(
                "E545",
                f"the gain, {gain.value:g}, is over ten times sd = {sd.value:g}.",
                "Both are money per customer: check their units.",
            )
        )
